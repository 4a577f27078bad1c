import type { CheckDefinition } from '../model/index.js';
import { defaults } from '../model/index.js';

/**
 * When a check runs. Two rules meet here:
 *
 * - Spread: the phase of a check is hash(check id) mod interval, the same on every start, so that ten thousand checks
 *   registered at once do not run at once.
 * - Contract section 4: Interval after the end of each run. The jitter that keeps checks from falling into step (after
 *   a stall, say) therefore only ever lengthens the pause, by up to 5 %.
 *
 * A check whose state nobody knows yet does not wait for its phase: it runs 'soon', once, and then at the phase at
 * which its first run would have been; from there on at its interval.
 */
export type FirstRun = 'soon' | 'phase';

/** The share of the interval by which a pause may be longer. */
const JITTER = 0.05;

export function intervalOf(check: CheckDefinition): number {
  if (check.type === 'alias') return defaults.aliasIntervalMs;
  return Math.max(check.intervalMs, defaults.minCheckIntervalMs);
}

/** [0, 1), evenly over ids: FNV-1a with the finish of murmur3, for ids that differ only at their end. */
export function fractionOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < id.length; at++) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}

/** Delay of the first run after the check was added. */
export function firstDelay(fraction: number, intervalMs: number, first: FirstRun): number {
  return fraction * (first === 'soon' ? Math.min(intervalMs, defaults.firstCheckWithinMs) : intervalMs);
}

/** Pause after the end of a run; `random` in [0, 1). */
export function pause(intervalMs: number, random: number): number {
  return intervalMs * (1 + JITTER * random);
}
