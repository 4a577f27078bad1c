import { notFound, ServiceDiscoveryError } from '../model/index.js';
import type {
  CatalogView,
  Cluster,
  ClusterMember,
  ConflictReport,
  Contact,
  Home,
  Keyring,
  SyncReport,
} from '../model/index.js';

/**
 * A cluster whose every fact a test sets: for tests of what HTTP, DNS and command line show of one. By itself an agent
 * alone that is its own home.
 */
export class FakeCluster implements Cluster {
  readonly home: FakeHome;
  keyring: Keyring | undefined;
  contacted: Contact = { known: true, lastContactMs: 0 };
  known: ClusterMember[];
  conflicts: readonly ConflictReport[] = [];
  parts: Partial<SyncReport> = {};
  /** Other datacenters, nearest first. */
  readonly others = new Map<string, CatalogView>();
  /** What was asked of it: `join 10.0.0.2`. */
  readonly asked: string[] = [];
  /** Addresses at which nobody is to be met. */
  readonly refused = new Set<string>();
  private readonly listeners = new Set<() => void>();

  constructor(
    private readonly own: CatalogView,
    private readonly space: () => string = () => 'space',
    self: Partial<ClusterMember> = {},
  ) {
    const { node = 'n1' } = self;
    this.home = new FakeHome(node, own, space);
    this.known = [memberOf(node, { isSelf: true, isHome: true, datacenter: own.datacenter, ...self })];
  }

  catalogOf(datacenter: string): CatalogView | undefined {
    return datacenter === this.own.datacenter ? this.own : this.others.get(datacenter);
  }

  datacenters(): readonly string[] {
    return [this.own.datacenter, ...this.others.keys()];
  }

  indexSpaceOf(datacenter: string): string {
    return datacenter === this.own.datacenter ? this.space() : `space of ${datacenter}`;
  }

  onReplaced(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** Tells that some catalog is another object now. */
  replaced(): void {
    for (const listener of this.listeners) listener();
  }

  contact(): Contact {
    return this.contacted;
  }

  peers(): readonly string[] {
    return this.known.map(({ address }) => `${address}:8300`);
  }

  members(): readonly ClusterMember[] {
    return this.known;
  }

  ownerOf(node: string): ClusterMember | undefined {
    const row = this.own.node(node);
    return row && this.known.find(({ origin }) => origin === row.origin);
  }

  async join(address: string, { wan = false } = {}): Promise<void> {
    if (this.refused.has(address)) throw new ServiceDiscoveryError('UNAVAILABLE', 'nobody listens there');
    this.asked.push(`join ${address}${wan ? ' wan' : ''}`);
  }

  async leave(): Promise<void> {
    this.asked.push('leave');
  }

  async forceLeave(node: string, { prune = false, wan = false } = {}): Promise<void> {
    if (!this.known.some((member) => member.node === node)) throw notFound(`agent: No node found with name '${node}'`);
    this.asked.push(`force-leave ${node}${prune ? ' prune' : ''}${wan ? ' wan' : ''}`);
  }

  report(): SyncReport {
    return {
      self: { origin: 'origin-n1', node: 'n1', datacenter: this.own.datacenter, address: '10.0.0.1:8301' },
      members: this.known,
      peers: [],
      streams: [],
      conflicts: this.conflicts,
      protectedMode: { active: false, reason: '', sinceMs: 0 },
      localHealth: 0,
      eventLoopLagMs: 0,
      counters: {},
      ...this.parts,
    };
  }
}

/** Its own agent's until a test makes it another's. */
export class FakeHome implements Home {
  node: string | undefined;
  isSelf = true;
  address = '127.0.0.1:8300';
  /** How often somebody waited for it to be fresh. */
  freshened = 0;
  freshen: () => Promise<void> = async () => {};

  constructor(
    node: string,
    private current: CatalogView,
    private space: () => string,
  ) {
    this.node = node;
  }

  /** From now on another agent is the home, and this is the copy of what it decided. */
  movesTo(node: string | undefined, copy: CatalogView, space = 'space of the home'): void {
    this.node = node;
    this.isSelf = false;
    this.address = node === undefined ? '' : '10.0.0.2:8300';
    this.current = copy;
    this.space = () => space;
    if (node === undefined) this.freshen = async () => Promise.reject(noLeader());
  }

  leader(): string {
    return this.address;
  }

  catalog(): CatalogView {
    return this.current;
  }

  indexSpace(): string {
    return this.space();
  }

  fresh(): Promise<void> {
    this.freshened += 1;
    return this.freshen();
  }
}

export function noLeader(): ServiceDiscoveryError {
  return new ServiceDiscoveryError('NOT_READY', 'No cluster leader');
}

export function memberOf(node: string, fields: Partial<ClusterMember> = {}): ClusterMember {
  return {
    origin: `origin-${node}`,
    node,
    datacenter: 'dc1',
    address: '10.0.0.1',
    port: 8301,
    state: 'alive',
    reason: '',
    version: '0.1.0',
    protocol: { min: 1, max: 1, used: 1 },
    incarnation: 1_704_067_200_000,
    lagVersions: 0,
    lastContactMs: 0,
    localHealth: 0,
    isSelf: false,
    isHome: false,
    ...fields,
  };
}
