import type { Random } from '../../src/runtime/index.js';

/** One stretch of time at one speed; 1 is normal, 0 a standstill. */
export interface Stretch {
  readonly forMs: number;
  readonly speed: number;
}

/** How fast a server works, now and later: given in advance, so that the end of a job is known at its start. */
export class Speed {
  private readonly untilMs: number[] = [];
  private readonly speeds: number[] = [];
  private at = 0;

  constructor(private readonly stretches: Iterator<Stretch, unknown>) {}

  /** When work of that many milliseconds at normal speed is done. */
  finish(startMs: number, workMs: number): number {
    let at = this.indexOf(startMs);
    let nowMs = startMs;
    let left = workMs;
    for (;;) {
      const untilMs = this.ensure(at);
      const speed = this.speeds[at] as number;
      const possible = (untilMs - nowMs) * speed;
      if (possible >= left) return nowMs + left / speed;
      left -= possible;
      nowMs = untilMs;
      at++;
    }
  }

  private indexOf(ms: number): number {
    while (this.at > 0 && (this.untilMs[this.at - 1] as number) > ms) this.at--;
    while (this.ensure(this.at) <= ms) this.at++;
    return this.at;
  }

  private ensure(at: number): number {
    while (this.untilMs.length <= at) {
      const next = this.stretches.next();
      const { forMs, speed } = next.done ? { forMs: Infinity, speed: 1 } : next.value;
      this.untilMs.push((this.untilMs.at(-1) ?? 0) + forMs);
      this.speeds.push(speed);
    }
    return this.untilMs[at] as number;
  }
}

export function constant(speed: number): Speed {
  return new Speed([{ forMs: Infinity, speed }].values());
}

/** Now and then slow: every `everyMs`, for `forMs`, both ± a spread, from a random place in the cycle on. */
export function nowAndThen(
  random: Random,
  { everyMs, forMs, speed, spread }: { everyMs: number; forMs: number; speed: number; spread: number },
): Speed {
  const about = (ms: number): number => ms * (1 + spread * (2 * random.next() - 1));
  function* stretches(): Iterator<Stretch> {
    yield { forMs: random.next() * everyMs, speed: 1 };
    for (;;) {
      yield { forMs: about(forMs), speed };
      yield { forMs: about(everyMs - forMs), speed: 1 };
    }
  }
  return new Speed(stretches());
}
