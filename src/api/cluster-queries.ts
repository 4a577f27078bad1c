import { executeQuery, explainQuery, QueryDirectory, wantedInstances } from '../catalog/index.js';
import type { ExecuteContext } from '../catalog/index.js';
import { contactWith } from '../model/index.js';
import type { CatalogView, Cluster, ExecuteOptions, QueryExecution, QueryRow } from '../model/index.js';
import { shuffled, type Random } from '../runtime/index.js';
import { sortByDistance } from './near.js';
import { noPath } from './sources.js';

export interface QueryAgent {
  readonly cluster: Cluster;
  /** Ours. */
  readonly datacenter: string;
  /** The node that `_agent` means. */
  readonly nodeName: string;
  readonly random: Random;
}

/**
 * Prepared queries over all that an agent knows: what they are is the home's to say, here or in a copy; the instances are
 * those of any datacenter, and failover goes on to the others. Running one only reads, so every agent does it itself.
 */
export class ClusterQueries {
  private directory: QueryDirectory | undefined;
  private definedIn: CatalogView | undefined;

  constructor(private readonly agent: QueryAgent) {}

  /** NOT_FOUND `Query not found`. */
  executeQuery(nameOrId: string, options: ExecuteOptions = {}): QueryExecution {
    const { cluster, datacenter } = this.agent;
    const catalog = cluster.catalogOf(options.datacenter || datacenter);
    if (catalog?.ready !== true) noPath();
    return executeQuery(catalog, this.queries(), nameOrId, options, this.context(options));
  }

  explainQuery(nameOrId: string): QueryRow {
    return explainQuery(this.queries(), nameOrId);
  }

  /** Its tables are kept until the home's state is another object. */
  private queries(): QueryDirectory {
    const catalog = this.agent.cluster.home.catalog();
    if (!this.directory || this.definedIn !== catalog) {
      this.directory = new QueryDirectory(catalog);
      this.definedIn = catalog;
    }
    return this.directory;
  }

  private context({ connect }: ExecuteOptions): ExecuteContext {
    const { cluster, datacenter: own, nodeName, random } = this.agent;
    const isKnown = (datacenter: string): boolean => contactWith(cluster, datacenter, own).known;
    return {
      random,
      agentNode: nodeName,
      sortByDistance: (from, instances) => sortByDistance(this.agent, from, instances, ({ node }) => node.node),
      failover: {
        // A site that fell silent may still work, but one that is heard of surely does.
        get datacenters() {
          const all = cluster.datacenters();
          return [...all.filter(isKnown), ...all.filter((datacenter) => !isKnown(datacenter))];
        },
        executeIn: (datacenter, { service }, limit) => {
          const catalog = cluster.catalogOf(datacenter);
          if (catalog?.ready !== true) return [];
          return shuffled(wantedInstances(catalog, service, connect), random).slice(0, limit);
        },
      },
    };
  }
}
