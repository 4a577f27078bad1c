import type { DohHandler } from '../dns/index.js';
import type { Cluster, Policy, RegistryHandle, Row } from '../model/index.js';
import type { Clock, Logger, Random } from '../runtime/index.js';

/** Everything HTTP needs from the agent it is the face of. */
export interface HttpApiDependencies {
  readonly handle: RegistryHandle;
  /** The other agents, and what this one knows through them. */
  readonly cluster: Cluster;
  readonly policy: Policy;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly agent: AgentFacts;
  readonly actions: AgentActions;
  readonly snapshots: SnapshotArchive;
  readonly settings: HttpSettings;
  /** Plain counters of every room, read when somebody scrapes. */
  readonly metrics: () => Iterable<Metric>;
  /** DNS over HTTPS at /dns-query; absent when it is not served. */
  readonly dnsQuery?: DohHandler;
  /** Metadata keys kept out of searches. Default: none. */
  readonly isPrivateKey?: (key: string) => boolean;
}

/** What the agent knows about itself. */
export interface AgentFacts {
  /** Ours, shown beside the contract's version. */
  readonly version: string;
  readonly revision: string;
  /** Wall-clock milliseconds. */
  readonly startedAtWall: number;
  /** The space our indexes mean something in; new after a restore. */
  indexSpace(): string;
  /** The running configuration without secrets. */
  debugConfig(): object;
  /** Why the agent is not ready yet; empty when it is. */
  unready(): readonly string[];
}

/** What can be asked of the whole agent. Rejections become 500 with their text. */
interface AgentActions {
  /** Reads the configuration again. */
  reload(): Promise<void>;
  /** Leaves gracefully and stops; resolves when that has begun. */
  leave(): Promise<void>;
  /** Hands over each log line of at least this level until the returned function is called. */
  monitor(level: LogLevel, json: boolean, write: (line: string) => void): () => void;
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';

/** Snapshots as files. Implemented by the store. */
interface SnapshotArchive {
  write(snapshot: { readonly index: number; readonly rows: readonly Row[] }): AsyncIterable<Uint8Array>;
  /**
   * Its rows, and the node whose agent made it. Rejects with INVALID_ARGUMENT, in the contract's words, when the bytes are
   * no whole archive.
   */
  read(bytes: AsyncIterable<Uint8Array>): Promise<{ readonly rows: readonly Row[]; readonly node: string }>;
}

export interface HttpSettings {
  /** Added to every answer (`http_config.response_headers`). */
  readonly responseHeaders: Readonly<Record<string, string>>;
  /** Host names, besides IP addresses and localhost, that a browser's page may reach us by. */
  readonly allowedHosts: readonly string[];
  /** Sockets in all, and from one address that is neither loopback nor a unix socket. */
  readonly maxConnections: number;
  readonly maxConnectionsPerClient: number;
  readonly requestLimits: RequestLimits;
  readonly kvMaxValueBytes: number;
  readonly txnMaxBytes: number;
  /** Whether `agent/metrics?format=prometheus` answers (Consul: only when a retention time is set). */
  readonly prometheus: boolean;
}

/** Requests a second, in all; -1 = without limit. 'permissive' only logs. */
export interface RequestLimits {
  readonly mode: 'disabled' | 'permissive' | 'enforcing';
  readonly readRate: number;
  readonly writeRate: number;
}

export interface Metric {
  /** Prometheus' rules for names and units: `discovery_dns_queries_total`. */
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  readonly value: number;
  readonly labels?: Readonly<Record<string, string>>;
}
