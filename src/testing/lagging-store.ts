import type { Change, ChangeSet, CommitOptions, Snapshot, Store } from '../model/index.js';

interface Waiting {
  readonly changes: readonly Change[];
  readonly options: CommitOptions | undefined;
  readonly resolve: (index: Promise<number>) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A store whose disk is as slow as a test wants: commits wait, in order, until they are let through or made to fail.
 * For what happens between a decision and its commit.
 */
export class LaggingStore implements Store {
  private readonly waiting: Waiting[] = [];
  private lagging = false;

  constructor(private readonly inner: Store) {}

  get indexSpace(): string {
    return this.inner.indexSpace;
  }

  get waitingCommits(): number {
    return this.waiting.length;
  }

  /** From now on commits wait. */
  lag(): void {
    this.lagging = true;
  }

  /** Lets the oldest `count` commits through. */
  release(count = Infinity): void {
    for (const { changes, options, resolve } of this.waiting.splice(0, count))
      resolve(this.inner.commit(changes, options));
  }

  /** Everything that waits fails, as on a full disk. */
  fail(error: Error): void {
    for (const { reject } of this.waiting.splice(0)) reject(error);
  }

  /** Commits that come from now on are not held any more. */
  catchUp(): void {
    this.lagging = false;
    this.release();
  }

  commit(changes: readonly Change[], options?: CommitOptions): Promise<number> {
    if (!this.lagging) return this.inner.commit(changes, options);
    return new Promise((resolve, reject) => this.waiting.push({ changes, options, resolve, reject }));
  }

  follow(from: number, signal: AbortSignal): AsyncIterable<Snapshot | ChangeSet> {
    return this.inner.follow(from, signal);
  }

  close(): Promise<void> {
    return this.inner.close();
  }
}
