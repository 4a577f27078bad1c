import { randomUUID } from 'node:crypto';
import { limits, ServiceDiscoveryError } from '../../model/index.js';
import type { Change, ChangeSet, CommitOptions, Snapshot, Store } from '../../model/index.js';
import type { Clock } from '../../runtime/index.js';
import { ChangeFeed } from '../change-feed.js';
import type { FeedBounds, Place } from '../change-feed.js';
import { assertHolds, changeKeys, closedError, indexOf, isRestore } from '../changes.js';
import { followFeed } from '../follow.js';
import type { Start } from '../follow.js';
import { encodeCommit } from './encode-commit.js';
import type { Engine, Op } from './engine.js';
import { GroupCommit } from './group-commit.js';
import type { Queued } from './group-commit.js';
import { decoding, textsOf } from './load.js';
import type { Loaded } from './load.js';
import { encodeState, rowKey, STATE_KEY } from './records.js';
import type { StoreState } from './records.js';
import { Tally } from './tally.js';
import { Versions } from './versions.js';
import { VolatileRows } from './volatile-rows.js';

export interface EmbeddedStoreParts {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly lazyDelayMs: number;
  readonly history: FeedBounds | undefined;
  /** Told of every batch on disk, before its acknowledgement. */
  acknowledging(batch: number): void;
  /** What went wrong with a write, for people. */
  explain(error: unknown): ServiceDiscoveryError;
  onFatal(error: ServiceDiscoveryError): void;
  /** After everything is written and the engine is closed. */
  released(): void;
}

type Durability = NonNullable<CommitOptions['durability']>;

interface Commit extends Queued {
  readonly set: ChangeSet;
  readonly ops: readonly Op[];
  /** Of the store once this commit is written. */
  readonly tally: Tally;
  /** The index space from this commit on. */
  readonly space: string;
  resolve(index: number): void;
}

/** Durable on local disk. The commit path is `commit` → `GroupCommit` → `write` → `publish`. */
export class EmbeddedStore implements Store {
  private readonly feed: ChangeFeed;
  private readonly group: GroupCommit<Commit>;
  private readonly versions: Versions;
  private readonly volatileRows = new VolatileRows();
  /** As of the newest commit taken in, written or not. */
  private readonly tally: Tally;
  private lastIndex: number;
  private lastSpace: string;
  /** As of the last batch written. */
  private state: StoreState;
  /** Of followers: `lastSpace` once its commit is shown. */
  private shownSpace: string;
  /** What was loaded, for the first follower; let go once it is given or out of date. */
  private loaded: readonly string[] | undefined;
  private closing: Promise<void> | undefined;

  constructor(
    { state, texts }: Loaded,
    private readonly parts: EmbeddedStoreParts,
  ) {
    const { engine, clock, lazyDelayMs } = parts;
    this.state = state;
    this.lastIndex = state.ceiling;
    this.lastSpace = state.space;
    this.shownSpace = state.space;
    this.tally = new Tally(state.tally.count, state.tally.sum);
    this.loaded = texts;
    this.feed = new ChangeFeed(this.lastIndex, parts.history);
    this.versions = new Versions(engine);
    this.group = new GroupCommit<Commit>({
      clock,
      lazyDelayMs,
      write: (batch) => this.write(batch),
      // A copy's index is not ours to guard: what a crash loses of it comes again.
      mayRunAhead: ({ set }) => set.keepIndexes === true || set.index <= this.state.ceiling,
      publish: (commits) => this.publish(commits),
      onFailure: (error) => this.failed(error as ServiceDiscoveryError),
    });
  }

  get indexSpace(): string {
    return this.shownSpace;
  }

  async commit(changes: readonly Change[], options: CommitOptions = {}): Promise<number> {
    if (this.closing) throw closedError();
    const keys = changeKeys(changes);
    const { when } = options;
    if (when) this.reading(() => assertHolds(when, (key) => this.versions.seen(rowKey(key))?.modifyIndex ?? 0));
    const index = indexOf(this.lastIndex, changes, options);
    const restores = isRestore(changes, options);
    const ops = this.reading(() => encodeCommit(changes, keys, index, options, this.versions, this.tally));
    this.lastIndex = index;
    if (restores) this.lastSpace = randomUUID();
    const keepIndexes = options.at !== undefined && ({ keepIndexes: true } as const);
    return this.enqueue({ type: 'changes', index, changes, ...keepIndexes }, ops, options.durability ?? 'synced');
  }

