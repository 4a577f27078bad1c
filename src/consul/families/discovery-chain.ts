import type { Json } from '../../model/index.js';
import type { ConsulAnswer } from '../answer.js';
import { path } from '../transport/path.js';
import type { Calls } from './calls.js';
import { cacheParts, type ConsulCacheOptions, type ConsulCallOptions, type ConsulReadOptions } from './options.js';

export interface ConsulDiscoveryChain {
  readonly ServiceName: string;
  readonly Namespace: string;
  readonly Datacenter: string;
  readonly Protocol: string;
  readonly StartNode: string;
  /** By name. */
  readonly Nodes: Readonly<Record<string, { readonly [field: string]: Json }>>;
  /** By id. */
  readonly Targets: Readonly<Record<string, { readonly [field: string]: Json }>>;
  readonly [field: string]: Json | undefined;
}

export interface ConsulChainOptions extends ConsulReadOptions, ConsulCacheOptions {
  /** As seen from there. */
  readonly compileDatacenter?: string;
}

export interface ConsulChainOverrides {
  readonly OverrideProtocol?: string;
  readonly OverrideConnectTimeout?: string;
  readonly OverrideMeshGateway?: { readonly Mode: string };
}

interface Compiled {
  readonly Chain: ConsulDiscoveryChain;
}

/** discovery-chain/…: what routers, splitters and resolvers of a service come to. */
export class DiscoveryChainCalls {
  constructor(private readonly calls: Calls) {}

  compile(service: string, options: ConsulChainOptions = {}): Promise<ConsulAnswer<Compiled>> {
    const { query, headers } = cacheParts(options);
    const request = { headers, query: { ...query, 'compile-dc': options.compileDatacenter } };
    return this.calls.object(path`/v1/discovery-chain/${{ service }}`, options, request);
  }

  /** What it would come to if these were set. */
  compileWith(
    service: string,
    overrides: ConsulChainOverrides,
    options: ConsulCallOptions & { readonly compileDatacenter?: string } = {},
  ): Promise<Compiled> {
    const request = { query: { 'compile-dc': options.compileDatacenter }, body: overrides };
    return this.calls.write('POST', path`/v1/discovery-chain/${{ service }}`, options, request);
  }
}
