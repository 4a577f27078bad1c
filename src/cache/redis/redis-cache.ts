import { LRUCache } from 'lru-cache';
import { defaults, invalid, limits } from '../../model/index.js';
import type { Cache, CacheEntry, CacheLookup } from '../../model/index.js';
import { realClock, realRandom } from '../../runtime/index.js';
import type { Clock, Random } from '../../runtime/index.js';
import { checkNumbers } from '../check-options.js';
import { jsonCodec } from '../codec.js';
import type { Codec } from '../codec.js';
import { assertRedisInstalled } from './client.js';
import type { RedisClient } from './client.js';
import { RedisKeys } from './keys.js';
import { decodeRecord, encodeRecord, RECORD_HEAD_BYTES } from './record.js';
import { RedisLink } from './redis-link.js';
import type { RedisEvent } from './redis-link.js';
import { DELETE_SPACE, SET_UNLESS_OLDER } from './scripts.js';

export interface RedisCacheOptions<V> {
  /** `redis://user:password@host:6379/0`, `rediss://…`. Needs the package `@redis/client`. This or `client`. */
  readonly url?: string;
  /**
   * A client of yours, connected, which stays yours: it is not closed, and brings no invalidations. A cluster's client
   * is not one.
   */
  readonly client?: RedisClient;
  /** What all keys begin with; caches of different things in one Redis need different ones. Default `discovery:`. */
  readonly prefix?: string;
  /** Default: JSON, with dates, bytes and bigints kept. `bytesCodec` for a sealed cache. */
  readonly codec?: Codec<V>;
  readonly clock?: Clock;
  readonly random?: Random;
  /** A command that takes longer is a miss, and the connection is given up, ms. Default 250. */
  readonly commandTimeoutMs?: number;
  /** Longest time connecting may take, ms. Default 2 s. */
  readonly connectTimeoutMs?: number;
  /** Must not throw. */
  readonly onEvent?: (event: RedisEvent) => void;
}

/**
 * Entries in Redis, shared with other processes. Each index space has an entry of its own, so clients of different agents
 * do not disturb each other. A write is kept only if nothing newer of its space is there, decided by a script in Redis.
 * An entry goes at its `staleUntil`. With Redis down or slow every read is a miss, at once after the first.
 *
 * @throws ServiceDiscoveryError INVALID_ARGUMENT for options; UNSUPPORTED when `url` is given and `@redis/client` is not
 *   installed.
 */
export function createRedisCache<V>(options: RedisCacheOptions<V>): Cache<V> {
  return new RedisCache(options);
}

class RedisCache<V> implements Cache<V> {
  private readonly clock: Clock;
  private readonly codec: Codec<V>;
  private readonly keys: RedisKeys;
  private readonly link: RedisLink;
  private readonly listeners = new Set<(key: string, indexSpace: string) => void>();
  private readonly emit: (event: RedisEvent) => void;
  private readonly counts = { redisHits: 0, redisMisses: 0, redisDamaged: 0, redisRefusedWrites: 0 };
  /** Heads of the records written last, by Redis key: to know our own writes when the server tells of them. */
  private readonly written = new LRUCache<string, Buffer>({ max: limits.redisOwnWrites });
  private scripts = true;
  private listening = false;
  private closed = false;

  constructor(options: RedisCacheOptions<V>) {
    const { clock = realClock, random = realRandom, prefix = defaults.redisPrefix } = options;
    checkNumbers('cache in Redis', {
      commandTimeoutMs: [options.commandTimeoutMs, 1],
      connectTimeoutMs: [options.connectTimeoutMs, 1],
    });
    if (/[{}]/.test(prefix)) throw refused('prefix', 'without braces, which are for Redis Cluster');
    this.clock = clock;
    this.codec = options.codec ?? jsonCodec();
    this.keys = new RedisKeys(prefix);
    this.emit = options.onEvent ?? (() => {});
    this.link = new RedisLink({
      source: sourceOf(options),
      prefix,
      clock,
      random,
      commandTimeoutMs: options.commandTimeoutMs ?? defaults.redisCommandTimeoutMs,
      connectTimeoutMs: options.connectTimeoutMs ?? defaults.redisConnectTimeoutMs,
      onEvent: this.emit,
    });
  }

  async get(key: string, lookup: CacheLookup = {}): Promise<CacheEntry<V> | undefined> {
    const entry = await this.read(key, lookup.indexSpace);
    if (entry) this.counts.redisHits += 1;
    else this.counts.redisMisses += 1;
    return entry;
  }

  async set(key: string, entry: CacheEntry<V>): Promise<boolean> {
    const livesMs = Math.ceil(entry.staleUntil - this.clock.wall());
    if (this.closed || livesMs < 1) return false;
    const record = this.recordOf(entry);
    if (!record || record.length > limits.redisEntryBytes) {
      this.counts.redisRefusedWrites += 1;
      return false;
    }
    return this.write(key, entry, record, livesMs);
  }

  async delete(key: string, indexSpace?: string): Promise<void> {
    const space = indexSpace ?? (await this.latestSpace(key));
    if (space === undefined) return;
    const keys = [this.keys.entry(key, space), this.keys.latest(key)] as const;
    if ((await this.evaluate(DELETE_SPACE, keys, [space])).type === 'no-scripts') {
      await this.link.send(['DEL', keys[0]]);
      if ((await this.latestSpace(key)) === space) await this.link.send(['DEL', keys[1]]);
    }
  }

