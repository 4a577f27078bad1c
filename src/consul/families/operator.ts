import type { StringMap } from '../../model/index.js';
import type { ConsulAnswer } from '../answer.js';
import type { Calls } from './calls.js';
import type { ConsulCallOptions, ConsulReadOptions } from './options.js';

export interface ConsulRaftServer {
  readonly ID: string;
  readonly Node: string;
  readonly Address: string;
  readonly Leader: boolean;
  readonly ProtocolVersion: string;
  readonly Voter: boolean;
  readonly LastIndex?: number;
}

export interface ConsulAutopilotConfiguration {
  readonly CleanupDeadServers?: boolean;
  readonly LastContactThreshold?: string;
  readonly MaxTrailingLogs?: number;
  readonly MinQuorum?: number;
  readonly ServerStabilizationTime?: string;
  readonly RedundancyZoneTag?: string;
  readonly DisableUpgradeMigration?: boolean;
  readonly UpgradeVersionTag?: string;
  readonly CreateIndex?: number;
  readonly ModifyIndex?: number;
}

export interface ConsulServerHealth {
  readonly ID: string;
  readonly Name: string;
  readonly Address: string;
  readonly SerfStatus: string;
  readonly Version: string;
  readonly Leader: boolean;
  readonly LastContact: string;
  readonly LastTerm: number;
  readonly LastIndex: number;
  readonly Healthy: boolean;
  readonly Voter: boolean;
  readonly StableSince: string;
}

export interface ConsulAutopilotHealth {
  readonly Healthy: boolean;
  readonly FailureTolerance: number;
  readonly Servers: readonly ConsulServerHealth[] | null;
}

type ServerState = Omit<ConsulServerHealth, 'Leader' | 'Voter'>;

export interface ConsulAutopilotState {
  readonly Healthy: boolean;
  readonly FailureTolerance: number;
  readonly OptimisticFailureTolerance: number;
  /** By id. */
  readonly Servers: Readonly<
    Record<
      string,
      ServerState & { readonly Status: string; readonly NodeType?: string; readonly Meta: StringMap | null }
    >
  >;
  readonly Leader: string;
  readonly Voters: readonly string[];
}

export interface ConsulKeyring {
  readonly WAN: boolean;
  readonly Datacenter: string;
  readonly Segment: string;
  readonly Messages?: StringMap;
  /** Key → how many nodes have it. Not to be logged. */
  readonly Keys: Readonly<Record<string, number>>;
  readonly PrimaryKeys?: Readonly<Record<string, number>>;
  readonly NumNodes: number;
}

export interface ConsulUsage {
  readonly Services: number;
  readonly ServiceInstances: number;
  readonly Nodes: number;
  readonly ConnectServiceInstances: Readonly<Record<string, number>>;
  readonly BillableServiceInstances: number;
}

const AUTOPILOT = '/v1/operator/autopilot/configuration';
const KEYRING = '/v1/operator/keyring';

/** operator/…: the servers themselves. */
export class OperatorCalls {
  constructor(private readonly calls: Calls) {}

  raftConfiguration(
    options: ConsulReadOptions = {},
  ): Promise<ConsulAnswer<{ readonly Servers: readonly ConsulRaftServer[]; readonly Index: number }>> {
    return this.calls.object('/v1/operator/raft/configuration', options);
  }

  /** Removes a server that is gone for good. */
  removePeer(
    peer: { readonly id: string } | { readonly address: string },
    options: ConsulCallOptions = {},
  ): Promise<void> {
    return this.calls.send('DELETE', '/v1/operator/raft/peer', options, { query: { ...peer } });
  }

  autopilotConfiguration(options: ConsulReadOptions = {}): Promise<ConsulAnswer<ConsulAutopilotConfiguration>> {
    return this.calls.object(AUTOPILOT, options);
  }

  /** Whether it was written: without `cas` it is. */
  configureAutopilot(
    configuration: ConsulAutopilotConfiguration,
    options: ConsulCallOptions & { readonly cas?: number } = {},
  ): Promise<boolean> {
    return this.calls.write('PUT', AUTOPILOT, options, { body: configuration, query: { cas: options.cas } });
  }

  /** `Healthy` is false, and the status 429, while the servers are not. */
  autopilotHealth(options: ConsulReadOptions = {}): Promise<ConsulAnswer<ConsulAutopilotHealth>> {
    return this.calls.object('/v1/operator/autopilot/health', options, { accept: [429] });
  }

  autopilotState(options: ConsulReadOptions = {}): Promise<ConsulAnswer<ConsulAutopilotState>> {
    return this.calls.object('/v1/operator/autopilot/state', options);
  }

  /** The keys that gossip is encrypted with. */
  keyring(options: ConsulCallOptions = {}): Promise<ConsulAnswer<ConsulKeyring[]>> {
    return this.calls.list(KEYRING, options);
  }

  installKey(key: string, options: ConsulCallOptions = {}): Promise<void> {
    return this.calls.send('POST', KEYRING, options, { body: { Key: key } });
  }

  /** Makes an installed key the one that is written with. */
  useKey(key: string, options: ConsulCallOptions = {}): Promise<void> {
    return this.calls.send('PUT', KEYRING, options, { body: { Key: key } });
  }

  removeKey(key: string, options: ConsulCallOptions = {}): Promise<void> {
    return this.calls.send('DELETE', KEYRING, options, { body: { Key: key } });
  }

  /** Numbers, by datacenter. Since Consul 1.14. */
  usage(
    options: ConsulReadOptions & { readonly global?: boolean } = {},
  ): Promise<ConsulAnswer<{ readonly Usage: Readonly<Record<string, ConsulUsage>> }>> {
    return this.calls.object('/v1/operator/usage', options, { query: { global: options.global } });
  }
}
