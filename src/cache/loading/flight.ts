import { ServiceDiscoveryError } from '../../model/index.js';
import type { CacheHit, CallOptions } from '../../model/index.js';
import { onAbort } from '../../runtime/index.js';
import type { Clock } from '../../runtime/index.js';

/** One load of one key, and the calls that wait for it. Aborted when the last of them gives up. */
export class Flight<V> {
  readonly abort = new AbortController();
  readonly waiters = new Set<Waiter<V>>();
  /** Goes on without anybody waiting. */
  background = false;
  /** Has taken so long that who has something to serve does not wait for it. */
  overdue = false;
  ended = false;

  /** `startedAt`: its place in the order of the cache's events. */
  constructor(readonly startedAt: number) {}

  /** Nobody is to join it, and its value is not wanted but by those who wait already. */
  abandon(): void {
    this.background = false;
    this.abortUnlessAwaited();
  }

  leave(waiter: Waiter<V>): void {
    this.waiters.delete(waiter);
    this.abortUnlessAwaited();
  }

  isAborted(): boolean {
    return this.abort.signal.aborted;
  }

  private abortUnlessAwaited(): void {
    if (this.waiters.size === 0 && !this.background && !this.ended)
      this.abort.abort(new ServiceDiscoveryError('ABORTED', 'nobody waits for this load any more'));
  }
}

/** One call that waits. Settled once; lets go of its timer and its signal then. */
export class Waiter<V> {
  private cancelTimer: (() => void) | undefined;
  private stopListening: (() => void) | undefined;

  constructor(
    /** Wants what a load brings, and no older value before that load has failed. */
    readonly fresh: boolean,
    private readonly resolve: (hit: CacheHit<V>) => void,
    private readonly reject: (error: unknown) => void,
  ) {}

  /** `onEnd` is called when the call's time is up or its caller gives up; it settles the waiter. */
  bound(
    clock: Clock,
    { signal, timeoutMs }: CallOptions,
    onEnd: (why: 'aborted' | 'timeout', signal: AbortSignal | undefined) => void,
  ): void {
    if (timeoutMs !== undefined) this.cancelTimer = clock.after(timeoutMs, () => onEnd('timeout', signal));
    this.stopListening = onAbort(signal, () => onEnd('aborted', signal));
  }

  succeed(hit: CacheHit<V>): void {
    this.release();
    this.resolve(hit);
  }

  fail(error: unknown): void {
    this.release();
    this.reject(error);
  }

  private release(): void {
    this.cancelTimer?.();
    this.stopListening?.();
  }
}
