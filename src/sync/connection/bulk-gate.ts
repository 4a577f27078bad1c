import { Pace } from '../../runtime/index.js';
import type { Clock } from '../../runtime/index.js';

/** How much of a second's worth may go at once. */
const BURST_SECONDS = 0.25;

/** Catching up is paced in bytes, so that it leaves room on the wire and time in the other agent. */
export class BulkGate {
  private readonly pace: Pace;
  private waiting: (() => void) | undefined;
  private isPaid = false;

  constructor(
    private readonly clock: Clock,
    bytesPerSecond: number,
    private readonly open: () => void,
  ) {
    this.pace = new Pace(bytesPerSecond * BURST_SECONDS, 1000 / bytesPerSecond);
  }

  /** Whether the next message may go now; if not, `open` is called when it may. */
  admits(bytes: number): boolean {
    if (this.waiting) return false;
    if (this.isPaid) {
      this.isPaid = false;
      return true;
    }
    const waitMs = this.pace.take(this.clock.now(), bytes);
    if (waitMs === 0) return true;
    this.waiting = this.clock.after(waitMs, () => {
      this.waiting = undefined;
      this.isPaid = true;
      this.open();
    });
    return false;
  }

  stop(): void {
    this.waiting?.();
  }
}
