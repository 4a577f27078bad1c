import { defaults } from '../../model/index.js';
import { outside, refuse } from '../violations.js';
import { SlidingSum } from './sliding-sum.js';

export interface RetryBudgetOptions {
  readonly clock: { now(): number };
  /** Retries in relation to requests, >= 0. Default 0.2. */
  readonly share?: number;
  /** Retries a second on top of that, so that quiet clients may retry too, >= 0. Default 10. */
  readonly perSecond?: number;
  /** How long requests and retries count, in milliseconds, >= 1. Default 10,000. */
  readonly windowMs?: number;
}

/**
 * Keeps retries from multiplying the load of a service that is failing for lack of capacity: together they stay below a
 * share of the requests. The rules and defaults of Finagle's RetryBudget.
 */
export class RetryBudget {
  private readonly balance: SlidingSum;
  private readonly reserve: number;
  private readonly share: number;
  private readonly clock: { now(): number };

  constructor({
    clock,
    share = defaults.retryBudgetShare,
    perSecond = defaults.retryBudgetPerSecond,
    windowMs = defaults.retryBudgetWindowMs,
  }: RetryBudgetOptions) {
    refuse('retry budget', [
      ...outside('share', share, 0),
      ...outside('perSecond', perSecond, 0),
      ...outside('windowMs', windowMs, 1),
    ]);
    this.clock = clock;
    this.share = share;
    this.reserve = (perSecond * windowMs) / 1_000;
    this.balance = new SlidingSum(windowMs);
  }

  /** To be called for every request, not for its retries. */
  request(): void {
    this.balance.add(this.share, this.clock.now());
  }

  /** Takes one retry out of the budget; false when it is spent. */
  mayRetry(): boolean {
    const nowMs = this.clock.now();
    if (this.balance.total(nowMs) + this.reserve < 1 - ROUNDING) return false;
    this.balance.add(-1, nowMs);
    return true;
  }
}

/** Five times 0.2 is one retry, whatever the sum in binary says. */
const ROUNDING = 1e-9;
