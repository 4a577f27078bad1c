import type { Random } from '../../runtime/index.js';
import type { Candidate } from '../policy.js';

/** Draws candidates at random by weight in constant time: the alias method (Vose 1991). */
export class WeightedDraw {
  private candidates: readonly Candidate[] = [];
  private chance = new Float64Array(0);
  private alias = new Uint32Array(0);

  constructor(private readonly random: Random) {}

  update(candidates: readonly Candidate[]): void {
    this.candidates = candidates;
    const count = candidates.length;
    const total = candidates.reduce((sum, { weight }) => sum + weight, 0);
    this.chance = Float64Array.from(candidates, ({ weight }) => (weight * count) / total);
    this.alias = Uint32Array.from(candidates, (_, at) => at);
    const chance = this.chance;
    const poor = [...chance.keys()].filter((at) => (chance[at] as number) < 1);
    const rich = [...chance.keys()].filter((at) => (chance[at] as number) >= 1);
    while (poor.length > 0 && rich.length > 0) {
      const from = rich.at(-1) as number;
      const to = poor.pop() as number;
      this.alias[to] = from;
      chance[from] = (chance[from] as number) - (1 - (chance[to] as number));
      if (chance[from] < 1) poor.push(rich.pop() as number);
    }
    // Whoever is left over is full but for rounding.
    for (const at of [...poor, ...rich]) chance[at] = 1;
  }

  next(): Candidate {
    const at = this.random.next() * this.candidates.length;
    const slot = Math.floor(at);
    return this.candidates[
      at - slot < (this.chance[slot] as number) ? slot : (this.alias[slot] as number)
    ] as Candidate;
  }

  /** One that takes part, if a few draws find one. */
  nextOf(takesPart: (candidate: Candidate) => boolean): Candidate | undefined {
    for (let tries = 0; tries < 8; tries++) {
      const candidate = this.next();
      if (takesPart(candidate)) return candidate;
    }
    return this.candidates.find(takesPart);
  }
}
