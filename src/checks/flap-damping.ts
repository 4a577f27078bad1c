import { defaults } from '../model/index.js';

/**
 * Flap damping, the idea of RFC 2439 for routes: each transition costs points, points fade by half every minute, and a
 * check that has gathered too many is held down until they have faded far enough. A check that changes now and then
 * never notices; one that changes every few seconds stops waking every watcher each time. Off by default.
 */
export interface DampingRules {
  readonly penalty: number;
  readonly halfLifeMs: number;
  /** Held down above this… */
  readonly suppressAbove: number;
  /** …until below this. */
  readonly reuseBelow: number;
}

export interface Damping {
  /** As of `atMs`. */
  readonly points: number;
  readonly atMs: number;
  readonly suppressed: boolean;
}

export const defaultDamping: DampingRules = {
  penalty: defaults.flapPenalty,
  halfLifeMs: defaults.flapHalfLifeMs,
  suppressAbove: defaults.flapSuppressAbove,
  reuseBelow: defaults.flapReuseBelow,
};

export const steady: Damping = { points: 0, atMs: 0, suppressed: false };

/** Points as of now, after a transition or without one, and what follows from them. */
export function damp(damping: Damping, rules: DampingRules, transition: boolean, nowMs: number): Damping {
  const faded = damping.points * 0.5 ** ((nowMs - damping.atMs) / rules.halfLifeMs);
  const points = faded + (transition ? rules.penalty : 0);
  const suppressed = damping.suppressed ? points >= rules.reuseBelow : points > rules.suppressAbove;
  return { points, atMs: nowMs, suppressed };
}
