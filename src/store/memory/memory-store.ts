import { randomUUID } from 'node:crypto';
import { refKey, refOf } from '../../model/index.js';
import type { Change, ChangeSet, CommitOptions, Row, Snapshot, Store } from '../../model/index.js';
import { ChangeFeed } from '../change-feed.js';
import type { FeedBounds } from '../change-feed.js';
import { assertHolds, changeKeys, closedError, indexesOf, indexOf, isRestore } from '../changes.js';
import { followFeed } from '../follow.js';

export interface MemoryStoreOptions {
  /** What to start with; empty when not given. */
  readonly snapshot?: { readonly index: number; readonly rows: Iterable<Row> };
  readonly history?: FeedBounds;
}

/** Nothing outlives the process: for tests, `agent --dev` and the embedded registry. Every commit is done at once. */
export function openMemoryStore(options: MemoryStoreOptions = {}): Store {
  return new MemoryStore(options);
}

class MemoryStore implements Store {
  private readonly rows = new Map<string, Row>();
  private readonly feed: ChangeFeed;
  private space: string = randomUUID();
  private closed = false;

  constructor({ snapshot, history }: MemoryStoreOptions) {
    for (const row of snapshot?.rows ?? []) this.rows.set(refKey(refOf(row)), row);
    this.feed = new ChangeFeed(snapshot?.index ?? 0, history);
  }

  get indexSpace(): string {
    return this.space;
  }

  async commit(changes: readonly Change[], options: CommitOptions = {}): Promise<number> {
    if (this.closed) throw closedError();
    if (options.when) assertHolds(options.when, (key) => this.rows.get(key)?.modifyIndex ?? 0);
    const keys = changeKeys(changes);
    const index = indexOf(this.feed.index, changes, options);
    if (isRestore(changes, options)) this.space = randomUUID();
    changes.forEach((change, at) => this.apply(change, keys[at] as string, index, options));
    this.feed.publish([{ type: 'changes', index, changes, ...(options.at !== undefined && { keepIndexes: true }) }]);
    return index;
  }

  follow(from: number, signal: AbortSignal): AsyncIterable<Snapshot | ChangeSet> {
    return followFeed(this.feed, from, signal, async () => {
      if (this.closed) return undefined;
      const snapshot: Snapshot = { type: 'snapshot', index: this.feed.index, rows: [...this.rows.values()] };
      return { snapshot, place: this.feed.end };
    });
  }

  async close(): Promise<void> {
    this.closed = true;
    this.feed.close();
  }

  private apply(change: Change, key: string, index: number, options: CommitOptions): void {
    if (change.op === 'delete') {
      this.rows.delete(key);
      return;
    }
    const { createIndex, modifyIndex } = indexesOf(change, this.rows.get(key), index, options);
    this.rows.set(key, { ...change.row, createIndex, modifyIndex });
  }
}
