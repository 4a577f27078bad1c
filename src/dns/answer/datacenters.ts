import { contactWith } from '../../model/index.js';
import type { CatalogView, Cluster } from '../../model/index.js';

/** The datacenters whose names lead somewhere: ours, and those that our agent knows through others. */
export interface Datacenters {
  readonly own: string;
  /** Its name as its agents spell it, of one in lower case; undefined when nobody here heard of it. */
  named(label: string): string | undefined;
  /** Undefined when it cannot be answered of. */
  catalogOf(datacenter: string): CatalogView | undefined;
  /** Whether what we know of it may be out of date. */
  isStale(datacenter: string): boolean;
}

/** Without a cluster there is ours alone. */
export function datacentersOf(catalog: CatalogView, cluster: Cluster | undefined): Datacenters {
  const own = catalog.datacenter;
  const ownLabel = own.toLowerCase();
  const elsewhere = (label: string): string | undefined =>
    cluster?.datacenters().find((datacenter) => datacenter.toLowerCase() === label);
  return {
    own,
    named: (label) => (label === ownLabel ? own : elsewhere(label)),
    catalogOf: (datacenter) => {
      if (datacenter === own) return catalog;
      const known = cluster?.catalogOf(datacenter);
      return known?.ready === true ? known : undefined;
    },
    isStale: (datacenter) => cluster !== undefined && !contactWith(cluster, datacenter, own).known,
  };
}
