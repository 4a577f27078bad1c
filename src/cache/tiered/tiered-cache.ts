import type { Cache, CacheEntry, CacheLookup } from '../../model/index.js';
import { realClock } from '../../runtime/index.js';
import type { Clock } from '../../runtime/index.js';
import { isFresh } from '../freshness.js';
import { isNewer } from '../order.js';

export interface TieredCacheOptions<V> {
  /** Near and bounded: a memory cache. */
  readonly first: Cache<V> & Required<Pick<Cache<V>, 'peek'>>;
  /** Shared with other processes: Redis, sealed or not. */
  readonly second: Cache<V>;
  readonly clock?: Clock;
}

/**
 * Two levels. What the first has fresh is answered from it; otherwise the second is asked, and what it knows better is
 * kept in the first. Where the second tells that others replaced an entry, the first holds its own for out of date: it is
 * still there to be served stale, but the second is asked again.
 *
 * An answer of the second that was overtaken on its way, by a set, a delete or such a message, is not kept in the first:
 * it may be older than what overtook it.
 */
export function createTieredCache<V>(options: TieredCacheOptions<V>): Cache<V> & Required<Pick<Cache<V>, 'peek'>> {
  return new TieredCache(options);
}

/** Questions to the second level under way for one key. */
interface Asking {
  count: number;
  overtaken: boolean;
}

class TieredCache<V> implements Cache<V> {
  private readonly first: TieredCacheOptions<V>['first'];
  private readonly second: Cache<V>;
  private readonly clock: Clock;
  private readonly asking = new Map<string, Asking>();
  private readonly unsubscribe: (() => void) | undefined;
  private invalidations = 0;
  private closed = false;

  constructor({ first, second, clock = realClock }: TieredCacheOptions<V>) {
    this.first = first;
    this.second = second;
    this.clock = clock;
    this.unsubscribe = second.onInvalidate?.((key, indexSpace) => this.onInvalidated(key, indexSpace));
  }

  async get(key: string, lookup: CacheLookup = {}): Promise<CacheEntry<V> | undefined> {
    if (this.closed) return undefined;
    const near = this.near(key, lookup);
    if (near && this.isGoodEnough(near, lookup)) return near;
    const asking = this.startAsking(key);
    const far = await this.second.get(key, lookup);
    this.endAsking(key, asking);
    // Looked at again: it may have been set meanwhile.
    const known = this.near(key, lookup);
    if (!far || this.closed || (known && !isBetter(far, known))) return known;
    if (lookup.indexSpace !== undefined && !asking.overtaken) void this.first.set(key, far);
    return far;
  }

  peek(key: string, now?: number): CacheEntry<V> | undefined {
    return this.first.peek(key, now);
  }

  async set(key: string, entry: CacheEntry<V>): Promise<boolean> {
    if (this.closed) return false;
    this.overtake(key);
    const kept = this.first.set(key, entry);
    const known = this.first.peek(key);
    // Older than what is near, so it is older than what is far, or will be.
    if (known && isNewer(known, entry)) return kept;
    const keptFar = await this.second.set(key, entry);
    return (await kept) || keptFar;
  }

  async delete(key: string, indexSpace?: string): Promise<void> {
    this.overtake(key);
    await Promise.all([this.first.delete(key, indexSpace), this.second.delete(key, indexSpace)]);
  }

  stats(): Readonly<Record<string, number>> {
    return { ...this.second.stats?.(), ...this.first.stats?.(), invalidations: this.invalidations };
  }

  async close(): Promise<void> {
    this.closed = true;
    this.unsubscribe?.();
    await Promise.all([this.first.close(), this.second.close()]);
  }

  private near(key: string, { indexSpace }: CacheLookup): CacheEntry<V> | undefined {
    const entry = this.first.peek(key);
    return indexSpace === undefined || entry?.indexSpace === indexSpace ? entry : undefined;
  }

  private isGoodEnough(entry: CacheEntry<V>, { indexSpace, freshBeyond }: CacheLookup): boolean {
    if (indexSpace === undefined) return true;
    const now = this.clock.wall();
    return isFresh(entry, now) && entry.freshUntil > (freshBeyond ?? now);
  }

  private onInvalidated(key: string, indexSpace: string): void {
    this.invalidations += 1;
    this.overtake(key);
    const entry = this.near(key, { indexSpace });
    if (entry) void this.first.set(key, { ...entry, freshUntil: entry.storedAt });
  }

  private startAsking(key: string): Asking {
    const asking = this.asking.get(key) ?? { count: 0, overtaken: false };
    asking.count += 1;
    this.asking.set(key, asking);
    return asking;
  }

  private endAsking(key: string, asking: Asking): void {
    asking.count -= 1;
    if (asking.count === 0 && this.asking.get(key) === asking) this.asking.delete(key);
  }

  /** What is asked now may be kept; what was asked before may not. */
  private overtake(key: string): void {
    const asking = this.asking.get(key);
    if (!asking) return;
    asking.overtaken = true;
    this.asking.delete(key);
  }
}

/** Within a space the newer, and of equal ones the one that lasts longer; of two spaces the second level's. */
function isBetter(far: CacheEntry<unknown>, near: CacheEntry<unknown>): boolean {
  if (isNewer(near, far)) return false;
  return isNewer(far, near) || far.indexSpace !== near.indexSpace || far.freshUntil > near.freshUntil;
}
