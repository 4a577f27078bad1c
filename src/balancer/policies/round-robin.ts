import { type Candidate, isExcluded, type Policy } from '../policy.js';
import { SmoothTurns } from './smooth-turns.js';

/** One after another, whatever their weights; every client begins somewhere else. */
export const roundRobin: Policy = {
  name: 'round-robin',
  create: ({ random }) => {
    let candidates: readonly Candidate[] = [];
    let next = 0;
    let started = false;
    return {
      update(now) {
        candidates = now;
        if (!started) next = Math.floor(random.next() * now.length);
        started = true;
      },
      choose(hint) {
        for (let tries = 0; tries < candidates.length; tries++) {
          if (next >= candidates.length) next = 0;
          const candidate = candidates[next++] as Candidate;
          if (!isExcluded(candidate, hint)) return candidate;
        }
        return undefined;
      },
    };
  },
};

/** Round robin by weight without bursts, as nginx does it: weights 5, 1, 1 give a a b a c a a. */
export const weightedRoundRobin: Policy = {
  name: 'weighted-round-robin',
  create: ({ random }) => {
    const turns = new SmoothTurns(random);
    return {
      update: (candidates) => turns.update(candidates),
      choose: (hint) => turns.next((candidate) => !isExcluded(candidate, hint)),
    };
  },
};
