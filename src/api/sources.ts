import { contactWith } from '../model/index.js';
import type { CatalogView, Cluster, Contact } from '../model/index.js';
import { refusal } from './core/errors.js';

/**
 * Where a read is answered from: our own catalog, what we know of another datacenter, or the state of the home, which is
 * our own catalog again or a copy. Asked anew each time, because a copy may be begun anew while somebody waits on it.
 */
export interface ReadSource {
  readonly datacenter: string;
  /** Of our own datacenter, so that what is prepared for everybody serves it. */
  readonly isLocal: boolean;
  /** Undefined when there is nothing any more to answer from. Cheap: waiting reads compare it. */
  find(): CatalogView | undefined;
  /** Throws what a read is refused with when there is none. */
  catalog(): CatalogView;
  /** In which the indexes of `catalog` mean something. */
  indexSpace(): string;
  contact(): Contact;
  /**
   * Resolves when `catalog` is as new as whoever decides it was at the call; rejects when that cannot be known. Absent, or
   * undefined, where the catalog may be read as it is.
   */
  readonly confirm?: () => Promise<void> | undefined;
}

/** The sources of one agent. */
export class ReadSources {
  readonly local: ReadSource;
  /** The state of the home as it is known here. */
  readonly home: ReadSource;
  /** The same, as new as the home itself. */
  readonly freshHome: ReadSource;

  constructor(
    own: CatalogView,
    private readonly cluster: Cluster,
    indexSpace: () => string,
  ) {
    const { datacenter } = own;
    const { home } = cluster;
    this.local = {
      datacenter,
      isLocal: true,
      find: () => own,
      catalog: () => (own.ready ? own : noLeader()),
      indexSpace,
      contact: () => cluster.contact(),
    };
    this.home = {
      datacenter,
      isLocal: true,
      find: () => home.catalog(),
      catalog: () => (home.catalog().ready ? home.catalog() : noLeader()),
      indexSpace: () => home.indexSpace(),
      contact: () => contactWithHome(cluster),
    };
    // The home has just been asked, or is this agent, so nothing is older than the answer.
    this.freshHome = {
      ...this.home,
      contact: () => KNOWN,
      confirm: () => (home.isSelf ? undefined : home.fresh()),
    };
  }

  /** '' is ours. Throws for one that nobody here heard of. */
  of(datacenter: string): ReadSource {
    const { cluster, local } = this;
    if (datacenter === '' || datacenter === local.datacenter) return local;
    const find = (): CatalogView | undefined => {
      const catalog = cluster.catalogOf(datacenter);
      return catalog?.ready === true ? catalog : undefined;
    };
    return {
      datacenter,
      isLocal: false,
      find,
      catalog: () => find() ?? noPath(),
      indexSpace: () => cluster.indexSpaceOf(datacenter),
      contact: () => contactWith(cluster, datacenter, local.datacenter),
    };
  }
}

const KNOWN: Contact = { known: true, lastContactMs: 0 };

function contactWithHome(cluster: Cluster): Contact {
  const { home } = cluster;
  if (home.isSelf) return KNOWN;
  const member = cluster.members().find(({ isHome }) => isHome);
  return { known: home.leader() !== '', lastContactMs: member?.lastContactMs ?? 0 };
}

/** In the contract's words (docs/contract.md section 1.4). */
export function noPath(): never {
  throw refusal(500, 'No path to datacenter');
}

/** Nothing answers as if it knew before the first snapshot is applied. */
function noLeader(): never {
  throw refusal(500, 'No cluster leader', 'NOT_READY');
}
