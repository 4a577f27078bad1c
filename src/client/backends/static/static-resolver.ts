import { randomUUID } from 'node:crypto';
import { allAbilities, hasAllTags, ServiceDiscoveryError } from '../../../model/index.js';
import type {
  CallOptions,
  EndpointSet,
  Resolver,
  ServiceEndpoint,
  ServiceQuery,
  WatchOptions,
} from '../../../model/index.js';
import { checkQuery } from '../check-query.js';
import { levelTriggered } from '../level-triggered.js';
import type { Level } from '../level-triggered.js';
import { staticEndpoint } from './static-endpoint.js';
import type { StaticEndpoint } from './static-endpoint.js';

/**
 * A list of endpoints by service, given by hand: for tests, and for setups too small for a registry. Names compare without
 * regard to case. `set` changes it, and watches see that at once.
 */
export class StaticResolver implements Resolver {
  readonly supports = { ...allAbilities, filter: false, near: false, live: true };
  private readonly services = new Map<string, readonly ServiceEndpoint[]>();
  private readonly wakes = new Map<string, Set<() => void>>();
  private readonly indexSpace = `static:${randomUUID()}`;
  private index = 1;

  constructor(services: Readonly<Record<string, readonly StaticEndpoint[]>> = {}) {
    for (const [service, endpoints] of Object.entries(services)) this.set(service, endpoints);
  }

  /** The endpoints of a service from now on; an empty list: there is none. INVALID_ARGUMENT, and nothing is changed. */
  set(service: string, endpoints: readonly StaticEndpoint[]): void {
    const key = service.toLowerCase();
    this.services.set(
      key,
      endpoints.map((endpoint) => staticEndpoint(service, endpoint)),
    );
    this.index += 1;
    for (const wake of this.wakes.get(key) ?? []) wake();
  }

  async lookup(query: ServiceQuery, options: CallOptions = {}): Promise<EndpointSet> {
    if (options.signal?.aborted)
      throw new ServiceDiscoveryError('ABORTED', `the lookup of ${query.service} was aborted`);
    checkQuery(query, this.supports, 'a fixed list');
    return this.look(query);
  }

  watch(query: ServiceQuery, signal: AbortSignal, options: WatchOptions = {}): AsyncIterable<EndpointSet> {
    const begin = (): Level => {
      checkQuery(query, this.supports, 'a fixed list');
      return {
        look: () => this.look(query),
        subscribe: (wake) => this.subscribe(query.service.toLowerCase(), wake),
      };
    };
    return levelTriggered(begin, signal, options);
  }

  private look({ service, datacenter, tags = [], onlyPassing }: ServiceQuery): EndpointSet {
    const endpoints = (this.services.get(service.toLowerCase()) ?? []).filter(
      (endpoint) =>
        (!onlyPassing || endpoint.healthy) &&
        (datacenter === undefined || endpoint.datacenter === datacenter) &&
        hasAllTags(endpoint.tags, tags),
    );
    return { endpoints, index: this.index, indexSpace: this.indexSpace, ageMs: 0, stale: false };
  }

  private subscribe(key: string, wake: () => void): () => void {
    const wakes = this.wakes.get(key) ?? new Set();
    this.wakes.set(key, wakes.add(wake));
    return () => {
      wakes.delete(wake);
      if (wakes.size === 0 && this.wakes.get(key) === wakes) this.wakes.delete(key);
    };
  }
}
