/** What has been seen of how often a value changes. */
export interface ChangeRate {
  readonly ttlMs: number;
  /** When it was last seen to change, or first seen; wall-clock ms. */
  readonly changedAt: number;
  /** Smoothed time between changes, ms; undefined before the second. */
  readonly intervalMs?: number;
}

interface Clamps {
  readonly minMs: number;
  readonly maxMs: number;
}

/** A TTL of a tenth of the time between changes finds a value out of date in about one look of twenty. */
const SHARE_OF_INTERVAL = 0.1;

export function firstRate(ttlMs: number, now: number, clamps: Clamps): ChangeRate {
  return { ttlMs: clamp(ttlMs, clamps), changedAt: now };
}

/**
 * The TTL after one more load: twice as long after the same value, but no longer than it has been seen unchanged; a tenth
 * of the time between changes after another one.
 */
export function nextRate(rate: ChangeRate, isSame: boolean, now: number, clamps: Clamps): ChangeRate {
  const unchangedMs = Math.max(0, now - rate.changedAt);
  if (isSame) return { ...rate, ttlMs: clamp(Math.min(rate.ttlMs * 2, Math.max(rate.ttlMs, unchangedMs)), clamps) };
  const intervalMs = rate.intervalMs === undefined ? unchangedMs : (rate.intervalMs + unchangedMs) / 2;
  return { ttlMs: clamp(intervalMs * SHARE_OF_INTERVAL, clamps), changedAt: now, intervalMs };
}

function clamp(ttlMs: number, { minMs, maxMs }: Clamps): number {
  return Math.min(maxMs, Math.max(minMs, ttlMs));
}
