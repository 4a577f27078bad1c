import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { limits } from '../../model/index.js';
import type { HttpCounters } from '../counters.js';

const REFUSED =
  'HTTP/1.1 429 Too Many Requests\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n' +
  'Your IP is issuing too many concurrent connections, please rate limit your calls\n';

/** Counts open connections by client address. Loopback and unix sockets are the machine itself: only the total binds them. */
export class ConnectionLimit {
  private readonly open = new Map<string, number>();
  private readonly sockets = new Set<Socket>();

  constructor(
    private readonly perClient: number,
    private readonly counters: HttpCounters,
  ) {}

  /** False when the connection was refused and is being closed. */
  admit(socket: Socket): boolean {
    const address = socket.remoteAddress ?? '';
    const limited = this.perClient > 0 && address !== '' && !isLoopback(address);
    const count = this.open.get(address) ?? 0;
    if (limited && count >= this.perClient) {
      this.counters.refusedConnections += 1;
      socket.end(REFUSED);
      socket.destroySoon();
      return false;
    }
    this.counters.connections += 1;
    this.sockets.add(socket);
    socket.on('close', this.closed);
    if (!limited) return true;
    this.open.set(address, count + 1);
    socket.on('close', () => this.release(address));
    return true;
  }

  /** Those too that a server does not count among its own: TLS handshakes that do not end. */
  destroyAll(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  /** One function for all sockets: thousands of connections may be open, each waiting for a change. */
  private readonly closed = ((limit: ConnectionLimit) =>
    function (this: Socket): void {
      limit.counters.connections -= 1;
      limit.sockets.delete(this);
    })(this);

  private release(address: string): void {
    const left = (this.open.get(address) ?? 1) - 1;
    if (left > 0) this.open.set(address, left);
    else this.open.delete(address);
  }
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.') || address.startsWith('::ffff:127.');
}

/** At most what was asked for and what the process may open, less what the store, checks and DNS need. */
export function connectionsAllowed(asked: number): number {
  return Math.max(1, Math.min(asked, descriptorLimit() - limits.descriptorReserve));
}

/** Linux says it in a file; elsewhere Node has already raised the limit as far as it goes. */
function descriptorLimit(): number {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
