import type { Json, QueryRequest } from '../../model/index.js';
import type { ConsulAnswer } from '../answer.js';
import type { ConsulServiceEntry } from '../shapes.js';
import { path } from '../transport/path.js';
import type { Calls } from './calls.js';
import { cacheParts, type ConsulCacheOptions, type ConsulCallOptions, type ConsulReadOptions } from './options.js';

/** A stored query: as it was given, with its id. */
export interface ConsulQuery extends QueryRequest {
  readonly ID: string;
}

export interface ConsulQueryResult {
  readonly Service: string;
  readonly Nodes: readonly ConsulServiceEntry[];
  readonly DNS: { readonly TTL: string };
  /** Which datacenter answered. */
  readonly Datacenter: string;
  /** How many others were tried before it. */
  readonly Failovers: number;
}

export interface ConsulExecuteOptions extends ConsulReadOptions, ConsulCacheOptions {
  /** Of instances; default all. */
  readonly limit?: number;
  readonly near?: string;
  /** Proxies and native instances instead. */
  readonly connect?: boolean;
}

/** query/…: searches for a service that are kept by the agents, with failover to other datacenters. */
export class QueryCalls {
  constructor(private readonly calls: Calls) {}

  /** Answers its id. */
  async create(query: QueryRequest, options: ConsulCallOptions = {}): Promise<string> {
    return (await this.calls.write<{ readonly ID: string }>('POST', '/v1/query', options, { body: query })).ID;
  }

  list(options: ConsulReadOptions = {}): Promise<ConsulAnswer<ConsulQuery[]>> {
    return this.calls.list('/v1/query', options);
  }

  /** NOT_FOUND when there is none of that id. */
  async get(id: string, options: ConsulReadOptions = {}): Promise<ConsulAnswer<ConsulQuery>> {
    const answer = await this.calls.list<ConsulQuery>(path`/v1/query/${{ id }}`, options);
    return { ...answer, value: answer.value[0] as ConsulQuery };
  }

  update(id: string, query: QueryRequest, options: ConsulCallOptions = {}): Promise<void> {
    return this.calls.send('PUT', path`/v1/query/${{ id }}`, options, { body: query });
  }

  delete(id: string, options: ConsulCallOptions = {}): Promise<void> {
    return this.calls.send('DELETE', path`/v1/query/${{ id }}`, options);
  }

  /** Runs it, by id or by name. Does not block: its index is always 1. */
  execute(query: string, options: ConsulExecuteOptions = {}): Promise<ConsulAnswer<ConsulQueryResult>> {
    const { limit, near, connect } = options;
    const cache = cacheParts(options);
    return this.calls.object(path`/v1/query/${{ query }}/execute`, options, {
      headers: cache.headers,
      query: { ...cache.query, limit, near, connect: connect === true ? 'true' : undefined },
    });
  }

  /** What a name would run, its template filled in. */
  explain(
    query: string,
    options: ConsulReadOptions = {},
  ): Promise<ConsulAnswer<{ readonly Query: ConsulQuery & Readonly<Record<string, Json>> }>> {
    return this.calls.object(path`/v1/query/${{ query }}/explain`, options);
  }
}
