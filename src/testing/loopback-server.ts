import { readFileSync } from 'node:fs';
import type { AddressInfo, Server, Socket } from 'node:net';

export interface LoopbackServer extends AsyncDisposable {
  readonly port: number;
  /** `host:port`, an IPv6 host in brackets. */
  readonly address: string;
  /** Connections open now. */
  connections(): number;
  close(): Promise<void>;
}

/**
 * Listens on a free port of the loopback, or on one that was free a moment ago; closing also ends the connections, whatever
 * they wait for.
 */
export async function listenOnLoopback(server: Server, host = '127.0.0.1', asked = 0): Promise<LoopbackServer> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(asked, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    if (server.listening) await new Promise<void>((resolve) => void server.close(() => resolve()));
  };
  return {
    port,
    address: host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`,
    connections: () => sockets.size,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** A port of the loopback on which nothing listens: given out and closed again. */
export async function refusedAddress(server: Server, host?: string): Promise<string> {
  const { address, close } = await listenOnLoopback(server, host);
  await close();
  return address;
}

/** A self-signed certificate for localhost, 127.0.0.1, ::1 and api.example. For tests alone: its key is public. */
export function testCertificate(): { readonly key: string; readonly cert: string } {
  return { key: fixture('localhost.key'), cert: fixture('localhost.crt') };
}

function fixture(name: string): string {
  return readFileSync(new URL(`../../test/fixtures/tls/${name}`, import.meta.url), 'utf8');
}
