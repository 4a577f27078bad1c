import type { CheckDefinition, CheckResult, CheckRunner } from '../model/index.js';
import { defaults, formatDuration, limits, ServiceDiscoveryError } from '../model/index.js';
import type { Clock } from '../runtime/index.js';
import type { EventLoopLag } from './event-loop-lag.js';
import { soundResult } from './output.js';

export type RunEnding = 'done' | 'timed-out' | 'stuck';

/**
 * One run of one check under its deadline. The deadline counts time less event-loop lag. A runner that does not stop
 * soon after its abort is given up: the run ends as critical without it, so no runner can hold a place for ever.
 */
export class CheckRun {
  readonly startedMs: number;
  private readonly controller = new AbortController();
  private readonly deadlineMs: number;
  private readonly timeoutMs: number;
  private cancelTimer: () => void = () => {};
  private ending: RunEnding = 'done';
  private over = false;

  constructor(
    private readonly check: CheckDefinition,
    private readonly clock: Clock,
    private readonly lag: EventLoopLag,
    private readonly onEnd: (result: CheckResult, ending: RunEnding) => void,
  ) {
    lag.watch();
    this.startedMs = clock.now();
    this.timeoutMs = check.timeoutMs > 0 ? check.timeoutMs : defaults.checkTimeoutMs;
    this.deadlineMs = this.undisturbedMs() + this.timeoutMs;
  }

  start(runner: CheckRunner): void {
    this.watchDeadline();
    // A runner of a user's may throw before it has a promise to reject.
    new Promise<unknown>((resolve) => resolve(runner.run(this.check, this.controller.signal))).then(
      (result) => this.end(soundResult(this.check, result)),
      (error: unknown) => this.end(soundResult(this.check, { status: 'critical', output: messageOf(error) })),
    );
  }

  /** Stops the run because nobody wants its result any more. */
  abort(): void {
    this.stop(new ServiceDiscoveryError('ABORTED', 'the check was removed'));
  }

  private undisturbedMs(): number {
    return this.clock.now() - this.lag.totalMs;
  }

  private watchDeadline(): void {
    const leftMs = this.deadlineMs - this.undisturbedMs();
    if (leftMs > 0) {
      this.cancelTimer = this.clock.after(leftMs, () => this.watchDeadline());
      return;
    }
    this.ending = 'timed-out';
    this.stop(new ServiceDiscoveryError('TIMEOUT', `the check took longer than ${formatDuration(this.timeoutMs)}`));
  }

  private stop(reason: ServiceDiscoveryError): void {
    if (this.over || this.controller.signal.aborted) return;
    this.cancelTimer();
    this.cancelTimer = this.clock.after(limits.checkStopMs, () => {
      this.ending = 'stuck';
      this.end({ status: 'critical', output: `${reason.message} and did not stop when told to` });
    });
    this.controller.abort(reason);
  }

  private end(result: CheckResult): void {
    if (this.over) return;
    this.over = true;
    this.cancelTimer();
    this.lag.unwatch();
    this.onEnd(result, this.ending);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
