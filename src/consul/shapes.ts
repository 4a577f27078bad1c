import type { Json, StringMap } from '../model/index.js';

/** The shapes that several endpoints answer with (docs/contract.md section 2), as they are on the wire. */
interface Indexed {
  readonly CreateIndex: number;
  readonly ModifyIndex: number;
}

export interface ConsulNode extends Indexed {
  /** '' for nodes without one. */
  readonly ID: string;
  readonly Node: string;
  readonly Address: string;
  readonly Datacenter: string;
  readonly TaggedAddresses: StringMap | null;
  readonly Meta: StringMap | null;
}

export interface ConsulWeights {
  readonly Passing: number;
  readonly Warning: number;
}

export interface ConsulServiceAddress {
  readonly Address: string;
  readonly Port: number;
}

export interface ConsulLocality {
  readonly Region?: string;
  readonly Zone?: string;
}

interface ServiceFields {
  readonly Kind?: string;
  readonly ID: string;
  readonly Service: string;
  readonly Address: string;
  readonly SocketPath?: string;
  readonly TaggedAddresses?: Readonly<Record<string, ConsulServiceAddress>> | null;
  readonly Weights: ConsulWeights;
  readonly EnableTagOverride: boolean;
  readonly Proxy?: Json;
  readonly Connect?: Json;
  readonly Locality?: ConsulLocality | null;
}

/** An instance as its own agent has it. */
export interface ConsulAgentService extends ServiceFields {
  readonly Tags: readonly string[];
  readonly Meta: StringMap;
  readonly Port: number;
  readonly Datacenter?: string;
  /** Of a single one only: what a wait for its change hands in. */
  readonly ContentHash?: string;
}

/** An instance in answers of health and `catalog/node`. */
export interface ConsulNodeService extends ServiceFields, Indexed {
  readonly Tags: readonly string[] | null;
  readonly Meta: StringMap | null;
  /** Left out when 0. */
  readonly Port?: number;
}

/** An instance with its node in one, in answers of `catalog/service`. */
export interface ConsulServiceNode extends Indexed {
  readonly ID: string;
  readonly Node: string;
  readonly Address: string;
  readonly Datacenter: string;
  readonly TaggedAddresses: StringMap | null;
  readonly NodeMeta: StringMap | null;
  readonly ServiceKind: string;
  readonly ServiceID: string;
  readonly ServiceName: string;
  readonly ServiceTags: readonly string[];
  readonly ServiceAddress: string;
  readonly ServiceWeights: ConsulWeights;
  readonly ServiceMeta: StringMap;
  readonly ServicePort: number;
  readonly ServiceSocketPath: string;
  readonly ServiceEnableTagOverride: boolean;
  readonly ServiceTaggedAddresses?: Readonly<Record<string, ConsulServiceAddress>> | null;
  readonly ServiceProxy?: Json;
  readonly ServiceConnect?: Json;
  readonly ServiceLocality?: ConsulLocality | null;
}

export interface ConsulCheck extends Indexed {
  readonly Node: string;
  readonly CheckID: string;
  readonly Name: string;
  /** passing, warning or critical; catalog writers may store any word. */
  readonly Status: string;
  readonly Notes: string;
  readonly Output: string;
  /** '' for a check of the node. */
  readonly ServiceID: string;
  readonly ServiceName: string;
  readonly ServiceTags: readonly string[] | null;
  readonly Type: string;
  readonly Interval?: string;
  readonly Timeout?: string;
  readonly ExposedPort?: number;
  readonly Definition?: Json;
}

/** An instance with its node, its checks and the node's. */
export interface ConsulServiceEntry {
  readonly Node: ConsulNode;
  readonly Service: ConsulNodeService;
  readonly Checks: readonly ConsulCheck[];
}
