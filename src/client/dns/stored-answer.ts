import type { DnsAnswer } from '../../dns/client/index.js';
import type { Cache, CacheEntry } from '../../model/index.js';

/** An answer as a cache keeps it. */
export interface StoredAnswer {
  readonly answer: DnsAnswer;
  /** For how long it may be believed from when it came, after all clamps. */
  readonly ttlMs: number;
}

/** A cache that others write to, without the entries that do not have the form that all code here counts on. */
export function withAnswersOnly(cache: Cache<StoredAnswer>): Cache<StoredAnswer> {
  const checked = (entry: CacheEntry<StoredAnswer> | undefined): CacheEntry<StoredAnswer> | undefined =>
    entry && isStoredAnswer(entry.value) ? entry : undefined;
  return {
    get: async (key, lookup) => checked(await cache.get(key, lookup)),
    set: (key, entry) => cache.set(key, entry),
    delete: (key, indexSpace) => cache.delete(key, indexSpace),
    onInvalidate: (listener) => cache.onInvalidate?.(listener) ?? (() => {}),
    stats: () => cache.stats?.() ?? {},
    close: () => cache.close(),
  };
}

function isStoredAnswer(value: unknown): value is StoredAnswer {
  if (!isObject(value) || typeof value['ttlMs'] !== 'number' || !isObject(value['answer'])) return false;
  const { outcome, records, aliases, additionals, ttlSeconds } = value['answer'];
  return (
    (outcome === 'records' || outcome === 'nodata' || outcome === 'nxdomain') &&
    typeof ttlSeconds === 'number' &&
    [records, aliases, additionals].every((list) => Array.isArray(list) && list.every(isRecord))
  );
}

function isRecord(value: unknown): boolean {
  return (
    isObject(value) && ['name', 'type'].every((field) => typeof value[field] === 'string') && Number(value['ttl']) >= 0
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
