import type { Clock } from '../runtime/index.js';

const BEAT_MS = 50;
/** Lateness that is ordinary for a timer on a busy machine. */
const TOLERANCE_MS = 10;

/**
 * How long this process could not look at its sockets. A stalled event loop sees a healthy service's answer late and
 * must not call it a timeout, so deadlines of checks run on time less this lag.
 *
 * A beat every 50 ms while anything is watched; what a beat comes late is lag. An overdue beat counts already before it
 * fires, so it does not matter which of several overdue timers the loop runs first.
 */
export class EventLoopLag {
  private lostMs = 0;
  private beatDueMs = 0;
  private watchers = 0;
  private cancelBeat: () => void = () => {};

  constructor(private readonly clock: Clock) {}

  /** Milliseconds lost while watched; never falls. */
  get totalMs(): number {
    return this.lostMs + (this.watchers > 0 ? this.overdueMs() : 0);
  }

  watch(): void {
    if (this.watchers++ === 0) this.nextBeat();
  }

  unwatch(): void {
    if (--this.watchers > 0) return;
    this.cancelBeat();
    this.lostMs += this.overdueMs();
  }

  private nextBeat(): void {
    this.beatDueMs = this.clock.now() + BEAT_MS;
    this.cancelBeat = this.clock.after(BEAT_MS, () => {
      this.lostMs += this.overdueMs();
      this.nextBeat();
    });
  }

  private overdueMs(): number {
    const lateMs = this.clock.now() - this.beatDueMs;
    return lateMs > TOLERANCE_MS ? lateMs : 0;
  }
}
