/**
 * Questions over TCP or TLS (RFC 7766): many on one connection, answers in any order, told apart by their ids, each
 * behind its length. A few connections to one server, kept while they are used. What a server leaves unanswered when it
 * closes a connection that worked before (it may have been idle for too long) is sent once more over another.
 */
import type { Socket } from 'node:net';
import { limits } from '../../model/index.js';
import type { Clock } from '../../runtime/index.js';
import { DnsParseError, echoOf, framed, Frames } from '../wire/index.js';
import type { DnsClientStats } from './dns-client-stats.js';
import { unguessable16 } from './random-ids.js';
import type { Asked, AskOptions, Transport, TransportListener } from './transport.js';

export interface StreamParts {
  /** Begins a connection; `readyEvent` of it says that it can be written to. */
  readonly connect: () => Socket;
  readonly readyEvent: 'connect' | 'secureConnect';
  readonly clock: Pick<Clock, 'after'>;
  readonly stats: DnsClientStats;
}

interface Pending {
  readonly query: Buffer;
  readonly listener: TransportListener;
  readonly isHeld: boolean;
  /** Where it was sent; undefined once it is settled. */
  connection: Connection | undefined;
  id: number;
  /** Answers that had come over the connection when it was sent. */
  receivedBefore: number;
  isRepeated: boolean;
}

export class StreamTransport implements Transport {
  private readonly connections = new Set<Connection>();
  private isClosed = false;

  constructor(private readonly parts: StreamParts) {}

  ask(query: Buffer, listener: TransportListener, { isHeld }: AskOptions): Asked {
    const pending: Pending = {
      query,
      listener,
      isHeld,
      connection: undefined,
      id: 0,
      receivedBefore: 0,
      isRepeated: false,
    };
    this.pick().send(pending);
    return { cancel: (why) => pending.connection?.cancel(pending, why) };
  }

  close(): void {
    this.isClosed = true;
    for (const connection of this.connections) connection.destroy();
  }

  /** The least busy one, unless all are busy and another may be opened. */
  private pick(): Connection {
    const usable = [...this.connections].filter((connection) => connection.isUsable);
    const [best] = usable.toSorted((a, b) => a.pending.size - b.pending.size);
    const mayOpen = usable.length < limits.dnsClientConnections;
    if (best && (!mayOpen || best.pending.size < limits.dnsClientBusyConnection)) return best;
    const connection = new Connection(this.parts, (lost, error) => this.onClosed(connection, lost, error));
    this.connections.add(connection);
    return connection;
  }

  private onClosed(connection: Connection, lost: readonly Pending[], error: Error): void {
    this.connections.delete(connection);
    const mayRepeat = connection.received > 0 && !this.isClosed;
    for (const pending of lost) {
      if (mayRepeat && !pending.isRepeated) {
        pending.isRepeated = true;
        this.pick().send(pending);
      } else {
        pending.listener.failed(error);
      }
    }
  }
}

class Connection {
  readonly pending = new Map<number, Pending>();
  received = 0;
  private readonly socket: Socket;
  private readonly frames = new Frames();
  private unsent: Pending[] | undefined = [];
  private held = 0;
  private isRetired = false;
  private error: Error | undefined;
  private cancelIdle: (() => void) | undefined;

  constructor(
    private readonly parts: StreamParts,
    onClosed: (lost: readonly Pending[], error: Error) => void,
  ) {
    this.socket = parts.connect();
    this.socket.setNoDelay(true);
    this.socket.unref();
    this.socket.once(parts.readyEvent, () => this.flush());
    this.socket.on('data', (piece: Buffer) => this.receive(piece));
    this.socket.on('error', (error) => (this.error ??= error));
    this.socket.on('end', () => this.socket.destroy());
    this.socket.once('close', () => {
      this.isRetired = true;
      this.cancelIdle?.();
      const lost = [...this.pending.values()];
      this.pending.clear();
      for (const one of lost) one.connection = undefined;
      onClosed(lost, this.error ?? new Error('the connection was closed without an answer'));
    });
  }

  get isUsable(): boolean {
    return !this.isRetired && this.pending.size < limits.dnsClientPipelined;
  }

  send(pending: Pending): void {
    let id = unguessable16();
    while (this.pending.has(id)) id = unguessable16();
    pending.query.writeUInt16BE(id, 0);
    pending.id = id;
    pending.connection = this;
    pending.receivedBefore = this.received;
    this.pending.set(id, pending);
    this.cancelIdle?.();
    this.cancelIdle = undefined;
    if (pending.isHeld && this.held++ === 0) this.socket.ref();
    if (this.unsent) this.unsent.push(pending);
    else this.socket.write(framed(pending.query));
  }

  cancel(pending: Pending, why: 'silent' | 'superseded'): void {
    // Nothing has come since: perhaps nobody is there any more. New questions go elsewhere.
    if (why === 'silent' && this.received === pending.receivedBefore) this.isRetired = true;
    this.settle(pending);
  }

  destroy(): void {
    this.isRetired = true;
    this.socket.destroy();
  }

  private flush(): void {
    const unsent = this.unsent ?? [];
    this.unsent = undefined;
    for (const { query, connection } of unsent) if (connection === this) this.socket.write(framed(query));
  }

  private receive(piece: Buffer): void {
    this.frames.push(piece);
    for (let frame = this.frames.next(); frame && !this.socket.destroyed; frame = this.frames.next()) {
      this.received++;
      this.take(Buffer.from(frame));
    }
  }

  private take(answer: Buffer): void {
    const pending = answer.length < 2 ? undefined : this.pending.get(answer.readUInt16BE(0));
    if (!pending) {
      // The answer to a question that was given up.
      this.parts.stats.unexpected++;
      return;
    }
    const echo = echoOf(answer, pending.query);
    this.settle(pending);
    if (echo === 'none') pending.listener.failed(new DnsParseError('the answer is to another question', 0));
    else pending.listener.answered(answer, echo, 0);
  }

  private settle(pending: Pending): void {
    this.pending.delete(pending.id);
    pending.connection = undefined;
    if (pending.isHeld && --this.held === 0) this.socket.unref();
    if (this.pending.size > 0) return;
    if (this.isRetired) return void this.socket.destroy();
    this.cancelIdle ??= this.parts.clock.after(limits.dnsClientConnectionIdleMs, () => this.destroy());
  }
}
