import type { Random } from '../../runtime/index.js';
import { type Candidate, isExcluded, type Policy } from '../policy.js';
import type { PickHint } from '../balancer.js';
import { WeightedDraw } from './weighted-draw.js';

/**
 * Two different candidates drawn by weight, or the only one: the power of two choices (Mitzenmacher 2001). Which of the
 * two came first is chance as well, so a tie may go to the first.
 */
export class TwoChoices {
  private readonly draw: WeightedDraw;
  private count = 0;

  constructor(random: Random) {
    this.draw = new WeightedDraw(random);
  }

  update(candidates: readonly Candidate[]): void {
    this.count = candidates.length;
    this.draw.update(candidates);
  }

  better(hint: PickHint, cost: (candidate: Candidate) => number): Candidate | undefined {
    if (hint.exclude !== undefined) return this.betterOf(cost, (candidate) => !isExcluded(candidate, hint));
    const first = this.draw.next();
    if (this.count === 1) return first;
    let second = this.draw.next();
    for (let tries = 0; second === first && tries < 8; tries++) second = this.draw.next();
    return cost(second) < cost(first) ? second : first;
  }

  private betterOf(
    cost: (candidate: Candidate) => number,
    takesPart: (candidate: Candidate) => boolean,
  ): Candidate | undefined {
    const first = this.draw.nextOf(takesPart);
    const second = this.draw.nextOf((candidate) => candidate !== first && takesPart(candidate));
    if (first === undefined || second === undefined) return first ?? second;
    return cost(second) < cost(first) ? second : first;
  }
}

/** Fewer in flight of two drawn at random. Draws are by weight, so weights are kept while there is little to do. */
export const twoChoices: Policy = {
  name: 'p2c',
  create: ({ random }) => {
    const choices = new TwoChoices(random);
    return {
      update: (candidates) => choices.update(candidates),
      choose: (hint) => choices.better(hint, loadOf),
      score: loadOf,
    };
  },
};

function loadOf({ inflight, weight }: Candidate): number {
  return inflight / weight;
}
