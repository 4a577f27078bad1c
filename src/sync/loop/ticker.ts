import type { Clock } from '../../runtime/index.js';

export interface TickerOptions {
  readonly clock: Clock;
  readonly everyMs: number;
  /** How many messages have come in so far. */
  readonly received: () => number;
  readonly tick: (lagMs: number) => void;
}

/** Turns of the event loop that a late tick leaves to what came in meanwhile. */
const DRAIN_TURNS = 16;

/**
 * Tells that time passed, and by how much later than it should have been told: an agent that was stopped or starved must
 * not take its own sleep for the silence of others. Timers come before sockets in a turn of the event loop, so a tick that
 * falls due first lets a turn pass in which everything that was received is handed over, and several when the loop had
 * stood still and more keeps coming.
 */
export class Ticker {
  /** The largest of late, forgotten little by little. */
  lagMs = 0;
  private dueMs: number;
  private cancel: () => void = () => {};
  private isClosed = false;

  constructor(private readonly options: TickerOptions) {
    this.dueMs = options.clock.now();
  }

  start(): void {
    if (this.isClosed) return;
    this.dueMs = this.options.clock.now() + this.options.everyMs;
    this.wait(this.options.everyMs, () => this.drain(DRAIN_TURNS));
  }

  close(): void {
    this.isClosed = true;
    this.cancel();
  }

  private drain(turnsLeft: number): void {
    const before = this.options.received();
    this.wait(0, () => {
      if (this.options.received() > before && this.isLate && turnsLeft > 1) this.drain(turnsLeft - 1);
      else this.tick();
    });
  }

  private get isLate(): boolean {
    return this.options.clock.now() - this.dueMs > this.options.everyMs;
  }

  private tick(): void {
    const lagMs = Math.max(0, this.options.clock.now() - this.dueMs);
    this.lagMs = Math.max(lagMs, this.lagMs * 0.9);
    this.options.tick(lagMs);
    this.start();
  }

  private wait(ms: number, then: () => void): void {
    this.cancel = this.options.clock.after(ms, then);
  }
}
