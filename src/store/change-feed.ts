/**
 * What is committed, in order, for any number of followers at their own pace.
 *
 * Followers share one bounded history and each holds only its place in it, so a slow one costs nothing and is never
 * waited for: when its place has left the history it is told so, and starts again from a fresh snapshot (etcd's
 * `watchable_store` does the same with its unsynced watchers).
 */
import { limits } from '../model/index.js';
import type { ChangeSet } from '../model/index.js';

/** A place in the history: the ordinal of the next change set. */
export type Place = number;

export interface FeedBounds {
  /** Change sets kept beyond the current turn of the event loop. */
  readonly sets: number;
  /** Changes kept, over all sets. */
  readonly changes: number;
}

const DEFAULT_BOUNDS: FeedBounds = { sets: limits.storeHistorySets, changes: limits.storeHistoryChanges };

export class ChangeFeed {
  /** The first `dropped` entries are emptied and wait to be cut off. */
  private history: (ChangeSet | undefined)[] = [];
  /** Ordinal of `history[0]`. */
  private firstPlace = 0;
  private dropped = 0;
  private heldChanges = 0;
  private trimming = false;
  /** The index just before the oldest set kept: who is there can still resume. */
  private floorIndex: number;
  private lastIndex: number;
  private ended = false;
  private failure: Error | undefined;
  private readonly waiting = new Set<() => void>();

  constructor(
    startIndex: number,
    private readonly bounds: FeedBounds = DEFAULT_BOUNDS,
  ) {
    this.floorIndex = startIndex;
    this.lastIndex = startIndex;
  }

  /** Of the newest set published; before the first, where the store started. */
  get index(): number {
    return this.lastIndex;
  }

  get end(): Place {
    return this.firstPlace + this.history.length;
  }

  publish(sets: readonly ChangeSet[]): void {
    for (const set of sets) {
      this.history.push(set);
      this.lastIndex = set.index;
      this.heldChanges += set.changes.length;
    }
    this.wake();
    this.trimSoon();
  }

  /** Where a follower goes on that has seen everything up to `index`; undefined when that cannot be told any more. */
  placeAfter(index: number): Place | undefined {
    if (index < this.floorIndex || index > this.lastIndex) return undefined;
    let low = this.dropped;
    let high = this.history.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.history[middle] as ChangeSet).index <= index) low = middle + 1;
      else high = middle;
    }
    return this.firstPlace + low;
  }

  /** Resolves with the set at `place`, 'lost' when it has left the history, 'ended' after `close`. Rejects after `fail`. */
  async at(place: Place, signal: AbortSignal): Promise<ChangeSet | 'lost' | 'ended'> {
    for (;;) {
      if (signal.aborted) return 'ended';
      if (place < this.firstPlace + this.dropped) return 'lost';
      const set = this.history[place - this.firstPlace];
      if (set) return set;
      if (this.failure) throw this.failure;
      if (this.ended) return 'ended';
      await this.change(signal);
    }
  }

  /** Followers see what is published, then this error. */
  fail(error: Error): void {
    this.failure ??= error;
    this.wake();
  }

  close(): void {
    this.ended = true;
    this.wake();
  }

  private change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.waiting.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.waiting.add(done);
      signal.addEventListener('abort', done, { once: true });
    });
  }

  private wake(): void {
    for (const done of this.waiting) done();
  }

  /** Not before followers had their turn: one that keeps up misses nothing, however much comes at once. */
  private trimSoon(): void {
    if (this.trimming) return;
    this.trimming = true;
    setImmediate(() => this.trim());
  }

  private trim(): void {
    this.trimming = false;
    while (this.overfull()) {
      const oldest = this.history[this.dropped] as ChangeSet;
      this.heldChanges -= oldest.changes.length;
      this.floorIndex = oldest.index;
      this.history[this.dropped] = undefined;
      this.dropped++;
    }
    // Cut in large pieces: shifting one by one would cost the whole length each time.
    if (this.dropped <= this.bounds.sets) return;
    this.history = this.history.slice(this.dropped);
    this.firstPlace += this.dropped;
    this.dropped = 0;
  }

  private overfull(): boolean {
    const kept = this.history.length - this.dropped;
    return kept > this.bounds.sets || (this.heldChanges > this.bounds.changes && kept > 0);
  }
}
