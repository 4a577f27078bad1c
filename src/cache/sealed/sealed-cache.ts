import type { Cache, CacheEntry, CacheLookup } from '../../model/index.js';
import { jsonCodec } from '../codec.js';
import type { Codec } from '../codec.js';
import { readSealKeys } from './seal-keys.js';
import { Sealer } from './sealer.js';
import type { Rejection } from './sealer.js';

export interface SealedCacheOptions<V> {
  /** Where the sealed bytes are kept. Closed with this one. */
  readonly cache: Cache<Uint8Array>;
  /** What is kept here, `endpoints`: entries of one name do not open under another. */
  readonly name: string;
  /**
   * Keys of 32 bytes, as bytes or in base64. The first seals, all of them open: to change the key, add the new one behind
   * the first everywhere, then put it first, then take the old one out.
   */
  readonly keys: readonly (string | Uint8Array)[];
  /** Default: JSON, with dates, bytes and bigints kept. */
  readonly codec?: Codec<V>;
  /** Told of every entry that was not believed. Must not throw. */
  readonly onRejected?: (key: string, why: Rejection | 'undecodable') => void;
  /** Told once, when so much was sealed with the first key that another one should take its place. Must not throw. */
  readonly onRotate?: (seals: number) => void;
}

/**
 * Entries encrypted and authenticated. Everything beside the value stays readable, for whoever keeps it needs it, but is
 * authenticated with the value, the key and the name: an entry that was forged, cut, moved to another key, or given
 * another index or another end is a miss and a count, never an answer. An older entry of the same key, put back as it
 * was, is authentic; the index known in memory and its own end stop it.
 *
 * @throws ServiceDiscoveryError INVALID_ARGUMENT for keys that are not 32 bytes, or given twice.
 */
export function createSealedCache<V>(options: SealedCacheOptions<V>): Cache<V> {
  return new SealedCache(options);
}

class SealedCache<V> implements Cache<V> {
  readonly peek: Cache<V>['peek'];
  readonly onInvalidate: Cache<V>['onInvalidate'];
  private readonly cache: Cache<Uint8Array>;
  private readonly codec: Codec<V>;
  private readonly sealer: Sealer;
  private rejected = 0;
  private unencodable = 0;

  private readonly name: string;
  private readonly onRejected: SealedCacheOptions<V>['onRejected'];

  /** The keys are kept in the sealer alone, where printing does not show them. */
  constructor({ cache, name, codec = jsonCodec(), keys, onRotate, onRejected }: SealedCacheOptions<V>) {
    this.cache = cache;
    this.name = name;
    this.onRejected = onRejected;
    this.codec = codec;
    this.sealer = new Sealer(readSealKeys(keys), onRotate);
    this.peek = cache.peek && ((key, now) => this.opened(key, cache.peek?.(key, now)));
    this.onInvalidate = cache.onInvalidate && ((listener) => cache.onInvalidate?.(listener) ?? (() => {}));
  }

  async get(key: string, lookup?: CacheLookup): Promise<CacheEntry<V> | undefined> {
    return this.opened(key, await this.cache.get(key, lookup));
  }

  set(key: string, entry: CacheEntry<V>): Promise<boolean> {
    let bytes: Uint8Array;
    try {
      bytes = this.codec.encode(entry.value);
    } catch {
      this.unencodable += 1;
      return Promise.resolve(false);
    }
    return this.cache.set(key, { ...entry, value: this.sealer.seal(bytes, this.boundTo(key, entry)) });
  }

  delete(key: string, indexSpace?: string): Promise<void> {
    return this.cache.delete(key, indexSpace);
  }

  stats(): Readonly<Record<string, number>> {
    return { ...this.cache.stats?.(), rejected: this.rejected, unencodable: this.unencodable };
  }

  close(): Promise<void> {
    return this.cache.close();
  }

  private opened(key: string, entry: CacheEntry<Uint8Array> | undefined): CacheEntry<V> | undefined {
    if (!entry) return undefined;
    const opened = this.sealer.open(entry.value, this.boundTo(key, entry));
    if (!opened.ok) return this.reject(key, entry, opened.why);
    try {
      return { ...entry, value: this.codec.decode(opened.bytes) };
    } catch {
      return this.reject(key, entry, 'undecodable');
    }
  }

  private reject(key: string, entry: CacheEntry<Uint8Array>, why: Rejection | 'undecodable'): undefined {
    this.rejected += 1;
    this.onRejected?.(key, why);
    // It must not stand in the way of a right one by the index it claims. One of an unknown key may be right for others.
    if (why !== 'unknown-key') void this.cache.delete(key, entry.indexSpace).catch(() => {});
    return undefined;
  }

  private boundTo(key: string, entry: Omit<CacheEntry<unknown>, 'value'>): Uint8Array {
    const { index, indexSpace, storedAt, freshUntil, staleUntil, loadMs, negative } = entry;
    const fields = [this.name, key, indexSpace, index, storedAt, freshUntil, staleUntil, loadMs, negative];
    return Buffer.from(JSON.stringify(fields), 'utf8');
  }
}
