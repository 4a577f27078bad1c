/**
 * Rows: what the catalog holds, one interface per kind. Immutable once committed; a changed row is a new object.
 * Names follow the wire names of Consul in camel case. Identity is compared case-insensitively for node and
 * service *names*; ids and keys are case-sensitive.
 */

export type StringMap = Readonly<Record<string, string>>;
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Indexes of this agent's own order. 0 on a row that is not committed yet. Never compared across agents. */
export interface Indexed {
  readonly createIndex: number;
  readonly modifyIndex: number;
}

/** Whose fact it is. `origin` is the UUID of the agent that accepted the row, and the only one that may change it. */
export interface Owned {
  readonly datacenter: string;
  readonly origin: string;
  /**
   * When its origin last registered it, as a hybrid logical clock (sync/hlc.ts): decides between two agents that hold
   * the same identity for theirs. Of nodes and services; absent (0) on checks, and on rows older than clocks.
   */
  readonly hlc?: number;
}

export interface NodeRow extends Indexed, Owned {
  readonly kind: 'node';
  readonly node: string;
  /** UUID, or '' for a node written without one. */
  readonly id: string;
  readonly address: string;
  readonly taggedAddresses: StringMap | null;
  readonly meta: StringMap | null;
}

export interface TaggedAddress {
  readonly Address: string;
  readonly Port: number;
}

export interface Weights {
  readonly Passing: number;
  readonly Warning: number;
}

/** What describes one instance, wherever it is written. */
export interface InstanceFields {
  readonly service: string;
  readonly tags: readonly string[];
  readonly address: string;
  readonly taggedAddresses: Readonly<Record<string, TaggedAddress>> | null;
  readonly meta: StringMap | null;
  readonly port: number;
  readonly socketPath: string;
  readonly weights: Weights;
  readonly enableTagOverride: boolean;
  /** '' for an ordinary service; else connect-proxy, mesh-gateway… Stored and shown, nothing is started. */
  readonly serviceKind: string;
  /** Wire shape of Proxy and Connect as given; null when not given. */
  readonly proxy: Json;
  readonly connect: Json;
  /** {Region, Zone} when given. */
  readonly locality: Json;
}

export interface ServiceRow extends Indexed, Owned, InstanceFields {
  readonly kind: 'service';
  readonly node: string;
  /** Instance id, unique on its node. */
  readonly id: string;
}

export type CheckStatus = 'passing' | 'warning' | 'critical';

export interface CheckRow extends Indexed, Owned {
  readonly kind: 'check';
  readonly node: string;
  readonly checkId: string;
  readonly name: string;
  /**
   * Any word: the catalog stores what a writer gives (docs/contract.md section 3.3); ours are the three of CheckStatus.
   */
  readonly status: string;
  readonly notes: string;
  readonly output: string;
  /** '' for a check of the node itself. */
  readonly serviceId: string;
  readonly serviceName: string;
  readonly serviceTags: readonly string[];
  /** http, tcp, ttl, maintenance…; '' when unknown. */
  readonly type: string;
  /** Durations as shown on the wire. */
  readonly interval: string;
  readonly timeout: string;
  readonly exposedPort: number;
  /** Wire shape of Definition; null shows as {}. */
  readonly definition: Json;
}

/** Our own node's registration of an instance: the authority for its catalog row. Key: id. */
export interface LocalServiceRow extends Indexed, InstanceFields {
  readonly kind: 'local-service';
  readonly id: string;
  readonly token: string;
  /** Came from a config file: replaced as a set on reload, not removable for good over HTTP. */
  readonly fromConfig: boolean;
}

/** Our own node's check definition: the authority for its catalog row. Key: checkId. */
export interface LocalCheckRow extends Indexed {
  readonly kind: 'local-check';
  readonly checkId: string;
  readonly name: string;
  readonly notes: string;
  readonly serviceId: string;
  readonly definition: CheckDefinition;
  /**
   * Durations as shown on the wire (the definition holds what is run): '' when not given inside a service, else '0s'.
   */
  readonly interval: string;
  readonly timeout: string;
  readonly token: string;
  readonly fromConfig: boolean;
}

