import { defaults, limits } from '../../model/index.js';
import type { ConnectionEvidence, NetworkAddress } from '../../runtime/index.js';
import type { MemberInfo, Message, Priority } from '../messages.js';
import { WireError } from '../wire/bytes.js';
import { decodeMessage, encodeMessage } from '../wire/message.js';
import { BulkGate } from './bulk-gate.js';
import { Deflater, Inflater } from './compression.js';
import type { FrameLink } from './frame-link.js';
import type { Frame } from './frames.js';
import { FIRST_MARK, marked, marks, readRefusal } from './hello.js';
import type { Hello } from './hello.js';
import { Rekeying } from './rekeying.js';
import { SendQueue } from './send-queue.js';
import type { PeerConnection, PeerConnectionOptions, PeerEnd, PeerHandlers, PeerTraffic, Refusal } from './types.js';

/** What the introduction came to. */
export interface Introduced {
  readonly hello: Hello;
  readonly protocol: number;
  /** Keys whose names the other side was told. */
  readonly told: readonly string[];
}

const OVERRUN: Refusal = { code: 'busy', reason: 'it reads too slowly: more waits for it than may' };

/** Messages over a link whose ends know each other. */
export class LivePeerConnection implements PeerConnection {
  readonly peer: MemberInfo;
  readonly protocol: number;
  readonly remote: NetworkAddress;
  readonly role: 'dialer' | 'acceptor';
  private readonly queue: SendQueue;
  private readonly bulk: BulkGate;
  private readonly deflater: Deflater;
  private readonly inflater = new Inflater();
  private readonly rekeying: Rekeying | undefined;
  private handlers: PeerHandlers | undefined;
  private state: 'open' | 'closing' | 'ended' = 'open';
  private parting: Omit<PeerEnd, 'evidence'> = { by: 'network' };
  private isPumpDue = false;
  private readonly count = {
    sentFrames: 0,
    receivedFrames: 0,
    sentPlainBytes: 0,
    receivedPlainBytes: 0,
    malformedMessages: 0,
    unknownMessages: 0,
  };

  constructor(
    private readonly link: FrameLink,
    options: PeerConnectionOptions,
    { hello, protocol, told }: Introduced,
  ) {
    const { connection, role, settings, clock, keys } = options;
    this.peer = hello.member;
    this.protocol = protocol;
    this.remote = connection.remote;
    this.role = role;
    this.queue = new SendQueue(settings.queueBytes);
    this.bulk = new BulkGate(clock, settings.bulkBytesPerSecond, () => this.pump());
    this.deflater = new Deflater(hello.inflates ? settings.compression : 'off');
    link.mostBytes = limits.peerFrameBytes;
    link.listen({ changed: () => this.receive(), drained: () => this.pump() });
    if (keys && link.sealing) {
      const peer = {
        write: (content: Uint8Array) => this.write(content),
        refuse: (refusal: Refusal) => this.close(refusal),
        later: (act: () => void) => clock.after(defaults.peerHandshakeMs, act),
      };
      this.rekeying = new Rekeying(keys, link.sealing, peer, told, hello.keyIds);
      // There may be no key left that both have.
      if (this.state !== 'open') this.rekeying.stop();
    }
  }

  start(handlers: PeerHandlers): void {
    this.handlers = handlers;
    queueMicrotask(() => this.receive());
  }

  send(message: Message, priority: Priority): boolean {
    if (this.state !== 'open') return false;
    const item = { bytes: encodeMessage(message), isDroppable: message.type === 'delta' };
    const outcome = this.queue.add(item, priority, this.link.connection.waitingBytes);
    if (outcome === 'overrun') this.end('us', OVERRUN, () => this.link.connection.destroy());
    else this.schedulePump();
    return outcome === 'queued';
  }

  close(refusal?: Refusal): void {
    if (this.state !== 'open') return;
    for (let next = this.queue.peek(); next?.priority === 'control'; next = this.queue.peek()) {
      this.queue.take('control');
      this.link.write(this.messageFrame(next.item.bytes));
    }
    if (refusal) this.write(marked(marks.refusal, refusal));
    this.end('us', refusal, () => this.link.connection.close());
  }

