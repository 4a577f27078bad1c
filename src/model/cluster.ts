import type { CatalogView } from './view.js';

/**
 * What the agents of a datacenter, and those of others, are to the faces of one of them: HTTP, DNS, CLI, metrics.
 * Implemented by `sync` for an agent with a peer port, and by `aloneCluster` for one without. Everything but the
 * promises is synchronous and cheap: reads ask it for every answer.
 */
export interface Cluster {
  /** The committed state of a datacenter as this agent knows it; undefined for one it never heard of. */
  catalogOf(datacenter: string): CatalogView | undefined;
  /** Every known datacenter, nearest first: our own, then by measured round trip, then by name. */
  datacenters(): readonly string[];
  /** Index space of reads of `catalogOf(datacenter)`. */
  indexSpaceOf(datacenter: string): string;
  /**
   * Calls back when `catalogOf`, or `catalog` of the home, has become another object than it was: a copy begun anew or
   * dropped, another home. Whoever waits for a change of the old one would wait in vain. Returns the unsubscribe,
   * harmless twice.
   */
  onReplaced(listener: () => void): () => void;
  /** Key-values, sessions, events, prepared queries, configuration: facts with one home in a datacenter. */
  readonly home: Home;
  /** Whether catalog and health reads are as good as ever; false in protected mode, with the milliseconds since contact. */
  contact(): Contact;
  /** Servers of this datacenter as `host:port` of Consul's server port: `status/peers`. */
  peers(): readonly string[];
  members(): readonly ClusterMember[];
  /** Whose fact a node is: for `explain` and the `Owner` of members. undefined when the node is unknown. */
  ownerOf(node: string): ClusterMember | undefined;
  /** Resolves once connected to that agent; rejects with UNAVAILABLE and the reason, CONFLICT when refused. */
  join(address: string, options?: { readonly wan?: boolean }): Promise<void>;
  /** Tells the others that this agent goes for good: its rows leave every catalog. */
  leave(): Promise<void>;
  /** Declares a dead member left. NOT_FOUND `agent: No node found with name '…'`. Prune: the member is forgotten too. */
  forceLeave(node: string, options?: { readonly prune?: boolean; readonly wan?: boolean }): Promise<void>;
  readonly keyring: Keyring | undefined;
  /** What `datapunk sync` and the page show. */
  report(): SyncReport;
}

export interface Contact {
  readonly known: boolean;
  /** 0 while known. */
  readonly lastContactMs: number;
}

/** Where the facts live that only one agent of a datacenter may decide: its own, or a synced copy of another's. */
export interface Home {
  /** Node name of the home; undefined when there is none. */
  readonly node: string | undefined;
  readonly isSelf: boolean;
  /** `host:port` of its server port for `status/leader`; '' when there is none or it cannot be reached. */
  leader(): string;
  /** The home's own catalog, or this agent's copy. */
  catalog(): CatalogView;
  indexSpace(): string;
  /**
   * Resolves when `catalog()` is at least as new as the home was when this was called: what default and consistent reads
   * wait for; at once when `isSelf`. Rejects with NOT_READY `No cluster leader` when there is no home or it cannot be reached.
   */
  fresh(): Promise<void>;
}

export type MemberState = 'alive' | 'suspect' | 'dead' | 'leaving' | 'left';

export interface ClusterMember {
  /** UUID of the agent: origin of its rows. */
  readonly origin: string;
  readonly node: string;
  readonly datacenter: string;
  /** Where its peers reach it. */
  readonly address: string;
  readonly port: number;
  readonly state: MemberState;
  /** Why it is not alive, for people; '' when it is. */
  readonly reason: string;
  /** Of this package. */
  readonly version: string;
  readonly protocol: { readonly min: number; readonly max: number; readonly used: number };
  readonly incarnation: number;
  /** Versions of its records that this agent does not have yet, as far as known; 0 for ourselves. */
  readonly lagVersions: number;
  /** Milliseconds since anything was heard of it; 0 for ourselves. */
  readonly lastContactMs: number;
  /** 0 = well … 8 (Lifeguard's local health multiplier), as it says itself. */
  readonly localHealth: number;
  readonly isSelf: boolean;
  readonly isHome: boolean;
}

/** Keys for traffic between agents; base64 of 32 bytes each. */
export interface Keyring {
  readonly keys: readonly string[];
  readonly primary: string;
  /** Known to how many members, by key, as far as heard. */
  counts(): ReadonlyMap<string, number>;
  install(key: string): Promise<void>;
  use(key: string): Promise<void>;
  remove(key: string): Promise<void>;
}

export interface SyncReport {
  readonly self: {
    readonly origin: string;
    readonly node: string;
    readonly datacenter: string;
    readonly address: string;
  };
  readonly members: readonly ClusterMember[];
  readonly peers: readonly PeerReport[];
  readonly streams: readonly StreamReport[];
  readonly conflicts: readonly ConflictReport[];
  readonly protectedMode: { readonly active: boolean; readonly reason: string; readonly sinceMs: number };
  readonly localHealth: number;
  readonly eventLoopLagMs: number;
  /** Counters since the start, by the names of docs/sync.md. */
  readonly counters: Readonly<Record<string, number>>;
}

/** One connection. */
export interface PeerReport {
  readonly origin: string;
  readonly node: string;
  readonly datacenter: string;
  readonly address: string;
  readonly state: 'connected' | 'connecting' | 'waiting';
  readonly rttMs: number | undefined;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  readonly queuedBytes: number;
  readonly droppedFrames: number;
  readonly compression: 'on' | 'off';
  readonly encrypted: boolean;
}

export interface StreamReport {
  readonly origin: string;
  readonly node: string;
  readonly kind: 'catalog' | 'state';
  readonly incarnation: number;
  readonly version: number;
  readonly lagVersions: number;
  readonly lagMs: number;
  readonly records: number;
  readonly tombstones: number;
  readonly oldestTombstoneMs: number;
}

export interface ConflictReport {
  readonly node: string;
  readonly id: string;
  readonly winner: string;
  readonly loser: string;
  readonly reason: string;
}
