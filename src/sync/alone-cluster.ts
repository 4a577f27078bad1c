import { ServiceDiscoveryError, notFound } from '../model/index.js';
import type { CatalogView, Cluster, ClusterMember, Contact, Home, Keyring, SyncReport } from '../model/index.js';
import { isLifeDocument } from './loop/incarnation.js';
import type { SyncHost } from './host.js';
import { protocolVersions } from './protocol.js';
import { hostPort, serverName } from './server-name.js';

/** What an agent without a peer port tells of itself. */
export interface AloneAgent {
  readonly origin: string;
  readonly node: string;
  /** Of the node in the catalog, and the port that peers would use. */
  readonly address: string;
  readonly port: number;
  /** Of this package. */
  readonly version: string;
  readonly catalog: CatalogView;
  indexSpace(): string;
}

/** A datacenter of one agent that never met another: it knows nobody, owns what it accepted, and is its own home. */
export function aloneCluster(agent: AloneAgent): Cluster {
  return new AloneCluster(agent);
}

const KNOWN: Contact = { known: true, lastContactMs: 0 };

/**
 * Whether an agent may go on alone: it never met another, and its configuration names no other one as the home. Else
 * somebody may be deciding keys and locks at this moment, and rows here may be facts of others.
 */
export function isLone(host: SyncHost, primaryNode: string): boolean {
  const { nodeName } = host.commands;
  if (primaryNode !== '' && primaryNode.toLowerCase() !== nodeName.toLowerCase()) return false;
  return host.held().every(({ target, documents }) => target.type === 'local' && [...documents].every(isLifeDocument));
}

class AloneCluster implements Cluster {
  readonly home: Home;
  readonly keyring: Keyring | undefined = undefined;

  constructor(private readonly agent: AloneAgent) {
    const { node, address, catalog } = agent;
    this.home = {
      node,
      isSelf: true,
      leader: () => (catalog.ready ? serverName(address) : ''),
      catalog: () => catalog,
      indexSpace: () => agent.indexSpace(),
      fresh: async () => {},
    };
  }

  catalogOf(datacenter: string): CatalogView | undefined {
    return datacenter === this.agent.catalog.datacenter ? this.agent.catalog : undefined;
  }

  datacenters(): readonly string[] {
    return [this.agent.catalog.datacenter];
  }

  indexSpaceOf(): string {
    return this.agent.indexSpace();
  }

  onReplaced(): () => void {
    return () => {};
  }

  contact(): Contact {
    return KNOWN;
  }

  peers(): readonly string[] {
    return this.agent.catalog.ready ? [serverName(this.agent.address)] : [];
  }

  members(): readonly ClusterMember[] {
    return [this.self()];
  }

  ownerOf(node: string): ClusterMember | undefined {
    return this.agent.catalog.node(node)?.origin === this.agent.origin ? this.self() : undefined;
  }

  async join(): Promise<void> {
    throw new ServiceDiscoveryError('UNAVAILABLE', 'this agent has no peer port to meet other agents on', {
      details: { hint: 'Start it with --peer-addr HOST:PORT, or set ports.serf_lan.' },
    });
  }

  async leave(): Promise<void> {}

  async forceLeave(node: string): Promise<void> {
    if (node.toLowerCase() === this.agent.node.toLowerCase()) return;
    throw notFound(`agent: No node found with name '${node}'`);
  }

  report(): SyncReport {
    const { origin, node, address, port, catalog } = this.agent;
    return {
      self: { origin, node, datacenter: catalog.datacenter, address: hostPort(address, port) },
      members: this.members(),
      peers: [],
      streams: [],
      conflicts: [],
      protectedMode: { active: false, reason: '', sinceMs: 0 },
      localHealth: 0,
      eventLoopLagMs: 0,
      counters: {},
    };
  }

  private self(): ClusterMember {
    const { origin, node, address, port, version, catalog } = this.agent;
    return {
      origin,
      node,
      datacenter: catalog.datacenter,
      address,
      port,
      state: 'alive',
      reason: '',
      version,
      protocol: { ...protocolVersions, used: protocolVersions.max },
      incarnation: 0,
      lagVersions: 0,
      lastContactMs: 0,
      localHealth: 0,
      isSelf: true,
      isHome: true,
    };
  }
}
