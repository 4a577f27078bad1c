import type { Candidate } from '../policy.js';

/** A table made of who is there with which base weight: made anew when that changed, and only when it is asked for. */
export function memberTable<T>(make: (candidates: readonly Candidate[]) => T): {
  update(candidates: readonly Candidate[]): void;
  get(): T;
} {
  let candidates: readonly Candidate[] = [];
  let weights: readonly number[] = [];
  let made: T | undefined;
  return {
    update(now) {
      const same =
        now.length === candidates.length &&
        now.every((candidate, at) => candidate === candidates[at] && candidate.baseWeight === weights[at]);
      if (same) return;
      candidates = now;
      weights = now.map(({ baseWeight }) => baseWeight);
      made = undefined;
    },
    get: () => (made ??= make(candidates)),
  };
}
