import { isDeepStrictEqual } from 'node:util';
import type { CheckDefinition, CheckResult } from '../model/index.js';
import { limits, ServiceDiscoveryError } from '../model/index.js';
import type { Clock, Random } from '../runtime/index.js';
import { CheckRun } from './check-run.js';
import { DueHeap } from './due-heap.js';
import { EventLoopLag } from './event-loop-lag.js';
import { RunQueue } from './run-queue.js';
import type { RunnerOf } from './runners.js';
import { firstDelay, type FirstRun } from './schedule.js';
import { ScheduledCheck } from './scheduled-check.js';
import { SchedulerCounters, type SchedulerMetrics } from './scheduler-metrics.js';

export interface SchedulerOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly runnerOf: RunnerOf;
  /** Every result of a check that is still scheduled, in the order the runs ended. Must not throw. */
  readonly onResult: (id: string, result: CheckResult) => void;
  /** Told of every start and how late it was; for measurements. */
  readonly onStart?: (id: string, delayMs: number) => void;
  /** Default 256 and 8. */
  readonly atOnce?: number;
  readonly atOncePerTarget?: number;
}

/** Wake-ups are at least this far apart: checks due within it start together, which costs one timer for all. */
const WAKE_GAP_MS = 5;
/** Timers count whole milliseconds of another clock and may fire this much before their time. */
const TIMER_EARLY_MS = 1;

/**
 * Runs checks when they are due (`schedule.ts` says when), bounded in number (`run-queue.ts`) and in time
 * (`check-run.ts`). What a result means for a check's status is not decided here.
 */
export class CheckScheduler {
  private readonly entries = new Map<string, ScheduledCheck>();
  private readonly upcoming = new DueHeap<ScheduledCheck>();
  private readonly queue: RunQueue<ScheduledCheck>;
  /** UDP checks pass by silence and so hold a place for all of their timeout: not one that others wait for. */
  private readonly silentQueue: RunQueue<ScheduledCheck>;
  private readonly lag: EventLoopLag;
  private readonly counters = new SchedulerCounters();
  private readonly runs = new Set<CheckRun>();
  private cancelWake: () => void = () => {};
  private wakeAtMs = Infinity;
  private lastWakeMs = -Infinity;
  private closed = false;
  private onIdle: () => void = () => {};

  constructor(private readonly options: SchedulerOptions) {
    const { atOnce = limits.checksAtOnce, atOncePerTarget = limits.checksAtOncePerTarget } = options;
    this.queue = new RunQueue(atOnce, atOncePerTarget);
    this.silentQueue = new RunQueue(atOnce, atOncePerTarget);
    this.lag = new EventLoopLag(options.clock);
  }

  /**
   * Takes the place of a check with the same id; the same definition again only brings a run forward, never puts it
   * off, or a service that registers itself again and again would never be tested. UNSUPPORTED for a kind that has no
   * runner.
   */
  add(id: string, definition: CheckDefinition, options: { readonly firstRun: FirstRun }): void {
    if (this.closed) throw new ServiceDiscoveryError('CLOSED', 'the check scheduler is closed');
    const runner = this.options.runnerOf(definition);
    if (!runner) {
      const kind = definition.type === 'custom' ? `custom check "${definition.runner}"` : `${definition.type} check`;
      throw new ServiceDiscoveryError('UNSUPPORTED', `there is no runner for a ${kind}`);
    }
    const before = this.entries.get(id);
    if (before && isDeepStrictEqual(before.definition, definition)) {
      if (options.firstRun === 'soon') this.bringForward(before);
      return;
    }
    this.remove(id);
    const entry = new ScheduledCheck(id, definition, runner, options.firstRun, this.options.clock.now());
    this.entries.set(id, entry);
    this.plan(entry, entry.firstDue);
  }

  /** Aborts a run under way; no result of the check comes after this. False when there is no such check. */
  remove(id: string): boolean {
    const entry = this.entries.get(id);
    if (!entry) return false;
    this.entries.delete(id);
    this.upcoming.remove(entry);
    this.queueOf(entry).withdraw(entry);
    entry.run?.abort();
    return true;
  }

