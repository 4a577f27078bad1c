/**
 * Questions over UDP. The fastest way through node:dgram: a lookup of our own, since addresses need no resolving, and
 * sends without callbacks. A send that fails is the network's to lose, as any datagram.
 */
import { createSocket } from 'node:dgram';
import type { RemoteInfo, Socket } from 'node:dgram';
import { limits } from '../../model/index.js';
import type { Logger } from '../../runtime/index.js';
import { isLoopback } from './client-network.js';
import type { DnsStats } from './dns-stats.js';
import type { Client, Responder } from './responder.js';

export interface UdpParts {
  readonly responder: Responder;
  /** Of every listener of the responder: each adds its own. */
  readonly sockets: Set<Socket>;
  readonly stats: DnsStats;
  readonly logger: Logger;
}

export class UdpListener {
  /** The last one: most questions come from few addresses. */
  private client = clientAt('');

  private constructor(
    private readonly socket: Socket,
    private readonly parts: UdpParts,
  ) {}

  /** `host` is an IP address. Rejects when it cannot be bound. */
  static async open(host: string, port: number, parts: UdpParts): Promise<UdpListener> {
    const isV6 = host.includes(':');
    const socket = createSocket({
      type: isV6 ? 'udp6' : 'udp4',
      recvBufferSize: limits.dnsReceiveBufferBytes,
      lookup: (address, _options, callback) => callback(null, address, isV6 ? 6 : 4),
    });
    await new Promise<void>((resolve, reject) => {
      const failed = (error: Error): void => {
        socket.close();
        reject(error);
      };
      socket.once('error', failed);
      socket.bind(port, host, () => {
        socket.off('error', failed);
        resolve();
      });
    });
    parts.sockets.add(socket);
    socket.on('error', (error) => {
      parts.stats.sendErrors++;
      parts.logger.debug({ error }, 'dns.udp_error');
    });
    const listener = new UdpListener(socket, parts);
    socket.on('message', (bytes, from) => listener.answer(bytes, from));
    return listener;
  }

  get port(): number {
    return this.socket.address().port;
  }

  close(): Promise<void> {
    this.parts.sockets.delete(this.socket);
    return new Promise((resolve) => {
      this.socket.close(() => resolve());
    });
  }

  private answer(bytes: Buffer, from: RemoteInfo): void {
    // A port nobody can have: a forged source.
    if (from.port === 0) {
      this.parts.stats.ignored++;
      return;
    }
    if (this.client.address !== from.address) this.client = clientAt(from.address);
    this.client.isDoneAtOnce = areAllSent(this.parts.sockets);
    const response = this.parts.responder.respond(bytes, this.client);
    if (response instanceof Promise) void response.then((later) => this.send(later, from));
    else this.send(response, from);
  }

  private send(response: Buffer | undefined, to: RemoteInfo): void {
    if (!response) return;
    try {
      this.socket.send(response, to.port, to.address);
    } catch (error) {
      // Closed meanwhile, or an address Node will not take.
      this.parts.stats.sendErrors++;
      this.parts.logger.debug({ error, to: to.address }, 'dns.send_failed');
    }
  }
}

/** Datagrams are handed to the system as they are sent, until it takes no more: then they wait, and keep their bytes. */
function areAllSent(sockets: ReadonlySet<Socket>): boolean {
  for (const socket of sockets) if (socket.getSendQueueCount() > 0) return false;
  return true;
}

/** Answers are lent to it, so `isDoneAtOnce` is set before each. */
function clientAt(address: string): Client & { isDoneAtOnce: boolean } {
  return { address, transport: 'udp', isLoopback: isLoopback(address), isDoneAtOnce: false };
}
