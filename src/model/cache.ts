import type { ServiceDiscoveryError } from './errors.js';
import type { CallOptions } from './resolver.js';

/**
 * A value as a cache keeps it. `index` orders values of one `indexSpace` only; values of different spaces are never
 * compared. Times are wall-clock milliseconds since the epoch, so that machines can share entries: clocks that differ
 * make an entry live as much longer or shorter, no more.
 */
export interface CacheEntry<V> {
  readonly value: V;
  readonly index: number;
  readonly indexSpace: string;
  readonly storedAt: number;
  /** Served without a word until then. */
  readonly freshUntil: number;
  /** Served marked stale until then, when nothing better is to be had. At or after `freshUntil`. */
  readonly staleUntil: number;
  /** How long the value took to get, ms: early refresh weighs it (XFetch). */
  readonly loadMs: number;
  /** The value says that there is nothing. */
  readonly negative: boolean;
}

/** What is asked of a cache. */
export interface CacheLookup {
  /**
   * Only an entry of this space. Without it: the entry stored last, whatever its space, to fall back to when nobody can
   * be asked; a tiered cache does not keep such a one in its first level.
   */
  readonly indexSpace?: string;
  /** Whoever asks has one that is fresh until then (default: now); levels are searched until a fresher one is found. */
  readonly freshBeyond?: number;
}

/**
 * Where entries are kept. Naive: no loading, no judging of freshness, but nothing at or past its `staleUntil`.
 * Implementations: memory, Redis; decorators: tiered, sealed. One exam for all: `cacheSuite` in `./testing`. A cache
 * that cannot be reached is a miss and a count, never a rejection.
 */
export interface Cache<V> {
  get(key: string, lookup?: CacheLookup): Promise<CacheEntry<V> | undefined>;
  /** The entry if it can be had without waiting. `now`: the wall clock, where the caller has just looked at it. */
  peek?(key: string, now?: number): CacheEntry<V> | undefined;
  /**
   * Keeps the entry unless a newer one of the same index space is there; resolves with whether it was kept. `peek` shows
   * it when the call returns. Shared caches keep spaces side by side, others replace one by another.
   */
  set(key: string, entry: CacheEntry<V>): Promise<boolean>;
  /** Of this space alone, or what `get` without a space would answer. */
  delete(key: string, indexSpace?: string): Promise<void>;
  /** Tells of entries that others replaced or removed, where the cache can. Returns the unsubscribe. */
  onInvalidate?(listener: (key: string, indexSpace: string) => void): () => void;
  /** Counters since the start, of the caches below included. Names in docs/caching.md. */
  stats?(): Readonly<Record<string, number>>;
  /** Harmless twice. Afterwards everything is a miss. */
  close(): Promise<void>;
}

/** What a load brings back. */
export interface Loaded<V> {
  readonly value: V;
  /** Default 0 and '': values without an order; the later one wins. */
  readonly index?: number;
  readonly indexSpace?: string;
  /** How long ago it was true already, ms. Default 0: the load has just found it so. */
  readonly ageMs?: number;
  /** Overrides the cache's own TTL for this value, ms. Never exceeded: jitter only shortens it. */
  readonly ttlMs?: number;
  readonly negative?: boolean;
}

/** What a loading cache answers. */
export interface CacheHit<V> {
  readonly value: V;
  readonly index: number;
  readonly indexSpace: string;
  readonly ageMs: number;
  /** Past its time, and nobody could or was waited for to confirm it. */
  readonly stale: boolean;
  /** Why it is stale, when a load failed. */
  readonly error?: ServiceDiscoveryError;
  readonly from: 'memory' | 'shared' | 'load';
}

/**
 * A cache in front of something slow: one load per key at a time, fresh values at once, old ones while a new one is
 * fetched, failures remembered a moment, nothing overwritten by a failure.
 */
export interface LoadingCache<V> {
  /** A fresh value that needs no waiting; counts as a hit. */
  peek(key: string): CacheHit<V> | undefined;
  /**
   * Rejects with the load's error when nothing is known, or nothing young enough; `fresh: true` always loads, and falls
   * back to what is known only when the load fails. `load` is given a signal that aborts when nobody waits any more.
   */
  get(
    key: string,
    load: (signal: AbortSignal) => Promise<Loaded<V>>,
    options?: CallOptions & { readonly fresh?: boolean },
  ): Promise<CacheHit<V>>;
  /** A value learnt elsewhere, from a watch. Ignored when older than what is there. */
  put(key: string, loaded: Loaded<V>): void;
  /** The next `get` loads. What is known stays to be served stale should that fail. */
  invalidate(key: string): void;
  /** Removes it everywhere: nothing is left to fall back to. */
  evict(key: string): Promise<void>;
  stats(): LoadingCacheStats;
  /** Calls under way end with CLOSED, loads are aborted, and the cache below is closed too. Harmless twice. */
  close(): Promise<void>;
}

/** Counters since the start. */
export interface LoadingCacheStats {
  readonly memoryHits: number;
  /** Answered by the cache shared with other processes. */
  readonly sharedHits: number;
  /** Calls that found nothing fresh. */
  readonly misses: number;
  readonly staleServed: number;
  readonly loads: number;
  readonly loadFailures: number;
  /** Calls that waited for a load another call had begun. */
  readonly coalesced: number;
  /** Loads begun before the value was out of date. */
  readonly earlyRefreshes: number;
  /** Loads whose value was not kept, since something newer was learnt meanwhile. */
  readonly overtaken: number;
  /** Values refused for being older than what is known. */
  readonly belowFloor: number;
  /** Index spaces found to have begun anew. */
  readonly resets: number;
  /** Sealed entries that were forged, moved, damaged or sealed with an unknown key. */
  readonly rejected: number;
}