/** How to test something. Exactly one of the kinds is set by the time it is stored. Durations in milliseconds. */
export interface CheckDefinition {
  readonly type: CheckType;
  /** URL, host:port, host:port/service, container or unit name, service id of an alias; '' for ttl and script. */
  readonly target: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly ttlMs: number;
  readonly method: string;
  /** Write-only, like body: never in reads, logs or the page. */
  readonly header: Readonly<Record<string, readonly string[]>> | null;
  readonly body: string;
  readonly disableRedirects: boolean;
  readonly tlsServerName: string;
  readonly tlsSkipVerify: boolean;
  /** TLS for tcp, grpc, h2ping. */
  readonly useTls: boolean;
  /** script: argument vector, no shell. */
  readonly args: readonly string[];
  readonly shell: string;
  readonly aliasNode: string;
  readonly successBeforePassing: number;
  readonly failuresBeforeWarning: number;
  readonly failuresBeforeCritical: number;
  /** 0 = never. */
  readonly deregisterCriticalServiceAfterMs: number;
  readonly outputMaxSizeBytes: number;
  /** Name of a user-supplied runner when type is 'custom'. */
  readonly runner: string;
}

export type CheckType =
  | 'http'
  | 'tcp'
  | 'udp'
  | 'grpc'
  | 'ttl'
  | 'script'
  | 'alias'
  | 'h2ping'
  | 'docker'
  | 'os_service'
  | 'maintenance'
  | 'custom';

export interface KvRow extends Indexed {
  readonly kind: 'kv';
  /** Keys are byte strings; held here as latin1 ("binary") text so that order by code unit is order by byte. */
  readonly key: string;
  /** Base64 of the value; '' for an empty value (reads as null). */
  readonly value: string;
  /** uint64, so not a number. */
  readonly flags: bigint;
  readonly lockIndex: number;
  /** '' when not held. */
  readonly session: string;
}

export interface SessionRow extends Indexed {
  readonly kind: 'session';
  readonly id: string;
  readonly name: string;
  readonly node: string;
  readonly lockDelayMs: number;
  readonly behavior: 'release' | 'delete';
  /** As given ('' = none); the registry runs the timer. */
  readonly ttl: string;
  readonly nodeChecks: readonly string[];
  /** The older name for node checks, when a client used it: shown apart, counts like them. */
  readonly checks: readonly string[];
  readonly serviceChecks: readonly { readonly ID: string; readonly Namespace: string }[] | null;
}

export interface QueryRow extends Indexed {
  readonly kind: 'query';
  readonly id: string;
  readonly name: string;
  readonly session: string;
  readonly token: string;
  readonly service: PreparedService;
  readonly dnsTtl: string;
  readonly template: { readonly Type: string; readonly Regexp: string; readonly RemoveEmptyTags: boolean } | null;
}

/**
 * Lists and maps are null when the writer gave none: reads show them as they were written (docs/contract.md section
 * 3.10).
 */
export interface PreparedService {
  readonly service: string;
  readonly failover: { readonly nearestN: number; readonly datacenters: readonly string[] | null };
  readonly onlyPassing: boolean;
  readonly ignoreCheckIds: readonly string[] | null;
  readonly near: string;
  readonly tags: readonly string[] | null;
  readonly nodeMeta: StringMap | null;
  readonly serviceMeta: StringMap | null;
  readonly connect: boolean;
}

export interface EventRow extends Indexed {
  readonly kind: 'event';
  readonly id: string;
  readonly name: string;
  /** Base64, '' for none. */
  readonly payload: string;
  readonly nodeFilter: string;
  readonly serviceFilter: string;
  readonly tagFilter: string;
  /** Order of arrival at this agent; also the key's tail, so that the ring is in order. */
  readonly ltime: number;
}

/** A config entry (service-defaults…), a coordinate, or another small named document. */
export interface ConfigRow extends Indexed {
  readonly kind: 'config';
  readonly configKind: string;
  readonly name: string;
  readonly body: Json;
}

/**
 * A small document that sync keeps in the same commits as the rows it speaks of: where a stream stands, who is a member,
 * a record that another origin's hides. No reader of the catalog sees it. Key: id (`stream/…`, `member/…`, `shadow/…`).
 */
export interface SyncDocument extends Indexed {
  readonly kind: 'sync';
  readonly id: string;
  readonly body: Json;
}

export type Row =
  | NodeRow
  | ServiceRow
  | CheckRow
  | LocalServiceRow
  | LocalCheckRow
  | KvRow
  | SessionRow
  | QueryRow
  | EventRow
  | ConfigRow
  | SyncDocument;
export type RowKind = Row['kind'];
export type RowOf<K extends RowKind> = Extract<Row, { kind: K }>;
/** Rows that sync spreads and that have one owner. */
export type CatalogRow = NodeRow | ServiceRow | CheckRow;

export function isCatalogRow(row: Row): row is CatalogRow {
  return row.kind === 'node' || row.kind === 'service' || row.kind === 'check';
}
