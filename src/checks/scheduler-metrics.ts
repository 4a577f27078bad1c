import type { RunEnding } from './check-run.js';

/** Upper bounds of the run-time histogram; the last bucket has none. */
export const DURATION_BUCKETS_MS = [1, 5, 25, 100, 500, 2_500, 10_000] as const;

/** Plain numbers, for a metrics page to read when it is asked. Counters never fall; the rest is the present. */
export interface SchedulerMetrics {
  readonly checks: number;
  readonly inFlight: number;
  /** Due, and waiting for the limits. */
  readonly queued: number;
  readonly started: number;
  readonly finished: number;
  readonly timedOut: number;
  /** Started more than one interval after they were due. */
  readonly late: number;
  /** Ended only by giving up on a runner that ignored its abort. */
  readonly stuck: number;
  /** Sum over all starts of the time between due and start. */
  readonly startDelayMs: number;
  readonly durationMs: number;
  /** Runs that took at most DURATION_BUCKETS_MS[i], not cumulative; one more for the rest. */
  readonly durationBuckets: readonly number[];
  /** Time the event loop was stalled while checks ran. */
  readonly lagMs: number;
}

type Counted = Omit<SchedulerMetrics, 'checks' | 'inFlight' | 'queued' | 'lagMs' | 'durationBuckets'>;

export class SchedulerCounters {
  private readonly counted: { -readonly [Name in keyof Counted]: number } = {
    started: 0,
    finished: 0,
    timedOut: 0,
    late: 0,
    stuck: 0,
    startDelayMs: 0,
    durationMs: 0,
  };
  private readonly durationBuckets = Array.from({ length: DURATION_BUCKETS_MS.length + 1 }, () => 0);

  start(delayMs: number, intervalMs: number): void {
    this.counted.started++;
    this.counted.startDelayMs += delayMs;
    if (delayMs > intervalMs) this.counted.late++;
  }

  finish(durationMs: number, ending: RunEnding): void {
    this.counted.finished++;
    this.counted.durationMs += durationMs;
    if (ending !== 'done') this.counted.timedOut++;
    if (ending === 'stuck') this.counted.stuck++;
    const found = DURATION_BUCKETS_MS.findIndex((boundMs) => durationMs <= boundMs);
    const bucket = found < 0 ? DURATION_BUCKETS_MS.length : found;
    this.durationBuckets[bucket] = (this.durationBuckets[bucket] ?? 0) + 1;
  }

  read(): Counted & { readonly durationBuckets: readonly number[] } {
    return { ...this.counted, durationBuckets: [...this.durationBuckets] };
  }
}
