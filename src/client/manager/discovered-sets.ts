import {
  type CacheHit,
  type EndpointSet,
  type LoadingCache,
  type Resolver,
  type ServiceEndpoint,
  type ServiceQuery,
} from '../../model/index.js';
import { queryKey } from '../query.js';
import type { OpenedCache } from './endpoint-cache.js';
import { retried, type RetryRule } from './retried.js';

export type EndpointCache = LoadingCache<readonly ServiceEndpoint[]>;

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
    private readonly rule: RetryRule,
  ) {}

  /** What is known and fresh, without waiting. */
  peek(key: string): EndpointSet | undefined {
    const hit = this.opened?.cache.peek(key);
    return hit && setOf(hit);
  }

  async get(query: ServiceQuery, key: string, options: AskOptions): Promise<EndpointSet> {
    const { timeoutMs, signal, fresh = false } = options;
    if (!this.opened) return this.ask(query, signal, timeoutMs);
    const { cache, prepared } = this.opened;
    await prepared;
    const hit = await cache.get(
      key,
      async (loading) => {
        const set = await this.ask(query, loading, timeoutMs);
        return {
          value: set.endpoints,
          index: set.index,
          indexSpace: set.indexSpace,
          negative: set.endpoints.length === 0,
        };
      },
      { signal, timeoutMs, fresh },
    );
    return setOf(hit);
  }

  /** A set that a watch brought. With a stale one, what is cached is not confirmed any more either. */
  learn(query: ServiceQuery, { endpoints, index, indexSpace, stale }: EndpointSet): void {
    const key = queryKey(query);
    if (stale) this.opened?.cache.invalidate(key);
    else this.opened?.cache.put(key, { value: endpoints, index, indexSpace, negative: endpoints.length === 0 });
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

  private ask(query: ServiceQuery, signal: AbortSignal | undefined, timeoutMs: number): Promise<EndpointSet> {
    return retried((options) => this.resolver.lookup(query, options), { signal, timeoutMs }, this.rule);
  }
}

function setOf(hit: CacheHit<readonly ServiceEndpoint[]>): EndpointSet {
  const { value, index, indexSpace, ageMs, stale, error } = hit;
  return { endpoints: value, index, indexSpace, ageMs, stale, ...(error === undefined ? {} : { error }) };
}
