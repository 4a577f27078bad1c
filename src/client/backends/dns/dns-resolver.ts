import { defaults, ServiceDiscoveryError } from '../../../model/index.js';
import type {
  CallOptions,
  EndpointSet,
  Resolver,
  ResolverAbilities,
  ServiceQuery,
  WatchOptions,
} from '../../../model/index.js';
import { DnsServiceDiscovery } from '../../dns/index.js';
import type { DnsConfig, DnsEndpointSet, DnsResolveOptions } from '../../dns/index.js';
import { sameEndpoints } from '../../endpoint-sets.js';
import { checkQuery } from '../check-query.js';
import { preferredEndpoints } from './preferred-endpoints.js';

/**
 * Endpoints out of any DNS. It finds changes out by looking again, knows of tags and datacenters only what names can ask
 * for (`layout: 'consul'`), and of failing instances only that they are not listed: with `onlyPassing: false` it shows the
 * same, and who it could not reach itself (`healthCheck`).
 */
export class DnsResolver implements Resolver, AsyncDisposable {
  readonly supports: ResolverAbilities;
  /** What it asks with. */
  readonly discovery: DnsServiceDiscovery;
  private isClosed = false;

  /** Throws INVALID_ARGUMENT naming every option and server entry that breaks a rule. */
  constructor(config: DnsConfig = {}) {
    this.discovery = new DnsServiceDiscovery(config);
    const isConsul = this.discovery.layout === 'consul';
    this.supports = {
      datacenter: isConsul,
      tags: isConsul,
      filter: false,
      near: false,
      consistency: false,
      watch: 'poll',
    };
  }

  async lookup(
    query: ServiceQuery,
    { signal, timeoutMs = defaults.lookupTimeoutMs }: CallOptions = {},
  ): Promise<EndpointSet> {
    const options = this.optionsOf(query);
    const set = await this.discovery.lookup(query.service, { ...options, timeoutMs, ...(signal && { signal }) });
    // Whoever looks up keeps what it knew itself, and is to hear that nobody confirms it.
    if (set.stale) throw set.error ?? notInTime(query.service);
    return wanted(set, query);
  }

  async *watch(
    query: ServiceQuery,
    signal: AbortSignal,
    options: WatchOptions = {},
  ): AsyncGenerator<EndpointSet, void> {
    const { intervalMs, onError, onConfirmed } = options;
    const sets = this.discovery.watchSets(query.service, {
      ...this.optionsOf(query),
      signal,
      ...(intervalMs !== undefined && { intervalMs }),
      ...(onError && { onError }),
      ...(onConfirmed && { onConfirmed }),
    });
    let told: EndpointSet | undefined;
    for await (const each of sets) {
      const set = wanted(each, query);
      // What changed may be among those that are not preferred.
      if (told && told.stale === set.stale && sameEndpoints(told.endpoints, set.endpoints)) continue;
      told = set;
      yield set;
    }
    if (this.isClosed && !signal.aborted) throw new ServiceDiscoveryError('CLOSED', 'the DNS backend is closed');
  }

  close(): Promise<void> {
    this.isClosed = true;
    return this.discovery.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  private optionsOf(query: ServiceQuery): DnsResolveOptions {
    checkQuery(query, this.supports, 'DNS');
    const { datacenter, tags = [] } = query;
    return { ...(datacenter !== undefined && { datacenter }), ...(tags.length > 0 && { tag: tags }) };
  }
}

function notInTime(service: string): ServiceDiscoveryError {
  const message = `no DNS server confirmed what is known of service ${service} in time`;
  return new ServiceDiscoveryError('TIMEOUT', message, { details: { dns: 'timeout' } });
}

function wanted(set: DnsEndpointSet, { onlyPassing }: ServiceQuery): EndpointSet {
  const { endpoints, index, indexSpace, ageMs, stale, error } = set;
  return {
    endpoints: preferredEndpoints(endpoints, onlyPassing),
    index,
    indexSpace,
    ageMs,
    stale,
    ...(error && { error }),
  };
}
