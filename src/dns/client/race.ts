/**
 * One question put to the servers until one answers. They are asked in order: the next one at once when the last failed,
 * and beside it when it is silent for longer than it should be (or, within a budget, than answers usually take); a late
 * answer is as good as any. When all were asked, they are asked again in rounds, with back-off between them (full
 * jitter), unless every failure is one that asking again cannot mend. The first answer ends it.
 *
 * Invariant: while it is not over, somebody is asked who may still answer in good time, or the back-off runs, or all
 * rounds are over and late answers are waited for.
 */
import type { ServiceDiscoveryError } from '../../model/index.js';
import type { Clock, Random } from '../../runtime/index.js';
import type { Question } from '../wire/index.js';
import { Attempt } from './attempt.js';
import type { ServerAnswer } from './attempt.js';
import type { DnsClientStats } from './dns-client-stats.js';
import { queryError } from './failure.js';
import type { DnsAttempt, DnsFailure, DnsFailureKind } from './failure.js';
import type { HedgeBudget } from './hedge-budget.js';
import type { Server } from './server.js';
import { inOrder } from './server-choice.js';

export interface RetryPolicy {
  /** Rounds over the servers. */
  readonly attempts: number;
  readonly baseMs: number;
  readonly capMs: number;
  /** Whether another round may help after such a failure. */
  readonly retryOn: (dns: DnsFailureKind) => boolean;
}

export interface RaceParts {
  readonly servers: readonly Server[];
  /** Longest wait for one server's answer. */
  readonly timeoutMs: number;
  readonly retry: RetryPolicy;
  readonly clock: Clock;
  readonly random: Random;
  readonly stats: DnsClientStats;
  readonly hedges: HedgeBudget | undefined;
}

export interface RaceListener {
  answered(answer: ServerAnswer): void;
  failed(error: ServiceDiscoveryError): void;
}

interface Runner {
  readonly attempt: Attempt;
  /** It should have answered by now. */
  isSilent: boolean;
  cancelTimer: () => void;
}

export class Race {
  private readonly running = new Set<Runner>();
  private readonly attempts: DnsAttempt[] = [];
  private readonly kindsOfRound = new Set<DnsFailureKind>();
  private lastCause: unknown;
  private queue: readonly Server[] = [];
  private round = 0;
  private backOff: AbortController | undefined;
  private cancelDeadline: (() => void) | undefined;
  private isOver = false;

  constructor(
    private readonly question: Question,
    /** When all has to be over, on the clock. */
    private readonly deadlineMs: number,
    private readonly listener: RaceListener,
    private readonly parts: RaceParts,
  ) {}

  start(): void {
    this.queue = inOrder(this.parts.servers, this.parts.random);
    this.parts.hedges?.earn();
    this.askNext();
  }

  /** Lets go of everything at once; the listener is not told. */
  stop(): void {
    this.isOver = true;
    this.cancelDeadline?.();
    this.backOff?.abort();
    for (const { attempt, isSilent, cancelTimer } of this.running) {
      cancelTimer();
      attempt.cancel(isSilent ? 'silent' : 'superseded');
    }
    this.running.clear();
  }

  private askNext(): void {
    const [server, ...later] = this.queue;
    if (!server) return this.endRound();
    this.queue = later;
    const attempt = new Attempt(
      server,
      this.question,
      { answered: (answer) => this.answered(runner, answer), failed: (failure) => this.failed(runner, failure) },
      this.parts,
      true,
    );
    const runner: Runner = { attempt, isSilent: false, cancelTimer: () => {} };
    this.running.add(runner);
    this.beImpatient(runner);
    attempt.start();
  }

  /** One timer at a time for each that is asked: for the hedge, for its silence to be odd, for it to be given up. */
  private beImpatient(runner: Runner): void {
    const { timeoutMs, hedges, stats } = this.parts;
    const patienceMs = Math.min(timeoutMs, runner.attempt.server.patienceMs * 2 ** this.round);
    const hedgeMs = this.queue.length > 0 ? hedges?.afterMs : undefined;
    const untilSilent = (): void => this.at(runner, patienceMs, () => this.hearsNothing(runner));
    if (hedgeMs === undefined || hedgeMs >= patienceMs) return untilSilent();
    this.at(runner, hedgeMs, () => {
      untilSilent();
      if (this.queue.length === 0 || hedges?.spend() !== true) return;
      stats.hedged++;
      this.askNext();
    });
  }

