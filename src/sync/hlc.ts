/**
 * Hybrid logical clock (Kulkarni et al. 2014) in one safe integer: wall-clock milliseconds × 2048 + a counter. It lasts
 * until the year 2109. It says which of two registrations of one identity at two agents is the later one, also for
 * whoever saw the first before making the second; it orders nothing else.
 */
import { limits } from '../model/index.js';

const TICKS_PER_MS = 2048;

export function hlcWallMs(hlc: number): number {
  return Math.floor(hlc / TICKS_PER_MS);
}

/** What tells apart those of one millisecond: 0..2047. */
export function hlcCounter(hlc: number): number {
  return hlc % TICKS_PER_MS;
}

export function hlcOf(wallMs: number, counter: number): number {
  return wallMs * TICKS_PER_MS + counter;
}

export class HybridClock {
  private last = 0;

  /** Larger than everything ticked or observed before, and not behind the wall clock. */
  tick(wallMs: number): number {
    this.last = Math.max(this.last + 1, wallMs * TICKS_PER_MS);
    return this.last;
  }

  /**
   * What another agent, or this one before a restart, has stamped: later ticks are larger. False, and not taken over,
   * when it is further ahead of our wall clock than two clocks may differ: one broken clock must not carry all others off.
   */
  observe(hlc: number, wallMs: number): boolean {
    if (hlcWallMs(hlc) > wallMs + limits.clockSkewMs) return false;
    this.last = Math.max(this.last, hlc);
    return true;
  }
}
