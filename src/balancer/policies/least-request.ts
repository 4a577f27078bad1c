import { type Candidate, isExcluded, type Policy } from '../policy.js';
import { SmoothTurns } from './smooth-turns.js';

/**
 * The fewest requests in flight for its weight, looking at all. Those equally busy take turns by weight, so that idle
 * services see their weights respected.
 */
export const leastRequest: Policy = {
  name: 'least-request',
  create: ({ random }) => {
    let candidates: readonly Candidate[] = [];
    const turns = new SmoothTurns(random);
    return {
      update(now) {
        candidates = now;
        turns.update(now);
      },
      choose(hint) {
        let least = Infinity;
        for (const candidate of candidates) {
          const load = loadOf(candidate);
          if (load < least && !isExcluded(candidate, hint)) least = load;
        }
        return turns.next((candidate) => loadOf(candidate) <= least && !isExcluded(candidate, hint));
      },
      score: loadOf,
    };
  },
};

function loadOf({ inflight, weight }: Candidate): number {
  return inflight / weight;
}
