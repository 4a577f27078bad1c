import type { Socket } from 'node:net';
import { endpointKey } from '../../balancer/index.js';
import type { PickedEndpoint, ServiceResolution } from '../../client/index.js';
import { limits, ServiceDiscoveryError } from '../../model/index.js';
import { realClock } from '../../runtime/index.js';

export interface Connecting {
  readonly resolution: ServiceResolution;
  readonly first: PickedEndpoint;
  readonly timeoutMs: number;
  /** `connect`, or `secureConnect` over TLS. */
  readonly readyEvent: string;
  open(picked: PickedEndpoint): Socket;
  /** The endpoint now tried. */
  onPicked(picked: PickedEndpoint): void;
  isCancelled(): boolean;
}

/** A connection to the endpoint picked first or, when nobody answers there, to others: nothing has been sent by then. */
export async function connectElsewhere(connecting: Connecting): Promise<Socket> {
  const tried = new Set<string>();
  let picked = connecting.first;
  for (let attempt = 1; ; attempt++) {
    const began = realClock.now();
    try {
      return await connected(connecting.open(picked), connecting);
    } catch (error) {
      if (connecting.isCancelled()) throw error;
      picked.done({ ok: false, latencyMs: realClock.now() - began, error, kind: 'connect' });
      tried.add(endpointKey(picked.endpoint));
      const next = attempt < limits.adapterAttempts ? another(connecting, tried) : undefined;
      if (!next) throw error;
      picked = next;
      connecting.onPicked(picked);
    }
  }
}

function another({ resolution }: Connecting, tried: ReadonlySet<string>): PickedEndpoint | undefined {
  const left = resolution.current?.endpoints.some((endpoint) => !tried.has(endpointKey(endpoint)));
  const pick = left === true ? resolution.pick({ exclude: tried }) : undefined;
  return pick?.type === 'endpoint' ? pick : undefined;
}

function connected(socket: Socket, { timeoutMs, readyEvent }: Connecting): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      cancel();
      socket.off(readyEvent, onReady).off('error', onError).off('timeout', onTimeout);
    };
    const onReady = (): void => {
      settle();
      resolve(socket);
    };
    const onError = (error: Error): void => {
      settle();
      socket.destroy();
      reject(error);
    };
    const onTimeout = (): void =>
      onError(new ServiceDiscoveryError('TIMEOUT', `no connection to ${at(socket)} within its time`));
    const cancel = realClock.after(timeoutMs, onTimeout);
    // `timeout`: the owner's own limit, which Node puts on the socket from the beginning.
    socket.once(readyEvent, onReady).once('error', onError).once('timeout', onTimeout);
  });
}

function at(socket: Socket): string {
  const { host, port } = socket as { host?: string; port?: number };
  return host === undefined ? 'the endpoint' : `${host}:${port}`;
}
