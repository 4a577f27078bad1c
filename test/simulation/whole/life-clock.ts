import type { Clock } from '../../../src/runtime/index.js';
import type { EventQueue, Timer } from '../world/event-queue.js';

/** The process whose clock it is: nothing fires while it stands still, nor ever again once it is over. */
export interface Process {
  isStalled: boolean;
  isOver: boolean;
}

/** The clock of one life of an agent, on the time of its world. */
export class LifeClock implements Clock {
  private late: (() => void)[] = [];

  constructor(
    private readonly queue: EventQueue,
    private readonly process: Process,
    private readonly monotonicBaseMs: number,
    private readonly wallOffsetMs: () => number,
  ) {}

  now(): number {
    return this.monotonicBaseMs + this.queue.nowMs;
  }

  wall(): number {
    return this.wallOffsetMs() + this.queue.nowMs;
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

  after(ms: number, happen: () => void): () => void {
    let isCancelled = false;
    const timer: Timer = this.queue.after(Math.max(0, ms), () => {
      if (this.process.isOver || isCancelled) return;
      if (this.process.isStalled) this.late.push(() => isCancelled || happen());
      else happen();
    });
    return () => {
      isCancelled = true;
      timer.cancel();
    };
  }

  /** What fell due while the process stood still. */
  catchUp(): void {
    const late = this.late;
    this.late = [];
    for (const happen of late) happen();
  }
}
