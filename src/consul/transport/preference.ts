import type { Clock } from '../../runtime/index.js';

/** Which of several ways is taken first: the one that worked last; one that failed comes last for a while. */
export class Preference<T> {
  readonly #clock: Clock;
  readonly #ways: readonly T[];
  readonly #failed = new Map<T, Failed>();
  #preferred: T | undefined;

  constructor(ways: readonly T[], clock: Clock) {
    this.#ways = ways;
    this.#clock = clock;
  }

  /** Those that rest come last, the one that rests shortest first. */
  inOrder(): T[] {
    const now = this.#clock.now();
    const from = Math.max(0, this.#ways.indexOf(this.#preferred as T));
    const ring = [...this.#ways.slice(from), ...this.#ways.slice(0, from)];
    const rests = (way: T): number => {
      const until = restsUntil(this.#failed.get(way));
      return until > now ? until : 0;
    };
    return ring.sort((a, b) => rests(a) - rests(b));
  }

  /** An exchange begun then went well; one begun before the last failure proves nothing. */
  worked(way: T, beganAt: number): void {
    if (beganAt < this.#lastFailed(way)) return;
    this.#failed.delete(way);
    this.#preferred = way;
  }

  /** Of many exchanges that fail together, one counts. */
  failed(way: T, beganAt: number): void {
    if (beganAt < this.#lastFailed(way)) return;
    const times = (this.#failed.get(way)?.times ?? 0) + 1;
    this.#failed.set(way, { times: Math.min(times, 16), at: this.#clock.now() });
  }

  #lastFailed(way: T): number {
    return this.#failed.get(way)?.at ?? Number.NEGATIVE_INFINITY;
  }
}

interface Failed {
  /** In a row. */
  readonly times: number;
  /** Of the last, on the clock. */
  readonly at: number;
}

const REST_MS = { first: 1_000, longest: 30_000 };

function restsUntil(failed: Failed | undefined): number {
  return failed === undefined ? 0 : failed.at + Math.min(REST_MS.longest, REST_MS.first * 2 ** (failed.times - 1));
}
