import type { CatalogDeregistration, CatalogRegistration } from '../../model/index.js';
import type { ConsulAnswer } from '../answer.js';
import type { ConsulNode, ConsulNodeService, ConsulServiceNode } from '../shapes.js';
import { path } from '../transport/path.js';
import type { Calls } from './calls.js';
import {
  cacheParts,
  instanceParts,
  nodeQuery,
  type ConsulCacheOptions,
  type ConsulCallOptions,
  type ConsulFilterOptions,
  type ConsulInstanceOptions,
  type ConsulNodeOptions,
  type ConsulReadOptions,
} from './options.js';

export interface ConsulNodeServices {
  readonly Node: ConsulNode;
  /** By instance id. */
  readonly Services: Readonly<Record<string, ConsulNodeService>>;
}

export interface ConsulNodeServiceList {
  readonly Node: ConsulNode | null;
  readonly Services: readonly ConsulNodeService[] | null;
}

export interface ConsulGatewayService {
  readonly Gateway: { readonly Name: string };
  readonly Service: { readonly Name: string };
  readonly GatewayKind: string;
  readonly Port?: number;
  readonly Protocol?: string;
}

type FilterOptions = ConsulReadOptions & ConsulFilterOptions;
type NamesOptions = FilterOptions & Pick<ConsulNodeOptions, 'nodeMeta'> & ConsulCacheOptions;
type NodeServiceOptions = FilterOptions & Pick<ConsulInstanceOptions, 'mergeCentralConfig'>;

/** catalog/…: nodes and instances, whoever registered them. */
export class CatalogCalls {
  constructor(private readonly calls: Calls) {}

  /** Writes a node, and an instance or checks of it. Instances of an agent are registered with `agent.register`. */
  register(registration: CatalogRegistration, options: ConsulCallOptions = {}): Promise<boolean> {
    return this.calls.write('PUT', '/v1/catalog/register', options, { body: registration });
  }

  /** Removes an instance, a check, or the whole node. What is not there is removed already. */
  deregister(target: CatalogDeregistration, options: ConsulCallOptions = {}): Promise<boolean> {
    return this.calls.write('PUT', '/v1/catalog/deregister', options, { body: target });
  }

  /** Nearest first. */
  datacenters(options: ConsulCallOptions & ConsulCacheOptions = {}): Promise<ConsulAnswer<string[]>> {
    return this.calls.list('/v1/catalog/datacenters', options, cacheParts(options));
  }

  nodes(options: FilterOptions & ConsulNodeOptions = {}): Promise<ConsulAnswer<ConsulNode[]>> {
    return this.calls.list('/v1/catalog/nodes', options, { query: { ...nodeQuery(options), filter: options.filter } });
  }

  /** Names of services, with all tags of their instances. */
  services(options: NamesOptions = {}): Promise<ConsulAnswer<Record<string, string[]>>> {
    const { query, headers } = cacheParts(options);
    const own = { ...nodeQuery(options), filter: options.filter };
    return this.calls.object('/v1/catalog/services', options, { headers, query: { ...query, ...own } });
  }

  /** The instances of a service, without their health. */
  service(service: string, options: ConsulInstanceOptions = {}): Promise<ConsulAnswer<ConsulServiceNode[]>> {
    return this.calls.list(path`/v1/catalog/service/${{ service }}`, options, instanceParts(options));
  }

  /** The proxies and native instances that take mesh connections for a service. */
  connect(service: string, options: ConsulInstanceOptions = {}): Promise<ConsulAnswer<ConsulServiceNode[]>> {
    return this.calls.list(path`/v1/catalog/connect/${{ service }}`, options, instanceParts(options));
  }

  /** A node with its instances by id; null when there is no such node. */
  node(node: string, options: FilterOptions = {}): Promise<ConsulAnswer<ConsulNodeServices | null>> {
    return this.calls.any(path`/v1/catalog/node/${{ node }}`, options, { query: { filter: options.filter } });
  }

  /** The same as a list; both parts null when there is no such node. */
  nodeServices(node: string, options: NodeServiceOptions = {}): Promise<ConsulAnswer<ConsulNodeServiceList>> {
    return this.calls.object(path`/v1/catalog/node-services/${{ node }}`, options, {
      query: { filter: options.filter, 'merge-central-config': options.mergeCentralConfig },
    });
  }

  /** What a gateway leads to. */
  gatewayServices(gateway: string, options: ConsulReadOptions = {}): Promise<ConsulAnswer<ConsulGatewayService[]>> {
    return this.calls.list(path`/v1/catalog/gateway-services/${{ gateway }}`, options);
  }
}
