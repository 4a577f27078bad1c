import { limits } from '../../model/index.js';
import { hashText } from '../hash.js';
import type { Candidate, Policy } from '../policy.js';
import { BoundedLoad } from './bounded-load.js';
import { keyHash } from './key-hash.js';
import { memberTable } from './member-table.js';

/**
 * Maglev hashing (Eisenbud et al., NSDI 2016): a table in which every endpoint has its share of entries to within 1 %,
 * and one look finds a key's endpoint. A change of endpoints moves about twice the fewest possible keys. Loads are
 * bounded.
 */
export const maglev: Policy = {
  name: 'maglev',
  create: ({ random }) => {
    const bound = new BoundedLoad();
    const table = memberTable((candidates) => ({ candidates, entries: maglevTable(candidates) }));
    return {
      update(candidates) {
        bound.update(candidates);
        table.update(candidates);
      },
      choose: (hint) =>
        bound.place(keyHash(hint, random), hint, (hash) => {
          const { candidates, entries } = table.get();
          return candidates[entries[hash % entries.length] as number] as Candidate;
        }),
    };
  },
};

const EMPTY = 0xffff_ffff;

interface Claim {
  readonly skip: number;
  place: number;
  /** Entries claimed so far, and in how many rounds the heaviest would have claimed as many. */
  due: number;
  readonly every: number;
}

/**
 * Everybody claims entries in an order of its own, one a round, lighter ones only in every so-manieth round. Rounds go
 * by key, not by place in the set, or a table would depend on the order in which endpoints were told.
 */
function maglevTable(candidates: readonly Candidate[], size: number = limits.maglevTable): Uint32Array {
  const heaviest = Math.max(...candidates.map(({ baseWeight }) => baseWeight));
  const order = [...candidates.keys()].sort((a, b) => (keyAt(candidates, a) < keyAt(candidates, b) ? -1 : 1));
  const claims: Claim[] = candidates.map(({ key, baseWeight }) => ({
    place: hashText(key) % size,
    skip: 1 + (hashText(key, 1) % (size - 1)),
    due: 0,
    every: heaviest / baseWeight,
  }));
  const entries = new Uint32Array(size).fill(EMPTY);
  for (let round = 0, filled = 0; filled < size; round++) {
    for (const at of order) {
      const claim = claims[at] as Claim;
      if (claim.due > round) continue;
      claim.due += claim.every;
      while (entries[claim.place] !== EMPTY) claim.place = (claim.place + claim.skip) % size;
      entries[claim.place] = at;
      if (++filled === size) break;
    }
  }
  return entries;
}

function keyAt(candidates: readonly Candidate[], at: number): string {
  return (candidates[at] as Candidate).key;
}
