import { combine, hashText, unitOf } from '../hash.js';
import { type Candidate, isExcluded, type Policy } from '../policy.js';
import { BoundedLoad } from './bounded-load.js';
import { keyHash } from './key-hash.js';

/**
 * Rendezvous hashing (Thaler, Ravishankar 1996), weighted: every endpoint draws a number for the key, the highest has it.
 * No table, and an endpoint that goes gives away only its own keys: the simplest for up to some 200 endpoints. Loads are
 * bounded; a key whose first endpoint is full has its own second.
 */
export const rendezvous: Policy = {
  name: 'rendezvous',
  create: ({ random }) => {
    let candidates: readonly Candidate[] = [];
    let hashes: readonly number[] = [];
    const bound = new BoundedLoad();
    return {
      update(now) {
        candidates = now;
        hashes = now.map(({ key }) => hashText(key));
        bound.update(now);
      },
      choose(hint) {
        const hash = keyHash(hint, random);
        const perWeight = bound.perWeight();
        let best: Candidate | undefined;
        let highest = -Infinity;
        for (let at = 0; at < candidates.length; at++) {
          const candidate = candidates[at] as Candidate;
          if (!bound.hasRoom(candidate, perWeight) || isExcluded(candidate, hint)) continue;
          const drawn = -candidate.baseWeight / Math.log(unitOf(combine(hash, hashes[at] as number)));
          if (drawn <= highest) continue;
          highest = drawn;
          best = candidate;
        }
        return best;
      },
    };
  },
};
