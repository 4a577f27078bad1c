/**
 * Natural group commit: one synced batch is in flight, and the next one is whatever arrived while it synced; all of a
 * batch are acknowledged together after the sync. Under load a batch grows until syncs keep up, and a lone commit
 * waits for nobody.
 *
 * A lazy commit starts no batch. It is shown and answered at once when everything before it is on disk or lazy itself
 * (order is kept always), and written with the next synced commit or after a delay. A volatile one is a lazy one that is
 * done with once it is shown.
 *
 * A batch that fails ends it all: its outcome on disk is unknown, so nothing may follow it (fsync must not be retried:
 * the kernel may have dropped the very pages it failed on).
 *
 * The queue has no bound of its own: every entry is somebody waiting for an answer, and those are bounded.
 */
import { limits } from '../../model/index.js';
import type { Clock } from '../../runtime/index.js';

export interface Queued {
  /** Volatile commits are lazy. */
  readonly lazy: boolean;
  readonly volatile: boolean;
  readonly sizeBytes: number;
  reject(error: Error): void;
}

export interface GroupCommitOptions<T extends Queued> {
  readonly clock: Clock;
  readonly lazyDelayMs: number;
  /** Resolves when all of it is on disk. */
  write(batch: readonly T[]): Promise<void>;
  /** Shows them to followers and answers their callers. */
  publish(items: readonly T[]): void;
  /** Whether a lazy commit may be shown before it is written. */
  mayRunAhead(item: T): boolean;
  /** Told once. */
  onFailure(error: Error): void;
}

export class GroupCommit<T extends Queued> {
  private queue: T[] = [];
  /** The first so many of the queue are lazy, and shown already. */
  private ahead = 0;
  private flushing = false;
  private running = false;
  /** Something in the batch in flight is not shown yet. */
  private isAwaited = false;
  private failure: Error | undefined;
  private cancelTimer: (() => void) | undefined;
  private whenQuiet: (() => void)[] = [];

  constructor(private readonly options: GroupCommitOptions<T>) {}

  add(item: T): void {
    if (this.failure) return item.reject(this.failure);
    this.queue.push(item);
    if (!item.lazy) return this.start();
    if (!this.isAwaited && this.whenQuiet.length === 0) this.showLazy();
    if (this.queue.length > 0) this.armTimer();
  }

  /** Writes what waits. */
  flush(): void {
    this.flushing = true;
    this.start();
  }

  /** Resolves at a moment when all that was shown is written and no batch is in flight; what then runs synchronously sees it so. */
  quiet<R>(task: () => R): Promise<R> {
    return new Promise((resolve, reject) => {
      this.whenQuiet.push(() => {
        try {
          if (this.failure) throw this.failure;
          resolve(task());
        } catch (error) {
          reject(error);
        }
      });
      this.flush();
    });
  }

  /** Ends it as a failed batch does; one in flight is still acknowledged if it succeeds. */
  stop(error: Error): void {
    if (!this.failure) this.fail(error, []);
  }

  private start(): void {
    if (this.running) return;
    this.running = true;
    // After the current round of I/O: requests that arrived together share the first batch too.
    setImmediate(() => void this.run());
  }

  private async run(): Promise<void> {
    while (!this.failure && this.hasWork()) {
      const batch = this.take();
      if (batch.length > 0) await this.write(batch);
      if (this.ahead === 0) for (const task of this.whenQuiet.splice(0)) task();
      if (!this.failure) this.showLazy();
    }
    this.running = false;
    if (this.queue.length > 0) this.armTimer();
    if (this.failure) for (const task of this.whenQuiet.splice(0)) task();
  }

  private hasWork(): boolean {
    return (
      (this.flushing && this.queue.length > 0) || this.whenQuiet.length > 0 || this.queue.some((item) => !item.lazy)
    );
  }

  private take(): T[] {
    let size = 0;
    let count = 0;
    for (const item of this.queue) {
      size += item.sizeBytes;
      if (count > 0 && size > limits.storeBatchBytes) break;
      count++;
    }
    this.cancelTimer?.();
    this.cancelTimer = undefined;
    const batch = this.queue.splice(0, count);
    if (this.queue.length === 0) this.flushing = false;
    return batch;
  }

  private armTimer(): void {
    this.cancelTimer ??= this.options.clock.after(this.options.lazyDelayMs, () => {
      this.cancelTimer = undefined;
      if (this.queue.length > 0) this.flush();
    });
  }

  private async write(batch: readonly T[]): Promise<void> {
    const shown = Math.min(this.ahead, batch.length);
    this.ahead -= shown;
    this.isAwaited = shown < batch.length;
    try {
      await this.options.write(batch);
    } catch (error) {
      this.fail(error as Error, batch.slice(shown));
      return;
    }
    this.isAwaited = false;
    this.options.publish(batch.slice(shown));
  }

  /** From the head of the queue, as long as nothing before it waits for the disk. */
  private showLazy(): void {
    const shown: T[] = [];
    const next = (): T | undefined => this.queue[this.ahead];
    for (let item = next(); item?.lazy && this.options.mayRunAhead(item); item = next()) {
      shown.push(item);
      if (item.volatile) this.queue.splice(this.ahead, 1);
      else this.ahead++;
    }
    if (shown.length > 0) this.options.publish(shown);
  }

  private fail(error: Error, batch: readonly T[]): void {
    this.failure = error;
    const waiting = [...batch, ...this.queue.splice(0).slice(this.ahead)];
    this.ahead = 0;
    for (const item of waiting) item.reject(error);
    this.options.onFailure(error);
  }
}
