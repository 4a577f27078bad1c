/**
 * How soon the next of a series may begin: `burst` of them freely, then one every `everyMs`. A token bucket written as
 * one number, the time at which it will be full again (GCRA, ITU-T I.371).
 */
export class Pace {
  private fullAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly burst: number,
    private readonly everyMs: number,
  ) {}

  /** Takes tokens that may not be there yet; returns in how many milliseconds they will be. */
  take(now: number, tokens = 1): number {
    this.fullAt = Math.max(this.fullAt, now) + tokens * this.everyMs;
    return Math.max(0, this.fullAt - now - this.burst * this.everyMs);
  }
}
