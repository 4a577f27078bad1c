/** Questions over TCP (RFC 7766) and TLS (RFC 7858). */
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { limits } from '../../model/index.js';
import type { Clock } from '../../runtime/index.js';
import { isLoopback } from './client-network.js';
import type { ConnectionGate } from './connection-gate.js';
import type { Responder } from './responder.js';
import { StreamConnection } from './stream-connection.js';

/** PEM texts. */
export interface DnsTls {
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3';
}

export interface StreamParts {
  readonly responder: Responder;
  readonly gate: ConnectionGate;
  readonly clock: Pick<Clock, 'now' | 'after'>;
}

export class StreamListener {
  private constructor(
    private readonly server: Server,
    private readonly open: ReadonlySet<Socket>,
  ) {}

  static async open(host: string, port: number, parts: StreamParts, tls?: DnsTls): Promise<StreamListener> {
    const transport = tls ? 'tls' : 'tcp';
    const serve = (socket: Socket): void => {
      // Turned away at the gate.
      if (socket.destroyed) return;
      const address = socket.remoteAddress ?? '';
      // Not lent: the same bytes may wait in a UDP socket.
      const client = { address, transport, isLoopback: isLoopback(address), isDoneAtOnce: false } as const;
      StreamConnection.serve(socket, client, parts.responder, parts.clock);
    };
    const server: Server = tls
      ? createTlsServer({
          ...tls,
          ALPNProtocols: ['dot'],
          handshakeTimeout: limits.tlsHandshakeMs,
          allowHalfOpen: true,
        })
      : createServer({ allowHalfOpen: true });
    const open = guard(server, parts.gate);
    server.on(tls ? 'secureConnection' : 'connection', serve);
    await listen(server, host, port);
    return new StreamListener(server, open);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  close(): Promise<void> {
    return closeServer(this.server, this.open);
  }
}

/** Lets connections in through the gate; returns those that are open. */
export function guard(server: Server, gate: ConnectionGate): ReadonlySet<Socket> {
  const open = new Set<Socket>();
  server.prependListener('connection', (socket: Socket) => {
    // A connection may fail at any moment, also while it is turned away.
    socket.on('error', () => socket.destroy());
    const leave = gate.enter(socket.remoteAddress ?? '');
    if (!leave) {
      socket.destroy();
      return;
    }
    open.add(socket);
    socket.once('close', () => {
      open.delete(socket);
      leave();
    });
  });
  server.on('tlsClientError', (_error, socket: Socket) => socket.destroy());
  return open;
}

export async function listen(server: Server, host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  // Out of descriptors: those who wait are accepted when there are some again.
  server.on('error', () => {});
}

export function closeServer(server: Server, open: ReadonlySet<Socket>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    for (const socket of open) socket.destroy();
  });
}
