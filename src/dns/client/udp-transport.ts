/**
 * Questions over UDP. Ports and ids are for a forger to guess (RFC 5452): a socket is picked at random among a few, each
 * has a port of the system's choosing and gives it up after a number of questions or a pause. Sockets are connected: the
 * system drops what comes from elsewhere, and tells when nobody listens there.
 */
import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { limits } from '../../model/index.js';
import type { Clock } from '../../runtime/index.js';
import { echoOf } from '../wire/index.js';
import type { DnsClientStats } from './dns-client-stats.js';
import { unguessable16 } from './random-ids.js';
import type { Asked, AskOptions, Transport, TransportListener } from './transport.js';

export interface UdpParts {
  readonly host: string;
  readonly port: number;
  readonly clock: Pick<Clock, 'now' | 'after'>;
  readonly stats: DnsClientStats;
}

export class UdpTransport implements Transport {
  private readonly sockets: UdpSocket[] = [];
  private cancelSweep: (() => void) | undefined;

  constructor(private readonly parts: UdpParts) {}

  ask(query: Buffer, listener: TransportListener, { isHeld }: AskOptions): Asked {
    this.cancelSweep ??= this.parts.clock.after(limits.dnsClientUdpIdleMs, () => this.sweep());
    return this.pick().ask(query, listener, isHeld);
  }

  close(): void {
    this.cancelSweep?.();
    this.cancelSweep = undefined;
    for (const socket of this.sockets.splice(0)) socket.close();
  }

  private pick(): UdpSocket {
    const at = unguessable16() % limits.dnsClientUdpSockets;
    const found = this.sockets[at];
    if (found?.isFresh === true) return found;
    const socket = new UdpSocket(this.parts);
    if (found) {
      found.retire();
      this.sockets[at] = socket;
    } else {
      this.sockets.push(socket);
    }
    return socket;
  }

  private sweep(): void {
    const usedSince = this.parts.clock.now() - limits.dnsClientUdpIdleMs;
    const kept = this.sockets.filter((socket) => socket.isFresh && socket.lastUsedMs > usedSince);
    for (const socket of this.sockets.splice(0)) if (!kept.includes(socket)) socket.retire();
    this.sockets.push(...kept);
    this.cancelSweep =
      kept.length === 0 ? undefined : this.parts.clock.after(limits.dnsClientUdpIdleMs, () => this.sweep());
  }
}

interface Pending {
  readonly query: Buffer;
  readonly listener: TransportListener;
  readonly isHeld: boolean;
}

class UdpSocket {
  lastUsedMs: number;
  private readonly socket: Socket;
  private readonly pending = new Map<number, Pending>();
  private unsent: Buffer[] | undefined = [];
  private usesLeft: number = limits.dnsClientUdpUses;
  private held = 0;
  private isClosed = false;

  constructor(private readonly parts: UdpParts) {
    const family = isIPv6(parts.host) ? 6 : 4;
    this.lastUsedMs = parts.clock.now();
    this.socket = createSocket({
      type: `udp${family}`,
      // The host is an address: without this Node would ask its pool of threads.
      lookup: (host, _options, done) => done(null, host, family),
    });
    this.socket.on('message', (answer) => this.receive(answer));
    this.socket.on('error', (error) => this.fail(error));
    this.socket.on('connect', () => this.flush());
    this.socket.unref();
    this.socket.connect(parts.port, parts.host);
  }

  get isFresh(): boolean {
    return this.usesLeft > 0 && !this.isClosed;
  }

  ask(query: Buffer, listener: TransportListener, isHeld: boolean): Asked {
    let id = unguessable16();
    while (this.pending.has(id)) id = unguessable16();
    query.writeUInt16BE(id, 0);
    const pending = { query, listener, isHeld };
    this.pending.set(id, pending);
    this.usesLeft--;
    this.lastUsedMs = this.parts.clock.now();
    if (isHeld && this.held++ === 0) this.socket.ref();
    if (this.unsent) this.unsent.push(query);
    else this.send(query);
    return {
      cancel: () => {
        if (this.pending.get(id) === pending) this.settle(id, pending);
      },
    };
  }

  /** Takes no more questions, and closes once those under way are settled. */
  retire(): void {
    this.usesLeft = 0;
    if (this.pending.size === 0) this.close();
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.socket.close();
  }

  private flush(): void {
    const unsent = this.unsent ?? [];
    this.unsent = undefined;
    for (const query of unsent) this.send(query);
  }

  private send(query: Buffer): void {
    if (!this.isClosed) this.socket.send(query);
  }

  private receive(answer: Buffer): void {
    const id = answer.length < 2 ? -1 : answer.readUInt16BE(0);
    const pending = this.pending.get(id);
    const echo = pending ? echoOf(answer, pending.query) : 'none';
    // Not an answer to this question: maybe somebody guessing. The right one may still come.
    if (!pending || echo === 'none') {
      this.parts.stats.unexpected++;
      return;
    }
    this.settle(id, pending);
    pending.listener.answered(answer, echo, 0);
  }

  /** Nobody listens there, or the network is down: that concerns every question of this socket. */
  private fail(error: Error): void {
    const failed = [...this.pending];
    this.usesLeft = 0;
    for (const [id, pending] of failed) this.settle(id, pending);
    this.close();
    for (const [, { listener }] of failed) listener.failed(error);
  }

  private settle(id: number, pending: Pending): void {
    this.pending.delete(id);
    if (pending.isHeld && --this.held === 0 && !this.isClosed) this.socket.unref();
    if (this.usesLeft === 0 && this.pending.size === 0) this.close();
  }
}
