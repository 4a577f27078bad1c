import type { Readable } from 'node:stream';
import type { CheckRegistration, Json, ServiceRegistration, StringMap } from '../../model/index.js';
import type { ConsulAnswer } from '../answer.js';
import type { ConsulAgentService, ConsulCheck } from '../shapes.js';
import { path } from '../transport/path.js';
import type { Calls } from './calls.js';
import type { ConsulCallOptions, ConsulFilterOptions } from './options.js';

export interface ConsulAgentSelf {
  readonly Config: {
    readonly Datacenter: string;
    readonly PrimaryDatacenter?: string;
    readonly NodeName: string;
    readonly NodeID: string;
    readonly Revision: string;
    readonly Server: boolean;
    readonly Version: string;
  };
  readonly DebugConfig?: Readonly<Record<string, Json>>;
  readonly Coord?: Json;
  readonly Member: ConsulMember | null;
  readonly Stats?: Readonly<Record<string, StringMap>>;
  readonly Meta: StringMap | null;
}

export interface ConsulMember {
  readonly Name: string;
  readonly Addr: string;
  readonly Port: number;
  readonly Tags: StringMap | null;
  /** 1 alive, 2 leaving, 3 left, 4 failed. */
  readonly Status: number;
  readonly ProtocolMin: number;
  readonly ProtocolMax: number;
  readonly ProtocolCur: number;
  readonly DelegateMin: number;
  readonly DelegateMax: number;
  readonly DelegateCur: number;
}

export interface ConsulAgentVersion {
  readonly SHA: string;
  readonly HumanVersion: string;
  readonly FIPS: string;
  /** Of our agents: their own version. */
  readonly DiscoveryVersion?: string;
}

export interface ConsulMetric {
  readonly Name: string;
  readonly Labels?: StringMap | null;
  readonly Value?: number;
  readonly Count?: number;
  readonly Sum?: number;
  readonly Min?: number;
  readonly Max?: number;
  readonly Mean?: number;
  readonly Stddev?: number;
  readonly Rate?: number;
}

export interface ConsulMetrics {
  readonly Timestamp: string;
  readonly Gauges: readonly ConsulMetric[];
  readonly Points: readonly Json[] | null;
  readonly Counters: readonly ConsulMetric[];
  readonly Samples: readonly ConsulMetric[];
}

export interface ConsulAgentHealth {
  readonly AggregatedStatus: string;
  readonly Service: ConsulAgentService | null;
  readonly Checks: readonly ConsulCheck[] | null;
}

export interface RegisterOptions extends ConsulCallOptions {
  /** Checks of an earlier registration go. Default: they stay. */
  readonly replaceExistingChecks?: boolean;
}

/** PUT agent/check/register. */
export type ConsulCheckRegistration = Omit<CheckRegistration, 'CheckID'>;

export interface MonitorOptions extends ConsulCallOptions {
  /** trace, debug, info (the default), warn, error. */
  readonly logLevel?: string;
  /** Lines as JSON. */
  readonly logJson?: boolean;
}

export interface MembersOptions extends ConsulCallOptions, ConsulFilterOptions {
  /** Servers of all datacenters. */
  readonly wan?: boolean;
  readonly segment?: string;
}

export interface AgentServiceOptions extends ConsulCallOptions {
  /** `ContentHash` of what is known: held until it is another, or `waitMs` is over. */
  readonly hash?: string;
  /** Default: the agent's, 5 min. */
  readonly waitMs?: number;
}

/** Names of agent/token/…, the older ones for older agents. */
export type ConsulTokenKind =
  | 'default'
  | 'agent'
  | 'agent_recovery'
  | 'replication'
  | 'config_file_service_registration'
  | 'dns'
  | 'acl_token'
  | 'acl_agent_token'
  | 'acl_agent_master_token'
  | 'acl_replication_token'
  | 'agent_master';

/** Answers that tell a health by their status (429 warning, 503 critical). */
const HEALTH = [404, 429, 503];

/** agent/…: the agent asked, and what is registered with it. */
export class AgentCalls {
  constructor(private readonly calls: Calls) {}

  self(options: ConsulCallOptions = {}): Promise<ConsulAnswer<ConsulAgentSelf>> {
    return this.calls.object('/v1/agent/self', options);
  }

  /** Since Consul 1.12. */
  version(options: ConsulCallOptions = {}): Promise<ConsulAnswer<ConsulAgentVersion>> {
    return this.calls.object('/v1/agent/version', options);
  }

  members(options: MembersOptions = {}): Promise<ConsulAnswer<ConsulMember[]>> {
    const { wan, segment, filter } = options;
    return this.calls.list('/v1/agent/members', options, {
      query: { wan: wan === true ? '1' : undefined, segment, filter },
    });
  }

  /** The machine it runs on. */
  host(options: ConsulCallOptions = {}): Promise<ConsulAnswer<Readonly<Record<string, Json>>>> {
    return this.calls.object('/v1/agent/host', options);
  }

  metrics(options: ConsulCallOptions = {}): Promise<ConsulAnswer<ConsulMetrics>> {
    return this.calls.object('/v1/agent/metrics', options);
  }

  /** The same in Prometheus' text format, where the agent was told to keep it. */
  async prometheusMetrics(options: ConsulCallOptions = {}): Promise<ConsulAnswer<string>> {
    const answer = await this.calls.bytes('/v1/agent/metrics', options, { query: { format: 'prometheus' } });
    return { ...answer, value: answer.value.toString('utf8') };
  }

  /** Its log from now on, as text. Destroy the stream, or abort the signal, to stop. */
  monitor(options: MonitorOptions = {}): Promise<ConsulAnswer<Readable>> {
    const { logLevel, logJson } = options;
    return this.calls.stream('/v1/agent/monitor', options, { query: { loglevel: logLevel, logjson: logJson } });
  }

