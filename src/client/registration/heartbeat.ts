import type { CallOptions, CheckStatus, ServiceDiscoveryError } from '../../model/index.js';
import { asDiscoveryError, defaults, limits } from '../../model/index.js';
import type { Clock, Random } from '../../runtime/index.js';
import { fullJitterMs, pause } from '../../runtime/index.js';
import type { Said } from './health-report.js';
import { saidBy, saidByFailure } from './health-report.js';
import type { TtlPlan } from './registration-body.js';

export interface HeartbeatParts {
  readonly clock: Clock;
  readonly random: Random;
  report(checkId: string, status: CheckStatus, output: string, options: CallOptions): Promise<void>;
  /** A report that failed; it is tried again. NOT_FOUND: the registry does not know the check. */
  onError(error: ServiceDiscoveryError): void;
}

/**
 * Keeps one TTL check renewed: a report at once, then every third of the TTL, a tenth more or less, so that two may get
 * lost before it lapses. A `health` function is asked before each and has half the TTL to answer; with the third that
 * has passed, the report still comes in time. It is never asked again while it has not answered. Reports go out one at a
 * time and never pile up: the next is timed from the begin of the last, and a loop that was held up sends one, not those
 * it missed. Failed ones are repeated sooner.
 */
export class Heartbeat {
  private readonly life = new AbortController();
  private readonly periodMs: number;
  private readonly patienceMs: number;
  private said: Said = { status: 'passing', output: '' };
  private asking: Promise<Said> | undefined;
  private sending: Promise<unknown> = Promise.resolve();
  private wake: () => void = () => {};

  constructor(
    private readonly check: TtlPlan,
    private readonly parts: HeartbeatParts,
  ) {
    this.periodMs = check.ttlMs / 3;
    this.patienceMs = check.ttlMs / 2;
  }

  /** Resolves when the first report was answered, or failed. */
  start(): Promise<void> {
    return new Promise((resolve) => {
      void this.run(resolve);
    });
  }

  /** Reports now, and from now on when there is no `health` function. */
  async say(said: Said): Promise<void> {
    this.said = said;
    await this.send(said);
  }

  /** Does not wait for the next turn. */
  hurry(): void {
    this.wake();
  }

  stop(): void {
    this.life.abort();
    this.wake();
  }

  private async run(first: () => void): Promise<void> {
    const { clock, random } = this.parts;
    const { signal } = this.life;
    let failures = 0;
    while (!signal.aborted) {
      const begunAt = clock.now();
      const said = await this.ask();
      if (signal.aborted) break;
      const error = await this.send(said).then(
        () => undefined,
        (error: unknown) => asDiscoveryError(error, `reporting ${this.check.checkId}`),
      );
      first();
      if (signal.aborted) return;
      failures = error ? failures + 1 : 0;
      if (error) this.parts.onError(error);
      const spent = clock.now() - begunAt;
      await this.rest(error ? this.retryMs(failures) : this.periodMs * (0.9 + 0.2 * random.next()) - spent);
    }
    first();
  }

  private retryMs(failures: number): number {
    const { registrationBackoffMs: baseMs, registrationBackoffCapMs: capMs } = defaults;
    const cap = Math.min(capMs, this.periodMs);
    return Math.max(cap / 10, fullJitterMs(failures, { baseMs, capMs: cap }, this.parts.random));
  }

  private async rest(ms: number): Promise<void> {
    const hurried = new AbortController();
    this.wake = () => hurried.abort();
    // Never in the same turn, or a clock that stands still would be asked for ever.
    await pause(this.parts.clock, Math.max(1, ms), hurried.signal);
    this.wake = () => {};
  }

  /** Never rejects. */
  private async ask(): Promise<Said> {
    const { health } = this.check;
    if (!health) return this.said;
    this.asking ??= Promise.resolve()
      .then(health)
      .then(saidBy, saidByFailure)
      .finally(() => (this.asking = undefined));
    const late: Said = {
      status: 'critical',
      output: `health has not answered for ${Math.round(this.patienceMs)} ms, half the TTL`,
    };
    const enough = new AbortController();
    const outOfPatience = pause(this.parts.clock, this.patienceMs, enough.signal).then(() => late);
    const stop = (): void => enough.abort();
    this.life.signal.addEventListener('abort', stop);
    try {
      return await Promise.race([this.asking, outOfPatience]);
    } finally {
      stop();
      this.life.signal.removeEventListener('abort', stop);
    }
  }

  private send({ status, output }: Said): Promise<void> {
    const shown = Buffer.from(output).subarray(0, limits.checkOutputBytes).toString('utf8');
    const timeoutMs = Math.min(defaults.registrationTimeoutMs, Math.max(MIN_TIMEOUT_MS, this.patienceMs));
    const result = this.sending.then(() => {
      if (this.life.signal.aborted) return undefined;
      return this.parts.report(this.check.checkId, status, shown, { timeoutMs });
    });
    this.sending = result.catch(() => {});
    return result;
  }
}

/** A TTL may be shorter than what one exchange takes. */
const MIN_TIMEOUT_MS = 1_000;
