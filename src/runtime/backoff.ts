import type { Random } from './random.js';

export interface Backoff {
  readonly baseMs: number;
  readonly capMs: number;
}

/**
 * Milliseconds before attempt `failures + 1`: anywhere below base × 2^failures, at most the cap ("full jitter", Brooker
 * 2015), so that clients that failed together do not come back together.
 */
export function fullJitterMs(failures: number, { baseMs, capMs }: Backoff, random: Random): number {
  return random.next() * Math.min(capMs, baseMs * 2 ** Math.min(failures, 30));
}