  /** Makes it read its configuration again. */
  reload(options: ConsulCallOptions = {}): Promise<void> {
    return this.calls.send('PUT', '/v1/agent/reload', options);
  }

  /** Makes it join another agent, `HOST` or `HOST:PORT`. */
  join(address: string, options: ConsulCallOptions & { readonly wan?: boolean } = {}): Promise<void> {
    const query = { wan: options.wan === true ? '1' : undefined };
    return this.calls.send('PUT', path`/v1/agent/join/${{ address }}`, options, { query });
  }

  /** Makes it leave, and stop. */
  leave(options: ConsulCallOptions = {}): Promise<void> {
    return this.calls.send('PUT', '/v1/agent/leave', options);
  }

  /** Declares a member gone; with `prune` it is forgotten too. */
  forceLeave(node: string, options: ConsulCallOptions & { readonly prune?: boolean; readonly wan?: boolean } = {}) {
    const { prune, wan } = options;
    return this.calls.send('PUT', path`/v1/agent/force-leave/${{ node }}`, options, { query: { prune, wan } });
  }

  /** Gives it a token for one of its uses. */
  setToken(kind: ConsulTokenKind, secret: string, options: ConsulCallOptions = {}): Promise<void> {
    return this.calls.send('PUT', path`/v1/agent/token/${{ kind }}`, options, { body: { Token: secret } });
  }

  /** Instances registered with this agent, by id. */
  services(
    options: ConsulCallOptions & ConsulFilterOptions = {},
  ): Promise<ConsulAnswer<Record<string, ConsulAgentService>>> {
    return this.calls.object('/v1/agent/services', options, { query: { filter: options.filter } });
  }

  /** One of them. NOT_FOUND when it is not there, or goes while the call is held. */
  service(id: string, options: AgentServiceOptions = {}): Promise<ConsulAnswer<ConsulAgentService>> {
    return this.calls.object(path`/v1/agent/service/${{ id }}`, options, { hash: options.hash });
  }

  /** Registers an instance, or replaces its definition. */
  register(service: ServiceRegistration, options: RegisterOptions = {}): Promise<void> {
    const query = { 'replace-existing-checks': options.replaceExistingChecks };
    return this.calls.send('PUT', '/v1/agent/service/register', options, { body: service, query });
  }

  /** Removes an instance and its checks. NOT_FOUND when it is not there. */
  deregister(id: string, options: ConsulCallOptions = {}): Promise<void> {
    return this.calls.send('PUT', path`/v1/agent/service/deregister/${{ id }}`, options);
  }

  /** Takes an instance out of discovery, or back. */
  serviceMaintenance(
    id: string,
    enable: boolean,
    options: ConsulCallOptions & { readonly reason?: string } = {},
  ): Promise<void> {
    const query = { enable: String(enable), reason: options.reason };
    return this.calls.send('PUT', path`/v1/agent/service/maintenance/${{ id }}`, options, { query });
  }

  /** The same for the whole node. */
  maintenance(enable: boolean, options: ConsulCallOptions & { readonly reason?: string } = {}): Promise<void> {
    const query = { enable: String(enable), reason: options.reason };
    return this.calls.send('PUT', '/v1/agent/maintenance', options, { query });
  }

  /** Checks registered with this agent, by id, with their newest output. */
  checks(options: ConsulCallOptions & ConsulFilterOptions = {}): Promise<ConsulAnswer<Record<string, ConsulCheck>>> {
    return this.calls.object('/v1/agent/checks', options, { query: { filter: options.filter } });
  }

  registerCheck(check: ConsulCheckRegistration, options: ConsulCallOptions = {}): Promise<void> {
    return this.calls.send('PUT', '/v1/agent/check/register', options, { body: check });
  }

  deregisterCheck(id: string, options: ConsulCallOptions = {}): Promise<void> {
    return this.calls.send('PUT', path`/v1/agent/check/deregister/${{ id }}`, options);
  }

  /** Of a TTL check, as its three sisters. */
  passCheck(id: string, options: ConsulCallOptions & { readonly note?: string } = {}): Promise<void> {
    return this.calls.send('PUT', path`/v1/agent/check/pass/${{ id }}`, options, { query: { note: options.note } });
  }

  warnCheck(id: string, options: ConsulCallOptions & { readonly note?: string } = {}): Promise<void> {
    return this.calls.send('PUT', path`/v1/agent/check/warn/${{ id }}`, options, { query: { note: options.note } });
  }

  failCheck(id: string, options: ConsulCallOptions & { readonly note?: string } = {}): Promise<void> {
    return this.calls.send('PUT', path`/v1/agent/check/fail/${{ id }}`, options, { query: { note: options.note } });
  }

  updateCheck(
    id: string,
    update: { readonly Status: 'passing' | 'warning' | 'critical'; readonly Output?: string },
    options: ConsulCallOptions = {},
  ): Promise<void> {
    return this.calls.send('PUT', path`/v1/agent/check/update/${{ id }}`, options, { body: update });
  }

  /** An instance of this agent with the worst word of its checks; its `Service` is null when it is not there. */
  serviceHealth(id: string, options: ConsulCallOptions = {}): Promise<ConsulAnswer<ConsulAgentHealth>> {
    return this.calls.object(path`/v1/agent/health/service/id/${{ id }}`, options, { accept: HEALTH });
  }

  /** All instances of a name here; an empty list when there is none. */
  servicesHealth(service: string, options: ConsulCallOptions = {}): Promise<ConsulAnswer<ConsulAgentHealth[]>> {
    return this.calls.list(path`/v1/agent/health/service/name/${{ service }}`, options, { accept: HEALTH });
  }
}
