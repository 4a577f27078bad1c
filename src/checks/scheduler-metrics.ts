import type { RunEnding } from './check-run.js';

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
  /** Sum over all finished runs. */
  readonly durationMs: number;
  /** Time the event loop was stalled while checks ran. */
  readonly lagMs: number;
}

type Counted = Omit<SchedulerMetrics, 'checks' | 'inFlight' | 'queued' | 'lagMs'>;

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
  }

  read(): Counted {
    return { ...this.counted };
  }
}
