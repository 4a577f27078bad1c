import type { Change, ChangeSet, Precondition, Snapshot } from './change.js';

export interface CommitOptions {
  /** Rows that must still be as the decision saw them. Only a store with other writers can find otherwise: CONFLICT. */
  readonly when?: Precondition;
  /**
   * 'synced' (default): on disk before the promise resolves. 'lazy': same order and index, written with the next synced
   * batch. 'volatile': same order and index, never written: after a restart rows are as if it had not been. What was
   * written of a row shows again then; a later commit of the row replaces both.
   */
  readonly durability?: 'synced' | 'lazy' | 'volatile';
  /**
   * For a copy of another agent's order: commit at this index, and take every row's indexes as they are. CONFLICT when
   * the index is not above the last one; it may be the last one when nothing but documents of sync is committed, which no
   * reader sees. What is lost of a copy by a crash comes again, so its index then is that of what is on disk.
   */
  readonly at?: number;
}

/**
 * Where changes become facts. One writer. Order of calls to `commit` is the order of indexes.
 *
 * - `commit` resolves with the index when the changes are durable; concurrent commits share one sync (group commit).
 *   It rejects with CONFLICT when `when` does not hold (nothing written), with UNAVAILABLE when the disk failed: the
 *   store then accepts nothing more (a failed sync is never retried, docs/store.md) and `follow` ends with the same error.
 * - `follow` yields what is committed, in index order, our own commits included: a Snapshot first when `from` is 0 or
 *   compacted away, then ChangeSets. It never yields what is not durable (lazy commits excepted).
 * - Rows of a Snapshot carry their indexes. A row's createIndex survives re-puts; it is new after a deletion.
 * - After a crash the next index is above every index ever yielded (but that of a copy, see `at`).
 * - `close` lets commits under way finish, ends followers, releases the lock; harmless twice.
 */
export interface Store {
  /** New for every store that starts empty or is restored: the space in which its indexes mean something. */
  readonly indexSpace: string;
  commit(changes: readonly Change[], options?: CommitOptions): Promise<number>;
  follow(from: number, signal: AbortSignal): AsyncIterable<Snapshot | ChangeSet>;
  close(): Promise<void>;
}
