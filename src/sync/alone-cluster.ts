import { ServiceDiscoveryError, notFound } from '../model/index.js';
import type { CatalogView, Cluster, ClusterMember, Contact, Home, Keyring, SyncReport } from '../model/index.js';
import { protocolVersions } from './protocol.js';
import { hostPort, noLeader, serverName } from './server-name.js';

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
  /** False when the data dir has seen other agents, or the configuration names one of them: they may have a home. */
  readonly isHome: boolean;
}

/**
 * A datacenter of one agent. It knows nobody else and is as good a home as any, unless it was once one of several: then
 * another agent may be deciding keys and locks at this moment, and it must not.
 */
export function aloneCluster(agent: AloneAgent): Cluster {
  return new AloneCluster(agent);
}

const KNOWN: Contact = { known: true, lastContactMs: 0 };

class AloneCluster implements Cluster {
  readonly home: Home;
  readonly keyring: Keyring | undefined = undefined;

  constructor(private readonly agent: AloneAgent) {
    const { node, address, catalog, isHome } = agent;
    this.home = {
      node: isHome ? node : undefined,
      isSelf: isHome,
      leader: () => (isHome && catalog.ready ? serverName(address) : ''),
      catalog: () => catalog,
      indexSpace: () => agent.indexSpace(),
      fresh: async () => {
        if (!isHome) throw noLeader();
      },
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
    const { origin, node, address, port, version, catalog, isHome } = this.agent;
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
      isHome,
    };
  }
}
