import type { CheckDefinition, CheckRunner } from '../model/index.js';
import { defaults } from '../model/index.js';
import type { CheckRun } from './check-run.js';
import type { Queued } from './run-queue.js';
import { firstDelay, type FirstRun, fractionOf, intervalOf, pause } from './schedule.js';
import { targetKey } from './target.js';

/** One check in the scheduler's hands: when it runs next, and its run when there is one. */
export class ScheduledCheck implements Queued {
  readonly fraction: number;
  readonly intervalMs: number;
  readonly target: string;
  readonly firstDue: number;
  dueMs = 0;
  slot = -1;
  run: CheckRun | undefined;
  /** Asked to run while it was running. */
  again = false;
  /** When a check that ran 'soon' would have had its first run; -Infinity once that is past. */
  private phaseMs: number;

  constructor(
    readonly id: string,
    readonly definition: CheckDefinition,
    readonly runner: CheckRunner,
    firstRun: FirstRun,
    addedMs: number,
  ) {
    this.fraction = fractionOf(id);
    this.intervalMs = intervalOf(definition);
    this.target = targetKey(definition);
    this.firstDue = addedMs + firstDelay(this.fraction, this.intervalMs, firstRun);
    this.phaseMs = firstRun === 'soon' ? addedMs + firstDelay(this.fraction, this.intervalMs, 'phase') : -Infinity;
  }

  /** After a run that ended now. */
  nextDue(nowMs: number, random: number): number {
    if (this.again) {
      this.again = false;
      return nowMs;
    }
    const phaseMs = this.phaseMs;
    this.phaseMs = -Infinity;
    // A phase straight after the first run is served by that run.
    if (phaseMs - nowMs >= defaults.minCheckIntervalMs) return phaseMs;
    return nowMs + pause(this.intervalMs, random);
  }
}
