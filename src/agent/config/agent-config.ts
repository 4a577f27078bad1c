import type { CheckRegistration, RegistrationPolicyConfig, ServiceRegistration, StringMap } from '../../model/index.js';
import type { NetworkAddress } from '../../runtime/index.js';
import type { ListenAddress } from './listen.js';
import type { SyncSettings } from '../../sync/index.js';
import type { RawConfig } from './schema/index.js';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';

/** What a running agent is made from: every value decided, units in the names. */
export interface AgentConfig {
  /** In memory, on loopback, nothing written. */
  readonly dev: boolean;
  readonly datacenter: string;
  readonly nodeName: string;
  /** Given by the configuration; else read from the data dir, or made anew. */
  readonly nodeId: string | undefined;
  readonly nodeMeta: StringMap;
  /** The node's Address in the catalog. */
  readonly advertiseAddress: string;
  /** undefined with `dev`. */
  readonly dataDir: string | undefined;
  readonly pidFile: string | undefined;
  readonly log: { readonly level: LogLevel; readonly json: boolean };
  readonly listen: {
    readonly http: readonly ListenAddress[];
    readonly https: readonly ListenAddress[];
    readonly dns: readonly ListenAddress[];
    readonly dnsTls: readonly ListenAddress[];
    readonly dnsHttps: readonly ListenAddress[];
    /** File mode of unix sockets; undefined = as the umask leaves it. */
    readonly socketMode: number | undefined;
  };
  readonly peers: PeerConfig;
  readonly tls: TlsFiles | undefined;
  readonly dns: DnsConfig;
  readonly http: HttpConfig;
  readonly checks: CheckConfig;
  readonly sessionTtlMinMs: number;
  readonly snapshots: { readonly intervalMs: number; readonly retain: number; readonly directory: string } | undefined;
  readonly services: readonly ServiceRegistration[];
  readonly nodeChecks: readonly CheckRegistration[];
  readonly registrationPolicy: RegistrationPolicyConfig | undefined;
  /** Only whether `/v1/agent/metrics?format=prometheus` answers: nothing is kept. */
  readonly prometheusRetentionMs: number;
}

/** The other agents: where they reach this one, whom it looks for, how facts travel. */
export interface PeerConfig {
  /** undefined: no peer port. */
  readonly listen: NetworkAddress | undefined;
  /** Somebody wants that port or those peers: when it is taken the agent does not start. Else it runs alone. */
  readonly isAsked: boolean;
  /** What peers are told instead of the address listened on. */
  readonly advertise: string | undefined;
  readonly join: readonly NetworkAddress[];
  /** Of other datacenters. */
  readonly joinWan: readonly NetworkAddress[];
  /** Base64 of 32 bytes each; the first encrypts. None: what peers say is not encrypted. */
  readonly keys: readonly string[];
  /** '' = none. */
  readonly primaryNode: string;
  readonly rejoinAfterLeave: boolean;
  /** Signals that leave for good. Another one stops, and means to come back. */
  readonly leaveOn: { readonly SIGTERM: boolean; readonly SIGINT: boolean };
  readonly settings: SyncSettings;
}

export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
}

export interface DnsConfig {
  readonly domain: string;
  readonly altDomain: string;
  readonly recursors: readonly string[];
  readonly nodeTtlMs: number;
  readonly serviceTtlMs: ReadonlyMap<string, number>;
  readonly onlyPassing: boolean;
  readonly enableTruncate: boolean;
  readonly udpAnswerLimit: number;
  readonly aRecordLimit: number;
  readonly disableCompression: boolean;
  readonly nodeMetaTxt: boolean;
  readonly recursorStrategy: 'sequential' | 'random';
  readonly recursorTimeoutMs: number;
  /** Seconds. */
  readonly soa: { readonly refresh: number; readonly retry: number; readonly expire: number; readonly minTtl: number };
  readonly records: NonNullable<NonNullable<RawConfig['dns_config']>['records']>;
  /** 0 = off. */
  readonly responsesPerSecond: number;
  readonly cookies: boolean;
}

export interface HttpConfig {
  readonly responseHeaders: StringMap;
  readonly allowedHosts: readonly string[];
  readonly maxConnections: number;
  readonly maxConnectionsPerClient: number;
  readonly kvValueBytes: number;
  readonly txnBytes: number;
  readonly requestLimits: {
    readonly mode: 'disabled' | 'permissive' | 'enforcing';
    /** Requests a second; -1 = without limit. */
    readonly readRate: number;
    readonly writeRate: number;
  };
}

export interface CheckConfig {
  /** Scripts registered over HTTP. */
  readonly enableScripts: boolean;
  /** Scripts in configuration files. */
  readonly enableLocalScripts: boolean;
  readonly updateIntervalMs: number;
  readonly outputMaxBytes: number;
  readonly discardOutput: boolean;
  readonly minDeregisterAfterMs: number;
  readonly allowedNetworks: readonly string[];
  readonly damping: boolean;
}
