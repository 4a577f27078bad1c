import { LRUCache } from 'lru-cache';
import { invalid, limits } from '../../model/index.js';
import type { Cache, CacheEntry, CacheLookup } from '../../model/index.js';
import { realClock } from '../../runtime/index.js';
import type { Clock } from '../../runtime/index.js';
import { isNewer } from '../order.js';
import { sizeOfEntry, sizeOfValue } from './size-of.js';

export interface MemoryCacheOptions<V> {
  /** Bytes of all entries together, as `sizeOf` counts them; the least recently used go first. Default 32 MiB. */
  readonly maxBytes?: number;
  /** About how many bytes a value holds. Default: everything it leads to, counted roughly. */
  readonly sizeOf?: (value: V) => number;
  readonly clock?: Clock;
}

/**
 * Entries in this process, bounded by bytes. One entry a key: that of another index space replaces it.
 *
 * @throws ServiceDiscoveryError INVALID_ARGUMENT for a `maxBytes` that is not a whole number above 0.
 */
export function createMemoryCache<V>(options: MemoryCacheOptions<V> = {}): MemoryCache<V> {
  return new MemoryCache(options);
}

export class MemoryCache<V> implements Cache<V> {
  private readonly entries: LRUCache<string, CacheEntry<V>>;
  private readonly clock: Clock;
  private evictions = 0;
  private closed = false;

  constructor({ maxBytes = limits.cacheMemoryBytes, sizeOf = sizeOfValue, clock = realClock }: MemoryCacheOptions<V>) {
    if (!Number.isSafeInteger(maxBytes) || maxBytes < 1)
      throw invalid(`maxBytes is ${String(maxBytes)}, and must be a whole number of bytes above 0`, [
        { field: 'maxBytes', rule: 'a whole number above 0' },
      ]);
    this.clock = clock;
    this.entries = new LRUCache({
      maxSize: maxBytes,
      sizeCalculation: (entry, key) => sizeOfEntry(key, entry, sizeOf),
      dispose: (_entry, _key, reason) => {
        if (reason === 'evict') this.evictions += 1;
      },
    });
  }

  get(key: string, lookup?: CacheLookup): Promise<CacheEntry<V> | undefined> {
    const entry = this.peek(key);
    const wanted = lookup?.indexSpace === undefined || entry?.indexSpace === lookup.indexSpace;
    return Promise.resolve(wanted ? entry : undefined);
  }

  peek(key: string, now?: number): CacheEntry<V> | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    if ((now ?? this.clock.wall()) < entry.staleUntil) return entry;
    this.entries.delete(key);
    return undefined;
  }

  set(key: string, entry: CacheEntry<V>): Promise<boolean> {
    if (this.closed || this.clock.wall() >= entry.staleUntil) return Promise.resolve(false);
    const known = this.entries.peek(key);
    if (known && isNewer(known, entry)) return Promise.resolve(false);
    this.entries.set(key, entry);
    return Promise.resolve(this.entries.has(key));
  }

  delete(key: string, indexSpace?: string): Promise<void> {
    const known = this.entries.peek(key);
    if (known && (indexSpace === undefined || known.indexSpace === indexSpace)) this.entries.delete(key);
    return Promise.resolve();
  }

  stats(): Readonly<Record<string, number>> {
    return {
      memoryEntries: this.entries.size,
      memoryBytes: this.entries.calculatedSize,
      memoryEvictions: this.evictions,
    };
  }

  close(): Promise<void> {
    this.closed = true;
    this.entries.clear();
    return Promise.resolve();
  }
}
