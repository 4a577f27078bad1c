import { limits } from '../../model/index.js';
import { combine, hashText } from '../hash.js';
import type { Candidate, Policy } from '../policy.js';
import { BoundedLoad } from './bounded-load.js';
import { keyHash } from './key-hash.js';
import { memberTable } from './member-table.js';

interface Ring {
  /** Where the points are, ascending, and whose they are. */
  readonly places: Uint32Array;
  readonly owners: readonly Candidate[];
}

/** A ring of points by weight (Karger et al. 1997, ketama): a key belongs to the next point. Loads are bounded. */
export const ringHash: Policy = {
  name: 'ring-hash',
  create: ({ random }) => {
    const bound = new BoundedLoad();
    const table = memberTable(ringOf);
    return {
      update(candidates) {
        bound.update(candidates);
        table.update(candidates);
      },
      choose: (hint) => bound.place(keyHash(hint, random), hint, (hash) => ownerIn(table.get(), hash)),
    };
  },
};

/**
 * A point's place depends on its endpoint alone, and how many an endpoint has on its weight against the mean, rounded to
 * a power of two: so that the points of those who stay hardly ever change.
 */
function ringOf(candidates: readonly Candidate[]): Ring {
  const mean = candidates.reduce((sum, { baseWeight }) => sum + baseWeight, 0) / candidates.length;
  const unit = 2 ** Math.round(Math.log2(mean));
  const points = candidates.flatMap((candidate) => {
    const hash = hashText(candidate.key);
    const count = Math.max(1, Math.round((limits.ringPoints * candidate.baseWeight) / unit));
    return Array.from({ length: count }, (_, point) => ({ place: combine(hash, point), candidate }));
  });
  points.sort((a, b) => a.place - b.place || (a.candidate.key < b.candidate.key ? -1 : 1));
  return { places: Uint32Array.from(points, ({ place }) => place), owners: points.map(({ candidate }) => candidate) };
}

function ownerIn({ places, owners }: Ring, hash: number): Candidate {
  let low = 0;
  let high = places.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((places[middle] as number) < hash) low = middle + 1;
    else high = middle;
  }
  return owners[low === places.length ? 0 : low] as Candidate;
}
