import type { EndpointSet } from './endpoint.js';

/** What can be given to every call that waits for somebody. */
export interface CallOptions {
  /** Ends the call with ABORTED. */
  readonly signal?: AbortSignal;
  /** Milliseconds for the whole call, retries included; then TIMEOUT. Each call states its default. */
  readonly timeoutMs?: number;
}

/** Which endpoints are wanted. Two queries with equal fields are the same query. */
export interface ServiceQuery {
  readonly service: string;
  /** Default: the backend's own. */
  readonly datacenter?: string;
  /** All of them, any case. */
  readonly tags?: readonly string[];
  /** Filter expression over the fields of a health query (docs/http.md). */
  readonly filter?: string;
  /** Sort by distance from this node; `_agent`: from the agent asked. */
  readonly near?: string;
  /** Only instances whose checks, and whose node's, all pass. */
  readonly onlyPassing: boolean;
  /** Default: the backend's default mode. */
  readonly consistency?: 'default' | 'stale' | 'consistent';
}

/**
 * Names to endpoints. Implementations: Consul's HTTP API, DNS, a registry in this process, a fixed list; layers over
 * them are resolvers too. One exam for all: `resolverSuite` in `./testing`.
 */
export interface Resolver {
  /** What of a query is understood; a query that asks for anything else is refused with UNSUPPORTED. */
  readonly supports: ResolverAbilities;
  /**
   * Asks once. An empty set means that there is none. Rejects when nobody could be asked: UNAVAILABLE, TIMEOUT, or the
   * refusal's own code. `timeoutMs`: 5 s.
   */
  lookup(query: ServiceQuery, options?: CallOptions): Promise<EndpointSet>;
  /**
   * The full set now and after every change of it, until the signal aborts, which ends the iteration without an error.
   * Equal sets are not repeated, but for one that becomes stale or fresh again. The world's failures never end it: while
   * nobody can be asked the last known set is yielded again, once, marked stale with the `error`, and asking goes on;
   * while none is known yet nothing is yielded and `onError` is told. Throws only what trying again cannot mend:
   * INVALID_ARGUMENT, UNSUPPORTED, and CLOSED when the backend's owner closed it.
   */
  watch(query: ServiceQuery, signal: AbortSignal, options?: WatchOptions): AsyncIterable<EndpointSet>;
}

export interface ResolverAbilities {
  readonly datacenter: boolean;
  readonly tags: boolean;
  readonly filter: boolean;
  readonly near: boolean;
  readonly consistency: boolean;
  /** `push`: told at once; `poll`: found out at the next look. */
  readonly watch: 'push' | 'poll';
  /** What a watch gave last holds until it gives another, being in this process: the age of such a set is 0. */
  readonly live?: boolean;
}

export interface WatchOptions {
  /** Told of every failed attempt, whether or not a set is known. Must not throw. */
  readonly onError?: (error: Error) => void;
  /** Told when the last set is confirmed unchanged, with the index it has now. Must not throw. */
  readonly onConfirmed?: (confirmed: { readonly index: number; readonly indexSpace: string }) => void;
  /** Longest wait of one standing request, ms. Push resolvers only. */
  readonly waitMs?: number;
  /** Time between two looks, ms. Poll resolvers only. */
  readonly intervalMs?: number;
}

/** Of a resolver that understands everything. */
export const allAbilities: ResolverAbilities = {
  datacenter: true,
  tags: true,
  filter: true,
  near: true,
  consistency: true,
  watch: 'push',
};