  /** Runs a check as soon as the limits let it; again, when it is running. False when there is no such check. */
  runNow(id: string): boolean {
    const entry = this.entries.get(id);
    if (!entry) return false;
    if (entry.run) entry.again = true;
    else if (this.upcoming.has(entry)) {
      this.upcoming.remove(entry);
      this.plan(entry, this.options.clock.now());
    }
    return true;
  }

  /** Aborts everything and waits, for a bounded time, until it has stopped. Harmless twice. */
  async close(): Promise<void> {
    this.closed = true;
    this.cancelWake();
    this.upcoming.clear();
    for (const id of this.entries.keys()) this.remove(id);
    if (this.runs.size === 0) return;
    const idle = new Promise<void>((resolve) => (this.onIdle = resolve));
    // Runs that do not stop are given up before this. Asleep rather than on a timer, so that the process stays for it.
    const enough = new AbortController();
    await Promise.race([idle, this.options.clock.sleep(2 * limits.checkStopMs, enough.signal).catch(() => {})]);
    enough.abort();
  }

  metrics(): SchedulerMetrics {
    return {
      checks: this.entries.size,
      inFlight: this.queue.inFlight + this.silentQueue.inFlight,
      queued: this.queue.queued + this.silentQueue.queued,
      ...this.counters.read(),
      lagMs: this.lag.totalMs,
    };
  }

  private plan(entry: ScheduledCheck, dueMs: number): void {
    entry.dueMs = dueMs;
    this.upcoming.push(entry);
    this.armWake();
  }

  private bringForward(entry: ScheduledCheck): void {
    const soonMs = this.options.clock.now() + firstDelay(entry.fraction, entry.intervalMs, 'soon');
    if (!this.upcoming.has(entry) || entry.dueMs <= soonMs) return;
    this.upcoming.remove(entry);
    this.plan(entry, soonMs);
  }

  private armWake(): void {
    const next = this.upcoming.peek();
    if (!next || this.closed) return;
    const atMs = Math.max(next.dueMs, this.lastWakeMs + WAKE_GAP_MS);
    if (atMs >= this.wakeAtMs) return;
    this.cancelWake();
    this.wakeAtMs = atMs;
    this.cancelWake = this.options.clock.after(atMs - this.options.clock.now(), () => this.wake());
  }

  private wake(): void {
    const nowMs = this.options.clock.now();
    this.lastWakeMs = nowMs;
    this.wakeAtMs = Infinity;
    for (let next = this.upcoming.peek(); next && next.dueMs <= nowMs + TIMER_EARLY_MS; next = this.upcoming.peek()) {
      this.upcoming.remove(next);
      this.queueOf(next).enqueue(next);
    }
    this.startQueued();
    this.armWake();
  }

  private startQueued(): void {
    for (const queue of [this.queue, this.silentQueue]) {
      for (let entry = queue.take(); entry; entry = queue.take()) this.start(entry);
    }
  }

  private queueOf({ definition }: ScheduledCheck): RunQueue<ScheduledCheck> {
    return definition.type === 'udp' ? this.silentQueue : this.queue;
  }

  private start(entry: ScheduledCheck): void {
    const { clock } = this.options;
    const run = new CheckRun(entry.definition, clock, this.lag, (result, ending) => {
      this.counters.finish(clock.now() - run.startedMs, ending);
      this.finish(entry, run, result);
    });
    entry.run = run;
    this.runs.add(run);
    const delayMs = Math.max(0, run.startedMs - entry.dueMs);
    this.counters.start(delayMs, entry.intervalMs);
    this.options.onStart?.(entry.id, delayMs);
    run.start(entry.runner);
  }

  private finish(entry: ScheduledCheck, run: CheckRun, result: CheckResult): void {
    this.runs.delete(run);
    this.queueOf(entry).release(entry);
    entry.run = undefined;
    const wanted = this.entries.get(entry.id) === entry;
    if (wanted) this.plan(entry, entry.nextDue(this.options.clock.now(), this.options.random.next()));
    if (wanted) this.options.onResult(entry.id, result);
    if (!this.closed) this.startQueued();
    if (this.runs.size === 0) this.onIdle();
  }
}
