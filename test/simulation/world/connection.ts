import type { ConnectionEvidence } from '../../../src/runtime/index.js';
import type { Refusal } from '../../../src/sync/connection/types.js';

/** A message on its way. `urgency` 0 goes first; what may be dropped is dropped when its queue is full. */
export interface Frame {
  readonly bytes: Uint8Array;
  readonly urgency: number;
  readonly mayDrop: boolean;
  /** May come twice or late: the protocol says that nothing hangs on its order. */
  readonly mayWander: boolean;
}

/** Who holds an end of a connection: a process. */
export interface Holder {
  readonly slot: number;
  received(end: ConnectionEnd, frame: Frame): void;
  ended(end: ConnectionEnd, evidence: ConnectionEvidence): void;
  /** Bytes that wait because the process stands still. */
  readonly waitingBytes: number;
}

/** One of the two ends. What is written waits in `queue` until it may leave. */
export class ConnectionEnd {
  isOpen = true;
  /** Of the moment at which the last frame that left will have arrived: frames do not overtake. */
  lastArrivalMs = 0;
  /** When the wire is free again: a slow reader. */
  busyUntilMs = 0;
  queuedBytes = 0;
  droppedFrames = 0;
  readonly queue: Frame[] = [];
  peer!: ConnectionEnd;
  /** Why the other side did not want to talk to this one. */
  refusal: Refusal | undefined;
  /** A frame waits for this moment to leave. */
  isPumping = false;

  constructor(
    readonly holder: Holder,
    /** Whether this end asked for the connection. */
    readonly dialed: boolean,
    readonly id: number,
  ) {}

  /** In order of urgency, then of arrival; the newest of the least urgent goes first when there is no room. */
  enqueue(frame: Frame, boundBytes: number): void {
    const at = this.queue.findLastIndex((other) => other.urgency <= frame.urgency) + 1;
    this.queue.splice(at, 0, frame);
    this.queuedBytes += frame.bytes.length;
    while (this.queuedBytes > boundBytes) {
      const victim = this.queue.findLastIndex((other) => other.mayDrop);
      if (victim < 0) return;
      const [dropped] = this.queue.splice(victim, 1) as [Frame];
      this.queuedBytes -= dropped.bytes.length;
      this.droppedFrames++;
    }
  }

  dequeue(): Frame | undefined {
    const frame = this.queue.shift();
    if (frame) this.queuedBytes -= frame.bytes.length;
    return frame;
  }
}