  destroy(): void {
    if (this.state === 'open') this.end('us', undefined, () => this.link.connection.destroy());
    else this.link.connection.destroy();
  }

  report(): PeerTraffic {
    return {
      ...this.count,
      sentBytes: this.link.sentBytes,
      receivedBytes: this.link.receivedBytes,
      queuedBytes: this.queue.bytes + this.link.connection.waitingBytes,
      droppedFrames: this.queue.dropped,
      compression: this.deflater.isOn ? 'on' : 'off',
      encrypted: this.link.sealing !== undefined,
    };
  }

  /** One write for all that is sent in a turn, the most urgent first. */
  private schedulePump(): void {
    if (this.isPumpDue) return;
    this.isPumpDue = true;
    queueMicrotask(() => {
      this.isPumpDue = false;
      this.pump();
    });
  }

  /** Hands little to the system at a time, so that what becomes urgent meanwhile is not behind what is not. */
  private pump(): void {
    if (this.state !== 'open') return;
    const frames: Uint8Array[] = [];
    let ahead = this.link.connection.waitingBytes;
    for (let next = this.queue.peek(); next && ahead < limits.peerWriteAheadBytes; next = this.queue.peek()) {
      const { bytes } = next.item;
      if (next.priority === 'bulk' && !this.bulk.admits(bytes.length)) break;
      this.queue.take(next.priority);
      const frame = this.messageFrame(bytes);
      frames.push(frame);
      ahead += frame.length;
    }
    if (frames.length > 0) this.link.write(frames.length === 1 ? (frames[0] as Uint8Array) : Buffer.concat(frames));
  }

  private messageFrame(bytes: Uint8Array): Uint8Array {
    this.count.sentFrames++;
    this.count.sentPlainBytes += bytes.length;
    const deflated = this.deflater.deflate(bytes);
    return deflated ? this.link.frame(deflated, { isCompressed: true }) : this.link.frame(bytes);
  }

  private write(content: Uint8Array): void {
    this.link.write(this.link.frame(content));
  }

  private receive(): void {
    if (!this.handlers || this.state === 'ended') return;
    try {
      for (let frame = this.nextFrame(); frame; frame = this.nextFrame()) this.take(frame);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.close({ code: 'malformed', reason: error.message });
    }
    if (this.link.evidence !== undefined) this.over(this.link.evidence);
  }

  private nextFrame(): Frame | undefined {
    return this.state === 'open' ? this.link.next() : undefined;
  }

  private take(frame: Frame): void {
    const content = this.link.open(frame);
    if (frame.isCompressed) return this.takeMessage(this.inflater.inflate(content));
    if ((content[0] ?? 0) < FIRST_MARK) return this.takeMessage(this.inflater.plain(content));
    if (content[0] === marks.refusal) this.end('them', readRefusal(content), () => this.link.connection.close());
    else if (content[0] === marks.keys && this.rekeying) this.rekeying.takeKeys(content);
    else if (content[0] === marks.use && this.rekeying) this.rekeying.takeUse(content);
    else this.count.unknownMessages++;
  }

  private takeMessage(bytes: Uint8Array): void {
    this.count.receivedFrames++;
    this.count.receivedPlainBytes += bytes.length;
    const message = this.decoded(bytes);
    if (message) this.handlers?.message(message);
  }

  /** One bad message is dropped: the frames around it are whole. */
  private decoded(bytes: Uint8Array): Message | undefined {
    try {
      return decodeMessage(bytes);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.count[error.kind === 'unknown' ? 'unknownMessages' : 'malformedMessages']++;
      return undefined;
    }
  }

  private end(by: PeerEnd['by'], refusal: Refusal | undefined, how: () => void): void {
    this.parting = refusal ? { by, refusal } : { by };
    this.state = 'closing';
    this.rekeying?.stop();
    this.bulk.stop();
    how();
  }

  private over(evidence: ConnectionEvidence): void {
    this.state = 'ended';
    this.rekeying?.stop();
    this.bulk.stop();
    this.handlers?.ended({ evidence, ...this.parting });
  }
}