  /** Runs `then` when the runner has been under way for so long. */
  private at(runner: Runner, sinceBeginMs: number, then: () => void): void {
    const waitMs = Math.min(sinceBeginMs - runner.attempt.elapsedMs, this.leftMs);
    runner.cancelTimer = this.parts.clock.after(Math.max(0, waitMs), () => {
      if (this.minding()) then();
    });
  }

  private hearsNothing(runner: Runner): void {
    const { timeoutMs } = this.parts;
    runner.isSilent = true;
    this.kindsOfRound.add('timeout');
    if (runner.attempt.elapsedMs >= timeoutMs) return this.giveUp(runner);
    this.at(runner, timeoutMs, () => this.giveUp(runner));
    this.goOn();
  }

  private giveUp(runner: Runner): void {
    runner.attempt.cancel('silent');
    this.failed(runner, silence(runner.attempt.elapsedMs));
  }

  private answered(runner: Runner, answer: ServerAnswer): void {
    this.running.delete(runner);
    runner.cancelTimer();
    this.parts.hedges?.answered(runner.attempt.elapsedMs);
    this.stop();
    this.listener.answered(answer);
  }

  private failed(runner: Runner, failure: DnsFailure): void {
    this.running.delete(runner);
    runner.cancelTimer();
    this.note(runner, failure);
    this.kindsOfRound.add(failure.kind);
    if (this.minding()) this.goOn();
  }

  private note({ attempt }: Runner, { kind, text, cause }: DnsFailure): void {
    this.attempts.push({ server: attempt.server.text, dns: kind, text, elapsedMs: attempt.elapsedMs });
    this.lastCause = cause ?? this.lastCause;
  }

  /** Keeps up the invariant. */
  private goOn(): void {
    if (this.backOff) return;
    for (const { isSilent } of this.running) if (!isSilent) return;
    this.askNext();
  }

  private endRound(): void {
    const { retry, random, clock } = this.parts;
    const mayHelp = [...this.kindsOfRound].some((kind) => retry.retryOn(kind));
    if (!mayHelp || this.round + 1 >= retry.attempts) {
      if (this.running.size === 0) this.lose();
      return;
    }
    const waitMs = random.next() * Math.min(retry.capMs, retry.baseMs * 2 ** this.round);
    this.round++;
    const backOff = new AbortController();
    this.backOff = backOff;
    // The process is kept alive: nothing else may be under way for the caller.
    clock.sleep(waitMs, backOff.signal).then(
      () => this.beginRound(),
      () => {},
    );
  }

  private beginRound(): void {
    if (this.isOver) return;
    this.backOff = undefined;
    this.kindsOfRound.clear();
    this.queue = inOrder(this.parts.servers, this.parts.random);
    this.askNext();
  }

  private get leftMs(): number {
    return Math.max(0, this.deadlineMs - this.parts.clock.now());
  }

  /**
   * False when it is over, or time is. The deadline needs a timer only once the first answer did not come: until then
   * the timer of the first who is asked ends no later.
   */
  private minding(): boolean {
    if (this.isOver) return false;
    if (this.leftMs === 0) {
      this.runOut();
      return false;
    }
    this.cancelDeadline ??= this.parts.clock.after(this.leftMs, () => this.runOut());
    return true;
  }

  private runOut(): void {
    if (this.isOver) return;
    for (const runner of this.running) {
      runner.isSilent = true;
      this.note(runner, silence(runner.attempt.elapsedMs));
    }
    this.lose();
  }

  private lose(): void {
    this.stop();
    this.listener.failed(queryError(this.question, this.attempts, this.lastCause));
  }
}

function silence(elapsedMs: number): DnsFailure {
  return { kind: 'timeout', text: `did not answer within ${Math.round(elapsedMs)} ms` };
}
