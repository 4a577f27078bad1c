/** The Network that there is: TCP of the system over IPv4 and IPv6; names are looked up when they are dialled. */
import { once } from 'node:events';
import { createServer, Socket } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { defaults, limits, ServiceDiscoveryError } from '../model/index.js';
import { evidenceOf } from './connection-evidence.js';
import type { Connection, Network, NetworkAddress, NetworkListener } from './network.js';
import { onAbort } from './on-abort.js';
import { SocketConnection } from './socket-connection.js';

/** Small frames go as they come; of an end that went without a word the system finds out in time. */
const OPTIONS = { noDelay: true, keepAlive: true, keepAliveInitialDelay: defaults.peerKeepAliveDelayMs } as const;

export const tcpNetwork: Network = { dial, listen };

async function dial(
  address: NetworkAddress,
  { timeoutMs, signal }: Parameters<Network['dial']>[1],
): Promise<Connection> {
  signal?.throwIfAborted();
  const socket = new Socket();
  const timer = setTimeout(() => socket.destroy(noAnswer(timeoutMs)), timeoutMs);
  const ignore = onAbort(signal, () => socket.destroy(new Error('given up')));
  try {
    // A port that is none throws here.
    socket.connect({ host: address.host, port: address.port, ...OPTIONS });
    await once(socket, 'connect');
    return new SocketConnection(socket);
  } catch (cause) {
    socket.destroy();
    signal?.throwIfAborted();
    throw unavailable(`cannot connect to ${shown(address)}`, cause as Error);
  } finally {
    clearTimeout(timer);
    ignore();
  }
}

async function listen(address: NetworkAddress, accept: (connection: Connection) => void): Promise<NetworkListener> {
  const server = createServer(OPTIONS, (socket) => accept(new SocketConnection(socket)));
  try {
    server.listen({ host: address.host, port: address.port, backlog: limits.listenBacklog });
    await once(server, 'listening');
  } catch (cause) {
    throw unavailable(`cannot listen on ${shown(address)}`, cause as Error);
  }
  // No descriptor for another connection: who dialled tries again.
  server.on('error', () => {});
  const { port } = server.address() as AddressInfo;
  return { address: { host: address.host, port }, close: () => stopListening(server) };
}

/** The server's own end would be that of its last connection. */
async function stopListening(server: Server): Promise<void> {
  server.close();
  await new Promise((resolve) => void setImmediate(resolve));
}

function noAnswer(timeoutMs: number): Error {
  return Object.assign(new Error(`no answer within ${timeoutMs} ms`), { code: 'ETIMEDOUT' });
}

function unavailable(what: string, cause: Error): ServiceDiscoveryError {
  // Several addresses of one name: their errors are inside, the message is empty.
  const why = cause.message || (cause as NodeJS.ErrnoException).code || 'failed';
  return new ServiceDiscoveryError('UNAVAILABLE', `${what}: ${why}`, {
    cause,
    details: { evidence: evidenceOf(cause) },
  });
}

function shown({ host, port }: NetworkAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
