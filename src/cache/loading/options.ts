import { isDeepStrictEqual } from 'node:util';
import { defaults, isDiscoveryError } from '../../model/index.js';
import type { Cache, CacheEntry, ErrorCode, ServiceDiscoveryError } from '../../model/index.js';
import { realClock, realRandom } from '../../runtime/index.js';
import type { Clock, Random } from '../../runtime/index.js';
import { checkNumbers } from '../check-options.js';

export interface LoadingCacheOptions<V> {
  /** For messages: what is kept here, `endpoints`. */
  readonly name: string;
  /** Where values are kept: memory, or memory before a shared one. Closed with the loading cache. */
  readonly cache: Cache<V>;
  readonly clock?: Clock;
  readonly random?: Random;
  /** How long a value is fresh when its load does not say, ms. Default 30 s. */
  readonly ttlMs?: number;
  /** How long after that it may still be served, marked stale, when nothing better is to be had, ms. Default 72 h. */
  readonly staleMs?: number;
  /** Longest time "there is none" is fresh, ms, whatever the load says. Default 5 s. */
  readonly negativeTtlMs?: number;
  /**
   * Whether "there is none" may be served stale like any value. Default true. False: when nobody can be asked the load's
   * error is told, for readers to whom an empty answer is the same as none.
   */
  readonly staleNegatives?: boolean;
  /** A failed load is not tried again for `minMs`, then twice that and so on up to `maxMs`. Default 1 s to 5 s. */
  readonly failure?: { readonly minMs: number; readonly maxMs: number };
  /** How long calls wait for a load when there is a stale value, ms. Default 1.8 s (RFC 8767). */
  readonly staleAfterMs?: number;
  /**
   * How long after its time a value is served at once, marked stale, while a new one is fetched, ms; after that calls
   * wait as `staleAfterMs` says. Negative values are never served so. Default: as long as the value was fresh.
   */
  readonly revalidateMs?: number;
  /** Fetch values asked for at least twice anew in the last tenth of their time. Default false. */
  readonly prefetch?: boolean;
  /** Weight of the early refresh XFetch; 0 turns it off. Default 1. */
  readonly xfetchBeta?: number;
  /** TTLs vary by this share, so that what was stored together does not expire together. Default 0.1, at most 0.5. */
  readonly ttlJitter?: number;
  /** Let the TTL follow how often the value changes, between these bounds. Loads that say a TTL are left alone. */
  readonly adaptive?: { readonly minMs: number; readonly maxMs: number };
  /** Whether two values are the same, for `adaptive`. Default: same index, or deeply equal where there is none. */
  readonly sameValue?: (known: V, loaded: V) => boolean;
  /**
   * After which errors of a load a stale value is served. Default: all but refusals, which are answers: INVALID_ARGUMENT,
   * NOT_FOUND, CONFLICT, UNAUTHENTICATED, PERMISSION_DENIED, TOO_LARGE, UNSUPPORTED.
   */
  readonly staleOn?: (error: unknown) => boolean;
  /** A load that takes longer has failed with TIMEOUT, ms. Default 30 s. */
  readonly loadTimeoutMs?: number;
  /**
   * In which space the values' indexes are, if that is known beforehand; '' for values without an order. Default: learnt
   * from the first value, and until then a shared cache is asked only when the load failed.
   */
  readonly indexSpace?: string;
  /** What is left of earlier days, to be served stale when the load failed and nothing else is known. */
  readonly lastKnownGood?: LastKnown<V>;
  /** Told of everything but hits. Must not throw. */
  readonly onEvent?: (event: LoadingCacheEvent) => void;
}

/** Values kept for when everything fails; `openLastKnownGood` is one. */
export interface LastKnown<V> {
  get(key: string): CacheEntry<V> | undefined;
  put(key: string, entry: CacheEntry<V>): void;
  delete(key: string): void;
}

export type LoadingCacheEvent =
  | { readonly type: 'loaded'; readonly key: string; readonly loadMs: number }
  | { readonly type: 'failed'; readonly key: string; readonly error: ServiceDiscoveryError; readonly retryMs: number }
  /** A load whose value was not kept, since something newer was learnt meanwhile. */
  | { readonly type: 'overtaken'; readonly key: string }
  /** A value older than what is known was refused. */
  | { readonly type: 'below-floor'; readonly key: string; readonly index: number; readonly floor: number }
  /** Answers stayed below what was known: the space has begun anew, and its values are believed again. */
  | { readonly type: 'reset'; readonly key: string; readonly index: number; readonly floor: number };

export type LoadingCacheSettings<V> = Readonly<
  Required<Omit<LoadingCacheOptions<V>, 'revalidateMs' | 'adaptive' | 'indexSpace' | 'lastKnownGood' | 'onEvent'>> &
    Pick<LoadingCacheOptions<V>, 'revalidateMs' | 'adaptive' | 'indexSpace' | 'lastKnownGood' | 'onEvent'>
>;

const REFUSALS: ReadonlySet<ErrorCode> = new Set([
  'INVALID_ARGUMENT',
  'NOT_FOUND',
  'CONFLICT',
  'UNAUTHENTICATED',
  'PERMISSION_DENIED',
  'TOO_LARGE',
  'UNSUPPORTED',
]);

export function settingsOf<V>(options: LoadingCacheOptions<V>): LoadingCacheSettings<V> {
  const { failure, adaptive } = options;
  checkNumbers(`cache ${options.name}`, {
    ttlMs: [options.ttlMs, 0],
    staleMs: [options.staleMs, 0],
    negativeTtlMs: [options.negativeTtlMs, 0],
    'failure.minMs': [failure?.minMs, 1],
    'failure.maxMs': [failure?.maxMs, failure?.minMs ?? 1],
    staleAfterMs: [options.staleAfterMs, 0],
    revalidateMs: [options.revalidateMs, 0],
    xfetchBeta: [options.xfetchBeta, 0],
    ttlJitter: [options.ttlJitter, 0, 0.5],
    'adaptive.minMs': [adaptive?.minMs, 1],
    'adaptive.maxMs': [adaptive?.maxMs, adaptive?.minMs ?? 1],
    loadTimeoutMs: [options.loadTimeoutMs, 1],
  });
  return {
    ...options,
    clock: options.clock ?? realClock,
    random: options.random ?? realRandom,
    ttlMs: options.ttlMs ?? defaults.cacheTtlMs,
    staleMs: options.staleMs ?? defaults.staleBudgetMs,
    negativeTtlMs: options.negativeTtlMs ?? defaults.cacheNegativeTtlMs,
    staleNegatives: options.staleNegatives ?? true,
    failure: failure ?? { minMs: defaults.cacheFailureMinMs, maxMs: defaults.cacheFailureMaxMs },
    staleAfterMs: options.staleAfterMs ?? defaults.cacheStaleAfterMs,
    prefetch: options.prefetch ?? false,
    xfetchBeta: options.xfetchBeta ?? 1,
    ttlJitter: options.ttlJitter ?? defaults.cacheTtlJitter,
    sameValue: options.sameValue ?? isDeepStrictEqual,
    staleOn: options.staleOn ?? ((error) => !(isDiscoveryError(error) && REFUSALS.has(error.code))),
    loadTimeoutMs: options.loadTimeoutMs ?? defaults.cacheLoadTimeoutMs,
  };
}
