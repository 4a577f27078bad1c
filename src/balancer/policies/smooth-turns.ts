import type { Random } from '../../runtime/index.js';
import type { Candidate } from '../policy.js';

/**
 * Smooth weighted round robin (nginx): everybody gains its weight, the highest has its turn and pays what all gained.
 * Here a turn may be among some of them only: the others neither gain nor pay.
 */
export class SmoothTurns {
  private candidates: readonly Candidate[] = [];
  private credit = new Float64Array(0);

  constructor(private readonly random: Random) {}

  /** Those who stay keep their credit; who is new begins at a random place in the round, or clients would move in step. */
  update(candidates: readonly Candidate[]): void {
    const before = new Map(this.candidates.map((candidate, at) => [candidate, this.credit[at] as number]));
    this.credit = Float64Array.from(
      candidates,
      (candidate) => before.get(candidate) ?? this.random.next() * candidate.weight,
    );
    this.candidates = candidates;
  }

  /** By weight, among those that `takesPart`; see `nextBy`. */
  next(takesPart: (candidate: Candidate, at: number) => boolean): Candidate | undefined {
    return this.nextBy((candidate, at) => (takesPart(candidate, at) ? candidate.weight : 0));
  }

  /** By what they gain this time; who gains 0 has no part in it. */
  nextBy(gainOf: (candidate: Candidate, at: number) => number): Candidate | undefined {
    let best = -1;
    let gained = 0;
    for (let at = 0; at < this.candidates.length; at++) {
      const gain = gainOf(this.candidates[at] as Candidate, at);
      if (gain === 0) continue;
      gained += gain;
      const credit = (this.credit[at] as number) + gain;
      this.credit[at] = credit;
      if (best < 0 || credit > (this.credit[best] as number)) best = at;
    }
    if (best < 0) return undefined;
    this.credit[best] = (this.credit[best] as number) - gained;
    return this.candidates[best];
  }
}
