import { LRUCache } from 'lru-cache';
import { limits } from '../../model/index.js';
import { compileExpression } from './compile.js';
import { parseFilter } from './parser.js';
import type { StructShape } from './shape.js';

export * from './shapes.js';
export type { StructShape } from './shape.js';

/** A compiled filter: whether an answer's item, as it is sent, stays. */
export type Filter = (item: object) => boolean;

const caches = new WeakMap<StructShape, LRUCache<string, Filter>>();

/**
 * Compiles the text of `?filter=` for items of a shape (docs/contract.md section 1.7). Throws INVALID_ARGUMENT
 * beginning `Failed to create boolean expression evaluator: `. Compiled filters are kept, so that a client asking again
 * and again with one text pays for it once. An empty text is the caller's matter: it means no filter.
 */
export function compileFilter(text: string, shape: StructShape): Filter {
  const cache = cacheFor(shape);
  const known = cache.get(text);
  if (known) return known;
  const filter = compileExpression(parseFilter(text), shape);
  cache.set(text, filter);
  return filter;
}

function cacheFor(shape: StructShape): LRUCache<string, Filter> {
  let cache = caches.get(shape);
  if (!cache) {
    cache = new LRUCache({ max: limits.filterCacheEntries });
    caches.set(shape, cache);
  }
  return cache;
}
