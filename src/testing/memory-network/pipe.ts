import type { Clock, ConnectionEvidence, Random } from '../../runtime/index.js';

/** What a pipe asks of the network it is part of, for its direction. */
export interface PipeConditions {
  readonly clock: Clock;
  readonly random: Random;
  /** What the systems at both ends keep, sent and not yet read; more waits in the sender. */
  readonly windowBytes: number;
  /** After so long without an acknowledgement the sender's system gives up. */
  readonly giveUpMs: number;
  delayMs(): number;
  /** Nothing gets through now; it is sent again later, as TCP does. */
  isCut(): boolean;
  /** The receiver reads nothing now. */
  isPaused(): boolean;
  /** How fast the receiver reads. */
  bytesPerSecond(): number;
  /** This piece is the one with which the whole connection is lost. */
  breaks(): boolean;
}

export interface PipeEnds {
  data(bytes: Uint8Array): void;
  /** The sender has nothing waiting any more. */
  drained(): void;
  /** The receiver has read all there was, and the end. */
  finished(): void;
  /** The connection is lost. */
  lost(evidence: ConnectionEvidence): void;
}

const END = Symbol('end');
type Piece = Uint8Array | typeof END;
const PIECE_BYTES = 16 * 1024;

/** One direction of a connection: pieces in order, with a window, a delay, and whatever the network does to them. */
export class Pipe {
  private readonly waiting: Piece[] = [];
  private waitingSize = 0;
  private readonly underway: { readonly piece: Piece; readonly dueMs: number }[] = [];
  private readonly arrived: Piece[] = [];
  private inSystem = 0;
  private lastDueMs = 0;
  private readUntilMs = 0;
  private readonly timers = new Set<() => void>();
  private isOver = false;
  private isReading = false;
  private awaitsDrain = false;
  private givingUp: (() => void) | undefined;

  constructor(
    private readonly conditions: PipeConditions,
    private readonly ends: PipeEnds,
  ) {}

  get waitingBytes(): number {
    return this.waitingSize;
  }

  write(bytes: Uint8Array): void {
    // Cut anywhere, as a stream of bytes is.
    for (let rest = bytes; rest.length > 0;) {
      const most = Math.min(rest.length, PIECE_BYTES);
      const size = this.conditions.random.next() < 0.2 ? 1 + Math.floor(this.conditions.random.next() * most) : most;
      this.waiting.push(rest.subarray(0, size));
      rest = rest.subarray(size);
    }
    this.waitingSize += bytes.length;
    this.awaitsDrain = true;
    this.send();
  }

  finish(): void {
    this.waiting.push(END);
    this.send();
  }

  /** What waits is lost; what the system took is still delivered, and the end after it. */
  cutShort(): void {
    this.waiting.length = 0;
    this.waitingSize = 0;
    this.inSystem = 0;
    this.finish();
  }

  startReading(): void {
    if (this.isReading) return;
    this.isReading = true;
    this.later(0, () => this.read());
  }

  /** Conditions may have become better. */
  retry(): void {
    this.arrive();
    this.read();
  }

  /** Nothing more happens in this direction. */
  stop(): void {
    this.isOver = true;
    for (const cancel of this.timers) cancel();
    this.timers.clear();
  }

  private send(): void {
    for (let piece = this.waiting[0]; piece !== undefined; piece = this.waiting[0]) {
      if (this.isOver || this.inSystem >= this.conditions.windowBytes) return;
      this.waiting.shift();
      this.waitingSize -= sizeOf(piece);
      this.inSystem += sizeOf(piece);
      const now = this.conditions.clock.now();
      this.lastDueMs = Math.max(this.lastDueMs, now + this.conditions.delayMs());
      this.underway.push({ piece, dueMs: this.lastDueMs });
      this.later(this.lastDueMs - now, () => this.arrive());
    }
    if (!this.awaitsDrain) return;
    this.awaitsDrain = false;
    this.later(0, () => this.waitingSize === 0 && this.ends.drained());
  }

  private arrive(): void {
    if (this.isOver || this.underway.length === 0) return;
    if (this.conditions.isCut()) return this.holdBack();
    this.givingUp?.();
    this.givingUp = undefined;
    // A timer of the system may be a little early.
    const due = this.conditions.clock.now() + 1;
    for (let first = this.underway[0]; first && first.dueMs <= due; first = this.underway[0]) {
      if (this.conditions.breaks()) return this.ends.lost('reset');
      this.arrived.push(first.piece);
      this.underway.shift();
    }
    this.read();
  }

  private holdBack(): void {
    this.givingUp ??= this.later(this.conditions.giveUpMs, () => this.ends.lost('timeout'));
  }

  private read(): void {
    for (let piece = this.arrived[0]; piece !== undefined; piece = this.arrived[0]) {
      if (this.isOver || !this.isReading || this.conditions.isPaused()) return;
      const now = this.conditions.clock.now();
      if (now < this.readUntilMs) return void this.later(this.readUntilMs - now, () => this.read());
      this.arrived.shift();
      if (piece === END) return this.ends.finished();
      this.readUntilMs = now + (piece.length / this.conditions.bytesPerSecond()) * 1000;
      this.inSystem -= piece.length;
      this.ends.data(piece);
      this.send();
    }
  }

  private later(ms: number, act: () => void): () => void {
    const cancel = this.conditions.clock.after(ms, () => {
      this.timers.delete(cancel);
      if (!this.isOver) act();
    });
    this.timers.add(cancel);
    return () => {
      cancel();
      this.timers.delete(cancel);
    };
  }
}

function sizeOf(piece: Piece): number {
  return piece === END ? 0 : piece.length;
}
