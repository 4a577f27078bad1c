import {
  ServiceDiscoveryError,
  type CacheHit,
  type EndpointSet,
  type Loaded,
  type LoadingCache,
  type Resolver,
  type ServiceEndpoint,
  type ServiceQuery,
} from '../../model/index.js';
import { queryKey } from '../query.js';
import type { OpenedCache } from './endpoint-cache.js';
import { retried, type RetryRule } from './retried.js';

type Endpoints = readonly ServiceEndpoint[];
export type EndpointCache = LoadingCache<Endpoints>;

interface AskOptions {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs: number;
  /** Ask even when something fresh is known. */
  readonly fresh?: boolean;
}

/**
 * Answers to queries: what is known while it is fresh, else what the backend says, else, when nobody can be asked, what
 * was known last, marked stale. Watches feed it, so that a watched service is never asked for twice.
 */
export class DiscoveredSets {
  constructor(
    private readonly resolver: Resolver,
    /** None: every query asks, and nothing is kept. */
    private readonly opened: OpenedCache | undefined,
    /** `timeoutMs`: the least time a question that others may join is given, however little its first caller has. */
    private readonly rule: RetryRule & { readonly timeoutMs: number },
  ) {}

  /** What is known and fresh, without waiting. */
  peek(key: string): EndpointSet | undefined {
    const hit = this.opened?.cache.peek(key);
    return hit && setOf(hit);
  }

  async get(query: ServiceQuery, key: string, options: AskOptions): Promise<EndpointSet> {
    try {
      return await (this.opened
        ? this.cached(this.opened, query, key, options)
        : this.confirmed(query, options.signal, options.timeoutMs));
    } catch (error) {
      // An empty one says no more than that nobody knows.
      if (!(error instanceof Unconfirmed) || error.set.endpoints.length === 0) throw error;
      return { ...error.set, ageMs: error.set.ageMs + this.rule.clock.now() - error.atMs };
    }
  }

  /** A set that a watch brought. With a stale one, what is cached is not confirmed any more either. */
  learn(query: ServiceQuery, set: EndpointSet): void {
    const key = queryKey(query);
    if (set.stale) this.opened?.cache.invalidate(key);
    else this.opened?.cache.put(key, loadedOf(set));
  }

  /** The next to ask waits for a new answer; the old one is left for an outage. */
  overtake(query: ServiceQuery): void {
    this.opened?.cache.invalidate(queryKey(query));
  }

  async evict(key: string): Promise<void> {
    await this.opened?.cache.evict(key);
  }

  async close(): Promise<void> {
    await this.opened?.close();
  }

  private async cached(
    { cache, prepared }: OpenedCache,
    query: ServiceQuery,
    key: string,
    { timeoutMs, signal, fresh = false }: AskOptions,
  ): Promise<EndpointSet> {
    await prepared;
    const longestMs = Math.max(timeoutMs, this.rule.timeoutMs);
    const load = async (loading: AbortSignal): Promise<Loaded<Endpoints>> =>
      loadedOf(await this.confirmed(query, loading, longestMs));
    return setOf(await cache.get(key, load, { signal, timeoutMs, fresh }));
  }

  private async confirmed(
    query: ServiceQuery,
    signal: AbortSignal | undefined,
    timeoutMs: number,
  ): Promise<EndpointSet> {
    const set = await retried((options) => this.resolver.lookup(query, options), { signal, timeoutMs }, this.rule);
    if (set.stale) throw new Unconfirmed(set, this.rule.clock.now());
    return set;
  }
}

/**
 * Somebody answered with what nobody confirms (servers without a leader). It is not kept as if it were true: what is known
 * goes before it, marked stale, and it is the answer only where nothing is known.
 */
class Unconfirmed extends ServiceDiscoveryError {
  constructor(
    readonly set: EndpointSet,
    readonly atMs: number,
  ) {
    super('UNAVAILABLE', set.error?.message ?? 'nobody confirms what was answered', { cause: set.error });
  }
}

function loadedOf({ endpoints, index, indexSpace, ageMs }: EndpointSet): Loaded<Endpoints> {
  return { value: endpoints, index, indexSpace, ageMs, negative: endpoints.length === 0 };
}

function setOf(hit: CacheHit<Endpoints>): EndpointSet {
  const { value, index, indexSpace, ageMs, stale } = hit;
  const error = hit.error instanceof Unconfirmed ? (hit.error.set.error ?? hit.error) : hit.error;
  return { endpoints: value, index, indexSpace, ageMs, stale, ...(error === undefined ? {} : { error }) };
}
