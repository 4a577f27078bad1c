import { endpointOf } from '../../../consul/index.js';
import type { HealthEntryFields } from '../../../consul/index.js';
import { allAbilities, hasAllTags, instanceToWire, ServiceDiscoveryError, topic } from '../../../model/index.js';
import type {
  CallOptions,
  EndpointSet,
  InstanceView,
  Resolver,
  ServiceEndpoint,
  ServiceQuery,
  WatchOptions,
} from '../../../model/index.js';
import { checkQuery } from '../check-query.js';
import { levelTriggered } from '../level-triggered.js';
import type { Level } from '../level-triggered.js';
import type { RegistrySource } from './registry-source.js';

/**
 * Answers from a registry in this process, without a socket, and the same as its HTTP API would give: instances are read
 * as they go over the wire. Besides, `lastCheck` is known here for instances whose checks this registry runs.
 */
export class RegistryResolver implements Resolver {
  readonly supports = { ...allAbilities, near: false, live: true };

  constructor(private readonly registry: RegistrySource) {}

  async lookup(query: ServiceQuery, options: CallOptions = {}): Promise<EndpointSet> {
    if (options.signal?.aborted)
      throw new ServiceDiscoveryError('ABORTED', `the lookup of ${query.service} was aborted`);
    const select = this.selection(query);
    if (!this.registry.catalog.ready) throw notReady();
    return this.look(query, select);
  }

  watch(query: ServiceQuery, signal: AbortSignal, options: WatchOptions = {}): AsyncIterable<EndpointSet> {
    const begin = (): Level => {
      const select = this.selection(query);
      const { catalog } = this.registry;
      if (!catalog.ready) options.onError?.(notReady());
      return {
        // The end of its start wakes everybody.
        look: () => (catalog.ready ? this.look(query, select) : undefined),
        subscribe: (wake) => catalog.subscribe(topic.service(query.service), wake),
      };
    };
    return levelTriggered(begin, signal, options);
  }

  private look(query: ServiceQuery, select: Selection): EndpointSet {
    const { index, instances } = this.registry.catalog.serviceView(query.service);
    const endpoints = instances.flatMap((instance) => {
      const endpoint = select(instance);
      return endpoint ? [this.withLastCheck(endpoint, instance)] : [];
    });
    return { endpoints, index, indexSpace: this.registry.indexSpace, ageMs: 0, stale: false };
  }

  private selection(query: ServiceQuery): Selection {
    checkQuery(query, this.supports, 'a registry in this process');
    this.checkDatacenter(query.datacenter);
    const { tags = [], filter = '', onlyPassing } = query;
    const keep = filter === '' ? () => true : this.registry.compileFilter(filter);
    return (instance) => {
      if (onlyPassing && instance.status !== 'passing') return undefined;
      if (!hasAllTags(instance.service.tags, tags)) return undefined;
      const wire = instanceToWire(instance);
      return keep(wire) ? endpointOf(wire as unknown as HealthEntryFields) : undefined;
    };
  }

  private checkDatacenter(asked: string | undefined): void {
    const { datacenter } = this.registry.catalog;
    if (asked === undefined || asked === datacenter) return;
    throw new ServiceDiscoveryError('UNSUPPORTED', `this registry knows datacenter ${datacenter} alone, not ${asked}`);
  }

  /** The latest look at any of its checks, when we are the ones who look. */
  private withLastCheck(endpoint: ServiceEndpoint, { node, checks }: InstanceView): ServiceEndpoint {
    if (node.node !== this.registry.nodeName) return endpoint;
    const times = checks.map(({ checkId }) => this.registry.localCheck(checkId)?.lastResultAt ?? 0);
    const latest = Math.max(0, ...times);
    return latest === 0 ? endpoint : { ...endpoint, lastCheck: new Date(latest) };
  }
}

/** The endpoint of an instance that the query wants. */
type Selection = (instance: InstanceView) => ServiceEndpoint | undefined;

function notReady(): ServiceDiscoveryError {
  return new ServiceDiscoveryError('NOT_READY', 'the registry has not read its store yet');
}
