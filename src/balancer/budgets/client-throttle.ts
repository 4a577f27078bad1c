import type { Random } from '../../runtime/index.js';
import { outside, refuse } from '../violations.js';
import { SlidingSum } from './sliding-sum.js';

export interface ClientThrottleOptions {
  readonly clock: { now(): number };
  readonly random: Random;
  /** Requests per accepted one before any is refused here, >= 1. Default 2. */
  readonly tolerance?: number;
  /** How long requests count, in milliseconds, >= 1. Default 120,000. */
  readonly windowMs?: number;
}

/**
 * Refuses requests here that an overloaded service would refuse there, which costs it work as well: with probability
 * max(0, (requests − tolerance × accepted) / (requests + 1)). Google's "Site Reliability Engineering", chapter 21.
 */
export class ClientThrottle {
  private readonly requests: SlidingSum;
  private readonly accepts: SlidingSum;
  private readonly options: Required<ClientThrottleOptions>;

  constructor({ clock, random, tolerance = 2, windowMs = 120_000 }: ClientThrottleOptions) {
    refuse('client throttle', [...outside('tolerance', tolerance, 1), ...outside('windowMs', windowMs, 1)]);
    this.options = { clock, random, tolerance, windowMs };
    this.requests = new SlidingSum(windowMs);
    this.accepts = new SlidingSum(windowMs);
  }

  /** Counts a request; false: do not send it. */
  admits(): boolean {
    const { clock, random, tolerance } = this.options;
    const nowMs = clock.now();
    const requests = this.requests.total(nowMs);
    const refused = Math.max(0, (requests - tolerance * this.accepts.total(nowMs)) / (requests + 1));
    this.requests.add(1, nowMs);
    return random.next() >= refused;
  }

  /** To be called when the service took a request, even when it failed it for a reason other than overload. */
  accepted(): void {
    this.accepts.add(1, this.options.clock.now());
  }
}
