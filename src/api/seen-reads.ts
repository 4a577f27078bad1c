import { LRUCache } from 'lru-cache';
import { limits } from '../model/index.js';

/**
 * X-Cache of `?cached` reads (docs/contract.md section 1.5). Every answer here is fresh, so nothing is cached; what is
 * kept is which reads were asked before, because clients look for the MISS first and the HIT after it.
 */
export class SeenReads {
  private readonly seen = new LRUCache<string, true>({ max: limits.cachedReads });

  status(read: string): 'HIT' | 'MISS' {
    if (this.seen.get(read)) return 'HIT';
    this.seen.set(read, true);
    return 'MISS';
  }
}
