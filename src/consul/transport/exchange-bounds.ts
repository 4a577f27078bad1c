import { defaultMaxListeners, getMaxListeners, setMaxListeners } from 'node:events';
import { isDiscoveryError, limits } from '../../model/index.js';
import { keepAwake } from '../../runtime/index.js';
import type { Clock } from '../../runtime/index.js';
import type { LeaderLookout } from '../leader-lookout.js';
import type { PeerLiveness } from '../peer-liveness.js';
import { ended, ExchangeFailure, unreachable, type Ended } from './failure.js';

interface Bounded {
  readonly signal?: AbortSignal;
  readonly timeoutMs: number;
  /** Whether more time is left for attempts elsewhere. */
  readonly share: boolean;
}

/**
 * What can end one exchange before its answer does: its time, its caller, or the discovery that nobody is there. One
 * controller for all of them, and one answer to which it was.
 */
export class ExchangeBounds {
  readonly #controller = new AbortController();
  readonly #address: string;
  readonly #bounded: Bounded;
  readonly #stopTimer: () => void;
  #endStanding = (): void => {};
  #why: Ended | undefined;
  #sleep = (): void => {};

  constructor(address: string, bounded: Bounded, clock: Clock) {
    this.#address = address;
    this.#bounded = bounded;
    this.#stopTimer = clock.after(bounded.timeoutMs, () => this.end(bounded.share ? 'slow' : 'late'));
    const { signal } = bounded;
    if (signal?.aborted === true) this.end('aborted');
    if (signal) withoutWarning(signal).addEventListener('abort', this.#onAbort, { once: true });
  }

  /** Aborts when any of them ends the exchange. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /**
   * It is held from now on: the agent is asked now and then whether it is still there, and, with `leaders`, whether its
   * servers have a leader; `leave` is called at the end.
   */
  standing(leave: () => void, liveness: PeerLiveness, leaders?: LeaderLookout): void {
    const there = liveness.standing(this.#address, () => this.end('down'));
    const led = leaders?.standing(this.#address, () => this.end('serverless'));
    this.#endStanding = () => {
      there.ended();
      led?.ended();
      leave();
      this.#endStanding = () => {};
    };
  }

  /** Keeps the process alive until the end: for what somebody waits for. */
  keepAwake(): void {
    this.#sleep = keepAwake();
  }

  /** From now on it may take its time. */
  begun(): void {
    this.#stopTimer();
  }

  end(why: Ended): void {
    this.#why ??= why;
    this.#controller.abort();
  }

  release(): void {
    this.#stopTimer();
    this.#sleep();
    this.#endStanding();
    this.#bounded.signal?.removeEventListener('abort', this.#onAbort);
  }

  /** What an error of the exchange means; a mistake of the caller's is none of the address. */
  failureOf(cause: unknown): ExchangeFailure {
    if (cause instanceof ExchangeFailure) return cause;
    if (isDiscoveryError(cause)) return new ExchangeFailure('invalid', cause);
    if (this.#why === undefined) return unreachable(this.#address, cause);
    return ended(this.#why, this.#address, this.#bounded.timeoutMs, cause);
  }

  readonly #onAbort = (): void => this.end('aborted');
}

/** One signal for many calls is no leak, which Node takes more than ten listeners for. Another bound is the caller's. */
function withoutWarning(signal: AbortSignal): AbortSignal {
  if (getMaxListeners(signal) === defaultMaxListeners) setMaxListeners(limits.consulCallsAtOnce, signal);
  return signal;
}