  follow(from: number, signal: AbortSignal): AsyncIterable<Snapshot | ChangeSet> {
    return followFeed(this.feed, from, signal, () => this.snapshot());
  }

  close(): Promise<void> {
    this.closing ??= this.shutDown();
    return this.closing;
  }

  private enqueue(set: ChangeSet, ops: readonly Op[], durability: Durability): Promise<number> {
    const space = this.lastSpace;
    const tally = new Tally(this.tally.count, this.tally.sum);
    const how = { lazy: durability !== 'synced', volatile: durability === 'volatile' };
    return new Promise((resolve, reject) => {
      this.group.add({ set, ops, tally, space, ...how, sizeBytes: sizeOf(ops), resolve, reject });
    });
  }

  private publish(commits: readonly Commit[]): void {
    this.loaded = undefined;
    this.shownSpace = commits.at(-1)?.space ?? this.shownSpace;
    for (const { ops, volatile } of commits) this.volatileRows.show(ops, volatile);
    this.feed.publish(commits.map(({ set }) => set));
    for (const { set, resolve } of commits) resolve(set.index);
  }

  private async write(batch: readonly Commit[]): Promise<void> {
    const last = batch.at(-1) as Commit;
    const state = this.stateAfter(last);
    try {
      await this.parts.engine.write(operations(batch, state));
      this.parts.acknowledging(state.batch);
    } catch (error) {
      throw this.parts.explain(error);
    }
    this.state = state;
    for (const { ops, set, volatile } of batch) if (!volatile) this.versions.settle(ops, set.index);
  }

  private stateAfter({ set, tally, space }: Commit): StoreState {
    const { index } = set;
    // Raised well before it is reached, so that lazy commits need not wait for it.
    const low = this.state.ceiling < index + limits.storeIndexReserve / 2;
    const raised = low ? index + limits.storeIndexReserve : this.state.ceiling;
    const ceiling = set.keepIndexes ? index : raised;
    return { index, ceiling, batch: this.state.batch + 1, space, tally };
  }

  private async snapshot(): Promise<Start | undefined> {
    if (this.closing) return undefined;
    const { loaded } = this;
    this.loaded = undefined;
    if (loaded) return startOf(this.feed.index, loaded, this.feed.end);
    const { pinned, over, index, place } = await this.group.quiet(() => ({
      pinned: this.parts.engine.pin(),
      over: this.volatileRows.copy(),
      index: this.feed.index,
      place: this.feed.end,
    }));
    try {
      return startOf(index, await textsOf(pinned, over), place);
    } catch (error) {
      if (this.closing) return undefined;
      throw error;
    } finally {
      await pinned.release();
    }
  }

  /** What is half taken in when the engine cannot be read must not be written by a later commit. */
  private reading<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (error instanceof ServiceDiscoveryError) throw error;
      const failure = this.parts.explain(error);
      this.group.stop(failure);
      throw failure;
    }
  }

  private failed(error: ServiceDiscoveryError): void {
    this.feed.fail(error);
    this.parts.onFatal(error);
  }

  private async shutDown(): Promise<void> {
    try {
      await this.group.quiet(() => {});
      await this.settleCeiling();
    } catch {
      // It failed before, and everybody concerned has been told.
    }
    this.feed.close();
    await this.parts.engine.close();
    this.parts.released();
  }

  /** After a clean stop the next index follows directly. */
  private async settleCeiling(): Promise<void> {
    const { lastIndex: index, state } = this;
    if (state.ceiling === index) return;
    const settled = { ...state, index, ceiling: index, batch: state.batch + 1 };
    await this.parts.engine.write([[STATE_KEY, encodeState(settled)]]);
    this.parts.acknowledging(settled.batch);
  }
}

function startOf(index: number, texts: readonly string[], place: Place): Start {
  return { snapshot: { type: 'snapshot', index, rows: decoding(texts) }, place };
}

function* operations(batch: readonly Commit[], state: StoreState): Iterable<Op> {
  for (const { ops, volatile } of batch) if (!volatile) yield* ops;
  yield [STATE_KEY, encodeState(state)];
}

function sizeOf(ops: readonly Op[]): number {
  let size = 0;
  for (const [key, text] of ops) size += key.length + (text?.length ?? 0);
  return size;
}