  onInvalidate(listener: (key: string, indexSpace: string) => void): () => void {
    if (!this.listening) this.link.listen((redisKey) => void this.onChanged(redisKey));
    this.listening = true;
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  stats(): Readonly<Record<string, number>> {
    return { ...this.counts, ...this.link.stats() };
  }

  async close(): Promise<void> {
    this.closed = true;
    this.listeners.clear();
    await this.link.close();
  }

  private async read(key: string, indexSpace: string | undefined): Promise<CacheEntry<V> | undefined> {
    const space = indexSpace ?? (await this.latestSpace(key));
    const bytes = space === undefined ? undefined : await this.bytesAt(this.keys.entry(key, space));
    if (space === undefined || bytes === undefined) return undefined;
    const record = decodeRecord(bytes);
    if (!record || record.indexSpace !== space) return this.damaged(key, space);
    if (record.staleUntil <= this.clock.wall()) return undefined;
    try {
      return { ...record, value: this.codec.decode(record.value) };
    } catch {
      return this.damaged(key, space);
    }
  }

  /**
   * The server tells us of our own writes too: `NOLOOP` does not hold for scripts (Redis 7.0). Whether what is there is
   * ours is seen in its head.
   */
  private async onChanged(redisKey: string): Promise<void> {
    const place = this.keys.parse(redisKey);
    if (!place) return;
    const ours = this.written.get(redisKey);
    if (ours) {
      const reply = await this.link.send(['GETRANGE', redisKey, '0', String(RECORD_HEAD_BYTES - 1)]);
      if (reply.type === 'value' && Buffer.isBuffer(reply.value) && ours.equals(reply.value)) return;
      if (this.written.get(redisKey) === ours) this.written.delete(redisKey);
    }
    for (const told of this.listeners) told(place.key, place.indexSpace);
  }

  /** What cannot be read must not stand in the way of what can by the index it claims. */
  private damaged(key: string, indexSpace: string): undefined {
    this.counts.redisDamaged += 1;
    void this.delete(key, indexSpace);
    return undefined;
  }

  private async latestSpace(key: string): Promise<string | undefined> {
    return (await this.bytesAt(this.keys.latest(key)))?.toString('utf8');
  }

  private async bytesAt(redisKey: string): Promise<Buffer | undefined> {
    const reply = await this.link.send(['GET', redisKey]);
    return reply.type === 'value' && Buffer.isBuffer(reply.value) ? reply.value : undefined;
  }

  private recordOf(entry: CacheEntry<V>): Buffer | undefined {
    try {
      return encodeRecord({ ...entry, value: this.codec.encode(entry.value) });
    } catch {
      return undefined;
    }
  }

  private async write(key: string, entry: CacheEntry<V>, record: Buffer, livesMs: number): Promise<boolean> {
    const keys = [this.keys.entry(key, entry.indexSpace), this.keys.latest(key)] as const;
    if (this.listening) this.written.set(keys[0], Buffer.from(record.subarray(0, RECORD_HEAD_BYTES)));
    const done = await this.evaluate(SET_UNLESS_OLDER, keys, [record, entry.indexSpace, String(livesMs)]);
    if (done.type !== 'no-scripts') return done.type === 'value' && done.value === 1;
    const known = decodeRecord((await this.bytesAt(keys[0])) ?? Buffer.alloc(0));
    if (known && known.index > entry.index) return false;
    const kept = await this.link.send(['SET', keys[0], record, 'PX', String(livesMs)]);
    await this.link.send(['SET', keys[1], entry.indexSpace, 'PX', String(livesMs)]);
    return kept.type === 'value';
  }

  private async evaluate(
    script: string,
    keys: readonly string[],
    args: readonly (string | Buffer)[],
  ): Promise<{ readonly type: 'value'; readonly value: unknown } | { readonly type: 'failed' | 'no-scripts' }> {
    if (!this.scripts) return { type: 'no-scripts' };
    const reply = await this.link.send(['EVAL', script, String(keys.length), ...keys, ...args]);
    if (reply.type === 'value') return reply;
    if (reply.type === 'unavailable' || !isScriptRefusal(reply.error)) return { type: 'failed' };
    this.scripts = false;
    this.emit({ type: 'no-scripts', error: reply.error });
    return { type: 'no-scripts' };
  }
}

/** The user may not run scripts, or the server has none. */
function isScriptRefusal({ message }: Error): boolean {
  return /^NOPERM .*eval/i.test(message) || /^ERR unknown command/i.test(message);
}

function sourceOf({ url, client }: RedisCacheOptions<never> | RedisCacheOptions<unknown>) {
  if ((url === undefined) === (client === undefined)) throw refused('url', 'given, or client, and not both');
  if (client !== undefined) {
    if (typeof client.sendCommand !== 'function') throw refused('client', 'a client of @redis/client');
    return { client };
  }
  // The URL may hold a password: it is not repeated.
  if (!URL.canParse(url as string) || !/^(rediss?:|unix:)/.test(url as string))
    throw refused('url', 'of the form redis://host:6379, rediss://… or unix://…');
  assertRedisInstalled();
  return { url: url as string };
}

function refused(field: string, rule: string) {
  return invalid(`cache in Redis: ${field} must be ${rule}`, [{ field, rule }]);
}
