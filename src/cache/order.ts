import type { CacheEntry } from '../model/index.js';

type Placed = Pick<CacheEntry<unknown>, 'index' | 'indexSpace'>;

/** Whether the first is newer than the second: only within one index space can that be said. */
export function isNewer(first: Placed, second: Placed): boolean {
  return first.indexSpace === second.indexSpace && first.index > second.index;
}
