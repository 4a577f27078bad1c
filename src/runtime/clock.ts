import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';

/** Time. Deadlines and leases use `now` only: it never jumps. `wall` is for showing to people and for file names. */
export interface Clock {
  /** Monotonic milliseconds. */
  now(): number;
  /** Milliseconds since the epoch. May jump. */
  wall(): number;
  /** Rejects with the signal's reason when aborted. Keeps the process alive while pending. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `fn` once after `ms`; returns the cancel, harmless twice. Does not keep the process alive. */
  after(ms: number, fn: () => void): () => void;
}

/** Node's longest timer, 25 days: one that is longer fires at once. Leases and intervals may be longer. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const realClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  sleep: async (ms, signal) => {
    let left = ms;
    for (; left > LONGEST_TIMER_MS; left -= LONGEST_TIMER_MS) await delay(LONGEST_TIMER_MS, undefined, { signal });
    await delay(left, undefined, { signal });
  },
  after: (ms, fn) => {
    let timer: NodeJS.Timeout;
    const wait = (left: number): void => {
      const step = Math.min(left, LONGEST_TIMER_MS);
      timer = setTimeout(left > step ? () => wait(left - step) : fn, step);
      timer.unref();
    };
    wait(ms);
    return () => clearTimeout(timer);
  },
};
