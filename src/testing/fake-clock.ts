import type { Clock } from '../runtime/index.js';

interface Timer {
  readonly dueMs: number;
  readonly order: number;
  readonly fire: () => void;
}

/**
 * Time that moves only when told, for tests of anything that takes a Clock. Timers fire in order of their due time,
 * then of their setting; between two of them every promise already resolved runs on, as it would on a real loop.
 */
export class FakeClock implements Clock {
  private nowMs = 0;
  private wallOffsetMs: number;
  private order = 0;
  private readonly timers = new Set<Timer>();

  constructor(options: { readonly wallMs?: number } = {}) {
    this.wallOffsetMs = options.wallMs ?? Date.UTC(2024, 0, 1);
  }

  now(): number {
    return this.nowMs;
  }

  wall(): number {
    return this.nowMs + this.wallOffsetMs;
  }

  /** How many timers are set: a leak check. */
  get pending(): number {
    return this.timers.size;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      const cancel = this.after(ms, () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      });
      const onAbort = (): void => {
        cancel();
        reject(signal?.reason as Error);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  after(ms: number, fn: () => void): () => void {
    const timer: Timer = { dueMs: this.nowMs + Math.max(0, ms), order: this.order++, fire: fn };
    this.timers.add(timer);
    return () => void this.timers.delete(timer);
  }

  /** Moves on by `ms`, firing what falls due on the way at exactly its time. */
  async advance(ms: number): Promise<void> {
    const until = this.nowMs + ms;
    await settle();
    for (let next = this.nextDue(until); next; next = this.nextDue(until)) {
      this.nowMs = Math.max(this.nowMs, next.dueMs);
      this.timers.delete(next);
      next.fire();
      await settle();
    }
    this.nowMs = until;
  }

  /** Moves on by `ms` with nothing firing, as a blocked event loop does; what fell due fires late, on the next advance. */
  stall(ms: number): void {
    this.nowMs += ms;
  }

  /** The wall clock jumps; monotonic time does not notice. */
  jumpWall(ms: number): void {
    this.wallOffsetMs += ms;
  }

  private nextDue(until: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.timers) {
      if (timer.dueMs > until) continue;
      if (!first || timer.dueMs < first.dueMs || (timer.dueMs === first.dueMs && timer.order < first.order))
        first = timer;
    }
    return first;
  }
}

/** Lets promise chains of any sensible length run to their next timer or socket. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise<void>((resolve) => void setImmediate(resolve));
}
