import { defaults } from '../../model/index.js';
import { outside, refuse } from '../violations.js';
import { LatencyWindow } from './latency-window.js';
import { SlidingSum } from './sliding-sum.js';

export interface HedgeBudgetOptions {
  readonly clock: { now(): number };
  /** Second copies in relation to requests, >= 0. Default 0.05. */
  readonly share?: number;
  /** A second copy is worth sending once this share of requests would have been answered, 0 to 1. Default 0.95. */
  readonly percentile?: number;
  /** Above this utilisation no second copies are sent, 0 to 1. Default 0.8. */
  readonly maxUtilisation?: number;
  /**
   * How busy the service is, 0 to 1, for who knows better. Default: guessed from latencies, `1 − calm / present`, where
   * calm is the lowest median seen lately (what a single queue of that utilisation would show): with answers taking five
   * times as long as in calm times it is over 80 % busy.
   */
  readonly utilisation?: () => number;
}

/** Latencies are taken over the last one to two windows, budgets over one. */
const WINDOW_MS = 10_000;
/** A percentile of fewer is guessing. */
const LEAST_SAMPLES = 100;
/** How fast what counts as calm follows a service that got slower for good, per window: doubled in six minutes. */
const CALM_GROWTH = 1.02;
const ROUNDING = 1e-9;

/**
 * When to send a second copy of an idempotent request, and how often: after the time in which 95 % are answered, for at
 * most 5 % of requests, and not while the service is busy, when copies cost more than they save ("The Tail at Scale",
 * Dean and Barroso 2013).
 */
export class HedgeBudget {
  private readonly options: Required<Omit<HedgeBudgetOptions, 'utilisation'>>;
  private readonly utilisation: () => number;
  private readonly balance = new SlidingSum(WINDOW_MS);
  private readonly latencies = new LatencyWindow(WINDOW_MS, () => this.noteCalm());
  private calmMs = Infinity;

  constructor({
    clock,
    share = defaults.hedgeBudgetShare,
    percentile = defaults.hedgePercentile,
    maxUtilisation = defaults.hedgeUtilisation,
    utilisation,
  }: HedgeBudgetOptions) {
    refuse('hedge budget', [
      ...outside('share', share, 0),
      ...outside('percentile', percentile, 0, 1),
      ...outside('maxUtilisation', maxUtilisation, 0, 1),
    ]);
    this.options = { clock, share, percentile, maxUtilisation };
    this.utilisation = utilisation ?? (() => this.guessedUtilisation());
  }

  /** To be called for every request, not for its copies. */
  request(): void {
    this.balance.add(this.options.share, this.options.clock.now());
  }

  /** To be called with the latency of every copy that was answered well. */
  answered(latencyMs: number): void {
    this.latencies.add(latencyMs, this.options.clock.now());
  }

  /** Milliseconds after which a copy is worth sending; undefined while none is: too few samples, no budget, or too busy. */
  hedgeAfterMs(): number | undefined {
    const { clock, percentile, maxUtilisation } = this.options;
    const nowMs = clock.now();
    if (this.latencies.count(nowMs) < LEAST_SAMPLES || this.balance.total(nowMs) < 1 - ROUNDING) return undefined;
    return this.utilisation() > maxUtilisation ? undefined : this.latencies.percentile(percentile, nowMs);
  }

  /** Takes one copy out of the budget; false when it is spent. */
  mayHedge(): boolean {
    const nowMs = this.options.clock.now();
    if (this.balance.total(nowMs) < 1 - ROUNDING) return false;
    this.balance.add(-1, nowMs);
    return true;
  }

  private guessedUtilisation(): number {
    const median = this.latencies.percentile(0.5, this.options.clock.now());
    return median === undefined || this.calmMs >= median ? 0 : 1 - this.calmMs / median;
  }

  private noteCalm(): void {
    const median = this.latencies.read(0.5);
    if (median !== undefined) this.calmMs = Math.min(median, this.calmMs * CALM_GROWTH);
  }
}
