import type { Catalog } from '../catalog/index.js';
import { decision } from '../catalog/index.js';
import type { ServiceDiscoveryError, Store } from '../model/index.js';
import type { Clock, Logger } from '../runtime/index.js';
import type { Held, Merge } from '../sync/index.js';
import type { CopyTarget } from './copy-stores.js';
import { Feed } from './feed.js';
import { TombstonePruner } from './tombstones.js';

export interface ReplicaOptions {
  /** Of the rows. */
  readonly datacenter: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Facts of other agents that are not of our catalog (a home's state, another datacenter), in a store of their own. */
export class Replica {
  readonly catalog: Catalog;
  /** Of the newest merge handed to the store. */
  private lastIndex: number;

  private constructor(
    readonly target: CopyTarget,
    private readonly feed: Feed,
    clock: Clock,
  ) {
    this.catalog = feed.catalog;
    this.lastIndex = feed.catalog.index;
    const tombstones = new TombstonePruner(feed.catalog, clock);
    feed.beforeClose(() => tombstones.close());
    tombstones.start();
  }

  /** Takes the store over, and closes it. */
  static async over(store: Store, target: CopyTarget, { datacenter, clock, logger }: ReplicaOptions): Promise<Replica> {
    const feed = new Feed(store, { datacenter, logger });
    try {
      await feed.start();
    } catch (error) {
      await feed.close();
      throw error;
    }
    return new Replica(target, feed, clock);
  }

  /** A state copy's indexes are the home's; those of another datacenter's copy are its store's own. */
  get indexSpace(): string {
    return this.target.type === 'state' ? this.target.space : this.feed.store.indexSpace;
  }

  get held(): Held {
    const { target, catalog } = this;
    return { target, ...catalog.rows(), documents: catalog.documents() };
  }

  async merge({ changes, durability, at }: Merge): Promise<void> {
    await this.feed.writer.decide(() => {
      const index = this.indexFor(at);
      return { ...decision(undefined, changes), source: 'merge', durability, at: index };
    });
  }

  /** A copy of a home's state has no index of its own: documents alone go to the one before. */
  private indexFor(at: number | undefined): number | undefined {
    if (this.target.type !== 'state') return at;
    this.lastIndex = Math.max(this.lastIndex, at ?? 0);
    return at ?? this.lastIndex;
  }

  /** The disk failed. */
  onFatal(listener: (error: ServiceDiscoveryError) => void): void {
    this.feed.events.on('fatal', listener);
  }

  close(): Promise<void> {
    return this.feed.close();
  }
}
