import type { PickHint } from '../balancer.js';
import { FASTEST_MS } from '../latency-scale.js';
import { type Candidate, type Chooser, isExcluded, type Policy } from '../policy.js';
import type { Random } from '../../runtime/index.js';
import { SmoothTurns } from './smooth-turns.js';

/** Costs no further apart than this are equal: their order would be noise. */
const TIE = 1.05;

/**
 * The default. Looks at every endpoint of the client's subset and takes the cheapest, where
 *
 *   cost = expected latency × (requests in flight / weight + 1)
 *   expected latency = the larger of the oldest waiting request's age and the clipped average (Candidate.latencyMs)
 *
 * with weights relative to their mean. The age sees a stall before any answer tells of it. Who was never tried is tried
 * first, and costs within 5 % are a tie in which endpoints take turns by weight. With nothing in flight there is no queue
 * to avoid: then requests are shared in proportion to weight / latency, so that one slow first answer keeps nobody idle.
 * Figures and what was compared: docs/balancing-results.md.
 */
export const adaptive: Policy = {
  name: 'adaptive',
  narrow: true,
  create: ({ random }) => new Adaptive(random),
};

class Adaptive implements Chooser {
  private candidates: readonly Candidate[] = [];
  private costs = new Float64Array(0);
  private meanWeight = 1;
  private equalWeights = true;
  /** Whose turn it is in a tie among equal weights. */
  private turn = 0;
  private started = false;
  private untried = 0;
  /** Of all candidates, as of the last costs. */
  private inflight = 0;
  private readonly turns: SmoothTurns;

  constructor(private readonly random: Random) {
    this.turns = new SmoothTurns(random);
  }

  update(candidates: readonly Candidate[]): void {
    const [first] = candidates as [Candidate];
    this.candidates = candidates;
    this.costs = new Float64Array(candidates.length);
    this.meanWeight = candidates.reduce((sum, { weight }) => sum + weight, 0) / candidates.length;
    this.equalWeights = candidates.every(({ weight }) => weight === first.weight);
    this.untried = candidates.length;
    this.turns.update(candidates);
    if (!this.started) this.turn = Math.floor(this.random.next() * candidates.length);
    this.started = true;
  }

  choose(hint: PickHint, nowMs: number): Candidate | undefined {
    if (this.untried > 0) {
      const fresh = this.nextUntried(hint);
      if (fresh) return fresh;
    }
    const least = this.fillCosts(hint, nowMs);
    if (least === Infinity) return undefined;
    if (this.inflight === 0) return this.turns.nextBy((candidate, at) => candidate.weight / (this.costs[at] as number));
    const ceiling = least * TIE;
    if (!this.equalWeights) return this.turns.next((_, at) => (this.costs[at] as number) <= ceiling);
    return this.nextWithin(ceiling);
  }

  score(candidate: Candidate, nowMs: number): number {
    const expectedMs = Math.max(FASTEST_MS, candidate.latencyMs(nowMs), candidate.waitingMs(nowMs));
    return expectedMs * ((candidate.inflight * this.meanWeight) / candidate.weight + 1);
  }

  private nextUntried(hint: PickHint): Candidate | undefined {
    let untried = 0;
    let found: Candidate | undefined;
    const count = this.candidates.length;
    for (let step = 0; step < count; step++) {
      const candidate = this.candidates[(this.turn + step) % count] as Candidate;
      if (candidate.tried) continue;
      untried++;
      if (!isExcluded(candidate, hint)) found ??= candidate;
    }
    this.untried = untried;
    return found;
  }

  /** Returns the lowest; excluded ones cost Infinity. */
  private fillCosts(hint: PickHint, nowMs: number): number {
    const { candidates, costs } = this;
    let least = Infinity;
    let inflight = 0;
    for (let at = 0; at < candidates.length; at++) {
      const candidate = candidates[at] as Candidate;
      const cost = isExcluded(candidate, hint) ? Infinity : this.score(candidate, nowMs);
      costs[at] = cost;
      if (cost < least) least = cost;
      inflight += candidate.inflight;
    }
    this.inflight = inflight;
    return least;
  }

  /** The next in turn that costs no more than the ceiling. */
  private nextWithin(ceiling: number): Candidate | undefined {
    const { candidates, costs } = this;
    let at = this.turn;
    for (let step = 0; step < candidates.length; step++, at++) {
      if (at >= candidates.length) at = 0;
      if ((costs[at] as number) > ceiling) continue;
      this.turn = at + 1;
      return candidates[at];
    }
    return undefined;
  }
}
