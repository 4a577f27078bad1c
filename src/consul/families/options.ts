import type { CallOptions } from '../../model/index.js';
import type { QueryParameters } from '../transport/search.js';

/** Of every call. `timeoutMs`: the client's, 10 s; of a read that is held, that and the time it may be held. */
export interface ConsulCallOptions extends CallOptions {
  /** Instead of the client's own. */
  readonly token?: string;
  /** Default: the one of the agent asked. */
  readonly datacenter?: string;
}

/** Of a read. The fields of a `BlockingTurn` are among them, so that one can be spread into it. */
export interface ConsulReadOptions extends ConsulCallOptions {
  /** Above 0: held until there is something newer, or `waitMs` is over. */
  readonly index?: number | bigint;
  /** Default: the agent's, 5 min; at most 10. */
  readonly waitMs?: number;
  /** The address that gave `index`; elsewhere the read is answered at once. Default: whichever is asked first. */
  readonly indexFrom?: string;
  /** Nobody waits for the answer: held, it does not keep the process alive. Default false. */
  readonly background?: boolean;
  /** `stale`: any server may answer; `consistent`: the leader makes sure that it still is. */
  readonly consistency?: 'default' | 'stale' | 'consistent';
  /** How far behind the leader a stale answer may be, ms. */
  readonly maxStaleMs?: number;
}

/** Of a read whose items can be chosen by an expression (docs/http.md). */
export interface ConsulFilterOptions {
  readonly filter?: string;
}

/** Of a read that the agent may answer from its cache. */
export interface ConsulCacheOptions {
  /** True, or how old the answer may be. */
  readonly cached?:
    | boolean
    | { readonly maxAgeMs?: number; readonly staleIfErrorMs?: number; readonly mustRevalidate?: boolean };
}

/** Of a read about nodes. */
export interface ConsulNodeOptions {
  /** Sort by distance from this node; `_agent`: from the agent asked. */
  readonly near?: string;
  /** Only nodes with all of this metadata. */
  readonly nodeMeta?: Readonly<Record<string, string>>;
}

/** Of reads that list instances of a service. */
export interface ConsulInstanceOptions
  extends ConsulReadOptions, ConsulFilterOptions, ConsulNodeOptions, ConsulCacheOptions {
  /** All of them, any case. */
  readonly tags?: readonly string[];
  /** Proxies with the defaults of configuration entries. */
  readonly mergeCentralConfig?: boolean;
}

interface Parts {
  readonly query: QueryParameters;
  readonly headers: Readonly<Record<string, string>>;
}

export function nodeQuery({ near, nodeMeta }: ConsulNodeOptions): QueryParameters {
  return { near, 'node-meta': nodeMeta && Object.entries(nodeMeta).map(([key, value]) => `${key}:${value}`) };
}

export function instanceParts(options: ConsulInstanceOptions): Parts {
  const { tags, filter, mergeCentralConfig } = options;
  const { query, headers } = cacheParts(options);
  const own = { tag: tags, filter, 'merge-central-config': mergeCentralConfig };
  return { headers, query: { ...query, ...nodeQuery(options), ...own } };
}

export function cacheParts({ cached = false }: ConsulCacheOptions): Parts {
  if (typeof cached === 'boolean') return { query: { cached }, headers: {} };
  const directives = [
    ...seconds('max-age', cached.maxAgeMs),
    ...seconds('stale-if-error', cached.staleIfErrorMs),
    ...(cached.mustRevalidate === true ? ['must-revalidate'] : []),
  ];
  return {
    query: { cached: true },
    headers: directives.length === 0 ? {} : { 'cache-control': directives.join(', ') },
  };
}

function seconds(name: string, ms: number | undefined): string[] {
  return ms === undefined ? [] : [`${name}=${Math.ceil(ms / 1_000)}`];
}
