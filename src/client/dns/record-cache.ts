/**
 * Answers of DNS by name and type, each for as long as its TTL allows. The rules: TTLs are honoured for every type, between
 * the clamps of the configuration, and 0 means asking every time; "there is none" by RFC 2308; failures are not repeated
 * for a second or more (RFC 9520); when no server answers, answers past their time are served, marked stale (RFC 8767).
 */
import { foldName, typeCode, typeName } from '../../dns/wire/index.js';
import type { DnsAnswer, DnsClient } from '../../dns/client/index.js';
import { invalid } from '../../model/index.js';
import type { CacheHit, Loaded, LoadingCache, ServiceDiscoveryError } from '../../model/index.js';
import type { DnsStats } from './dns-stats.js';
import type { StoredAnswer } from './stored-answer.js';

/** An answer, and how far it can be trusted now. */
export interface KnownAnswer {
  readonly answer: DnsAnswer;
  /** How long it may still be believed, ms; 0 when stale. */
  readonly ttlMs: number;
  readonly ageMs: number;
  /** Just come from a server, for this question: what its records say holds even with a TTL of 0. */
  readonly isNew: boolean;
  readonly stale: boolean;
  /** Why it is stale. */
  readonly error?: ServiceDiscoveryError;
}

export interface LookupOptions {
  readonly signal?: AbortSignal;
  /** Of the whole call's time, ms. What is known is given at its end rather than nothing. */
  readonly leftMs?: () => number;
  /** Asks a server whatever is known, and falls back to it only when none answers. */
  readonly fresh?: boolean;
}

export interface TtlClamps {
  readonly minTtlMs: number;
  readonly maxTtlMs: number;
  readonly negativeTtlMs: number;
}

/** How long before the end of a call's time what is known is given. */
const marginMs = 1;

export class RecordCache {
  constructor(
    private readonly client: DnsClient,
    private readonly cache: LoadingCache<StoredAnswer>,
    private readonly stats: DnsStats,
    private readonly clamps: TtlClamps,
  ) {}

  /** `type` is a name such as SRV or TYPE65280, or a number. INVALID_ARGUMENT for any other. */
  async query(name: string, type: string | number, options: LookupOptions = {}): Promise<KnownAnswer> {
    const code = codeOf(type);
    this.stats.lookups += 1;
    const key = `${typeName(code)} ${foldName(name)}`;
    const load = (signal: AbortSignal): Promise<Loaded<StoredAnswer>> => this.load(name, code, signal);
    const { signal, leftMs, fresh = false } = options;
    const timeoutMs = leftMs && Math.max(marginMs, leftMs() - marginMs);
    const hit = await this.cache.get(key, load, {
      fresh,
      ...(signal && { signal }),
      ...(timeoutMs !== undefined && { timeoutMs }),
    });
    if (hit.stale) this.stats.staleServed += 1;
    else if (hit.from !== 'load') this.stats.cacheHits += 1;
    return known(hit);
  }

  private async load(name: string, code: number, signal: AbortSignal): Promise<Loaded<StoredAnswer>> {
    try {
      const answer = await this.client.query(name, code, { signal });
      this.stats.answered(answer.outcome, answer.elapsedMs);
      const ttlMs = clamped(answer, this.clamps);
      return { value: { answer, ttlMs }, ttlMs, negative: answer.outcome !== 'records' };
    } catch (error) {
      this.stats.failed(error);
      throw error;
    }
  }
}

function known({ value, ageMs, stale, from, error }: CacheHit<StoredAnswer>): KnownAnswer {
  const ttlMs = stale ? 0 : Math.max(0, value.ttlMs - ageMs);
  return { answer: value.answer, ttlMs, ageMs, isNew: from === 'load', stale, ...(error && { error }) };
}

function clamped({ outcome, ttlSeconds }: DnsAnswer, { minTtlMs, maxTtlMs, negativeTtlMs }: TtlClamps): number {
  const ttlMs = ttlSeconds * 1000;
  if (outcome !== 'records') return Math.min(ttlMs, negativeTtlMs);
  return Math.min(Math.max(ttlMs, minTtlMs), maxTtlMs);
}

function codeOf(type: string | number): number {
  const code = typeof type === 'string' ? typeCode(type) : type;
  if (code === undefined || !Number.isInteger(code) || code < 1 || code > 0xffff) {
    const rule = 'must be a record type such as SRV or TYPE65280, or its number';
    throw invalid(`type ${rule}`, [{ field: 'type', rule }]);
  }
  return code;
}
