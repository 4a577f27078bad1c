import type { CheckRow, NodeRow, ServiceRow } from './rows.js';
import type { StateReader } from './state.js';

/** One instance with its node and every check that counts for it: its own and its node's. */
export interface InstanceView {
  readonly node: NodeRow;
  readonly service: ServiceRow;
  /** The instance's checks, then the node's. */
  readonly checks: readonly CheckRow[];
  /**
   * maintenance > critical > warning > passing over `checks`; passing when there is none. Other words count as
   * critical.
   */
  readonly status: 'maintenance' | 'critical' | 'warning' | 'passing';
}

/**
 * A service as it is now. The object is immutable and keeps its identity until something about the service, its
 * checks or its nodes changes, so readers may hang prepared answers on it with a WeakMap.
 */
export interface ServiceView {
  /** As first spelt by a writer. */
  readonly name: string;
  /** The X-Consul-Index of this service's reads; for a service without instances, of docs/contract.md section 1.6. */
  readonly index: number;
  /** Sorted by node name, then instance id. Empty when there is none. */
  readonly instances: readonly InstanceView[];
}

/** What wakes a reader. Made by `topic`, never by hand. */
export type Topic = string & { readonly __topic: true };

/** Names and prefixes are folded by these, so a topic is equal for equal reads. */
export const topic = {
  nodes: 'nodes' as Topic,
  services: 'services' as Topic,
  checks: 'checks' as Topic,
  sessions: 'sessions' as Topic,
  queries: 'queries' as Topic,
  events: 'events' as Topic,
  configs: 'configs' as Topic,
  /** Any change at all. */
  all: 'all' as Topic,
  /** The node, its services and their checks. */
  node: (name: string): Topic => `node:${name.toLowerCase()}` as Topic,
  service: (name: string): Topic => `service:${name.toLowerCase()}` as Topic,
  /** A single key: its write and its deletion. */
  key: (key: string): Topic => `key:${key}` as Topic,
  /** Every write and deletion under the prefix. */
  keyPrefix: (prefix: string): Topic => `prefix:${prefix}` as Topic,
  /** A local definition, added, changed or removed, or its checks added or removed. */
  local: (id: string): Topic => `local:${id}` as Topic,
} as const;

/** An answer of the catalog: the value, its index (never 0), and what to wait on for a newer one. */
export interface Answer<T> {
  readonly value: T;
  readonly index: number;
  readonly topic: Topic;
}

/**
 * What everything reads: HTTP, DNS, watches, metrics, page. One datacenter's committed state at `index`.
 * Every read is synchronous and consistent. Lookups by name fold case.
 */
export interface CatalogView extends StateReader {
  readonly datacenter: string;
  /** The largest index applied. */
  readonly index: number;
  /** False before the first snapshot is applied: then nothing may answer as if it knew. */
  readonly ready: boolean;

  /** Resolves when `index` is applied; at once when it already is. Rejects with CLOSED when the catalog ends first. */
  reached(index: number): Promise<void>;
  /**
   * Calls `wake` after every change set that touches the topic, once per set, after all of the set is applied.
   * `wake` must not throw and should only schedule work. Returns the unsubscribe, harmless twice.
   */
  subscribe(topic: Topic, wake: () => void): () => void;

  /** Never undefined: an unknown service has no instances and the index of docs/contract.md section 1.6. */
  serviceView(name: string): ServiceView;
  hasService(name: string): boolean;
  /** Lower-cased name → spelt name. Cheap: for the services listing and search. */
  serviceNames(): Iterable<string>;
  /**
   * Service name → union of its instances' tags, over the nodes that pass `accepts`. Keeps its identity until it
   * changes when no `accepts` is given.
   */
  serviceTags(accepts?: (node: NodeRow) => boolean): Answer<ReadonlyMap<string, readonly string[]>>;
  allNodes(): Answer<readonly NodeRow[]>;
  nodeView(name: string): Answer<{ readonly node: NodeRow; readonly services: readonly ServiceRow[] } | undefined>;
  nodeChecks(name: string): Answer<readonly CheckRow[]>;
  /** Checks of all instances of a service, without the nodes' own. */
  serviceChecks(name: string): Answer<readonly CheckRow[]>;
  /** 'any' or a status word, any case. */
  checksInState(state: string): Answer<readonly CheckRow[]>;
  kvAnswer(key: string): Answer<import('./rows.js').KvRow | undefined>;
  kvList(prefix: string): Answer<readonly import('./rows.js').KvRow[]>;
  sessionsAnswer(): Answer<readonly import('./rows.js').SessionRow[]>;
  queriesAnswer(): Answer<readonly import('./rows.js').QueryRow[]>;
  configsAnswer(kind?: string): Answer<readonly import('./rows.js').ConfigRow[]>;

  /** Nodes whose Address equals `ip` (reverse DNS), then instances whose service Address equals it; in name order. */
  nodeByAddress(ip: string): NodeRow | undefined;
  serviceByAddress(ip: string): ServiceRow | undefined;

  /** Every row at one index, for snapshots: references gathered synchronously, so later changes do not show. */
  rows(): { readonly index: number; readonly rows: readonly import('./rows.js').Row[] };
  /** For metrics. */
  counts(): {
    readonly nodes: number;
    readonly services: number;
    readonly instances: number;
    readonly checks: number;
    readonly keys: number;
    readonly sessions: number;
  };
}
