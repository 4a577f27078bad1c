import { ServiceDiscoveryError } from '../../model/index.js';
import type { Clock, Connection, ConnectionEvidence, Network, NetworkAddress } from '../../runtime/index.js';
import { onAbort } from '../../runtime/index.js';
import type { Link } from './link.js';

/** What there is between the machine that dials and the one that is dialled. */
export interface Route {
  /** Whether there is such a machine at all. */
  readonly isKnown: boolean;
  /** In either direction: a question or its answer is lost. */
  isCut(): boolean;
  delayMs(): number;
  /** The connection, the other end being told of it; undefined when nobody listens. */
  connect(): Link | undefined;
}

/** A dial in memory: there and back, each with its delay, until the time is up. */
export function dialInMemory(
  clock: Clock,
  to: NetworkAddress,
  route: Route,
  { timeoutMs, signal }: Parameters<Network['dial']>[1],
): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const timers: (() => void)[] = [];
    const later = (ms: number, act: () => void): void => void timers.push(clock.after(ms, act));
    let link: Link | undefined;
    const stop = (): void => {
      for (const cancel of timers) cancel();
      ignore();
    };
    const giveUp = (reason: Error): void => {
      stop();
      link?.dialler.destroy();
      reject(reason);
    };
    const fail = (evidence: ConnectionEvidence): void => giveUp(unreached(to, evidence));
    const ignore = onAbort(signal, () => giveUp(signal?.reason as Error));
    const arrive = (): void => {
      if (!route.isKnown) return fail('unreachable');
      if (route.isCut()) return;
      link = route.connect();
      later(route.delayMs(), () => answer(link));
    };
    const answer = (made: Link | undefined): void => {
      if (route.isCut()) return;
      if (!made) return fail('refused');
      stop();
      resolve(made.dialler);
    };
    later(timeoutMs, () => fail('timeout'));
    later(route.delayMs(), arrive);
  });
}

function unreached({ host, port }: NetworkAddress, evidence: ConnectionEvidence): ServiceDiscoveryError {
  return new ServiceDiscoveryError('UNAVAILABLE', `cannot connect to ${host}:${port}: ${evidence}`, {
    details: { evidence },
  });
}
