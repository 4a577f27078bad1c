import { constant, type Speed } from './speed.js';

/**
 * Workers that take jobs in order of arrival. Since speeds are known in advance and nothing is ever interrupted, the end
 * of a job follows at its arrival from when each worker becomes free: no queue needs to be kept.
 */
export class Server {
  private readonly freeMs: Float64Array;

  constructor(
    readonly speed: Speed = constant(1),
    /** Answers every request at once with a failure. */
    readonly failing = false,
    workers = 4,
  ) {
    this.freeMs = new Float64Array(workers);
  }

  /** When a job that arrives then would be done. */
  expectedEnd(arrivalMs: number, workMs: number): number {
    return this.speed.finish(Math.max(arrivalMs, this.freeMs[this.firstFree()] as number), workMs);
  }

  take(arrivalMs: number, workMs: number): number {
    const worker = this.firstFree();
    const endMs = this.speed.finish(Math.max(arrivalMs, this.freeMs[worker] as number), workMs);
    this.freeMs[worker] = endMs;
    return endMs;
  }

  private firstFree(): number {
    let first = 0;
    for (let worker = 1; worker < this.freeMs.length; worker++) {
      if ((this.freeMs[worker] as number) < (this.freeMs[first] as number)) first = worker;
    }
    return first;
  }
}
