import type { Change, ChangeSet, CommitOptions, Snapshot, Store } from '../../../src/model/index.js';
import type { Clock } from '../../../src/runtime/index.js';
import { ChangeFeed } from '../../../src/store/change-feed.js';
import { closedError } from '../../../src/store/changes.js';
import { followFeed } from '../../../src/store/follow.js';
import type { Disk } from '../world/disk.js';

/** The simulated disk as a store of the product. A synced commit takes its time, and those behind it wait. */
export class DiskStore implements Store {
  private readonly feed: ChangeFeed;
  private before: Promise<unknown> = Promise.resolve();
  private isClosed = false;

  constructor(
    readonly indexSpace: string,
    private readonly disk: Disk,
    private readonly clock: Clock,
    private readonly syncMs: () => number,
  ) {
    this.feed = new ChangeFeed(disk.lastIndex);
  }

  commit(changes: readonly Change[], options: CommitOptions = {}): Promise<number> {
    if (this.isClosed) return Promise.reject(closedError());
    const committed = this.before.then(() => this.write(changes, options));
    this.before = committed.catch(() => {});
    return committed;
  }

  follow(from: number, signal: AbortSignal): AsyncIterable<Snapshot | ChangeSet> {
    return followFeed(this.feed, from, signal, async () => {
      const snapshot: Snapshot = { type: 'snapshot', index: this.feed.index, rows: this.disk.held() };
      return this.isClosed ? undefined : { snapshot, place: this.feed.end };
    });
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await this.before;
    this.disk.sync();
    this.feed.close();
  }

  private async write(changes: readonly Change[], options: CommitOptions): Promise<number> {
    const { durability = 'synced', at } = options;
    if (durability === 'synced') await this.clock.sleep(this.syncMs());
    const index = this.disk.commit(changes, { durability, at });
    this.feed.publish([{ type: 'changes', index, changes, ...(at !== undefined && { keepIndexes: true }) }]);
    if (durability === 'lazy') this.clock.after(LAZY_MS, () => this.disk.sync());
    return index;
  }
}

const LAZY_MS = 50;
