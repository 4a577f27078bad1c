import { defaults } from '../../model/index.js';
import type { PickHint } from '../balancer.js';
import { combine } from '../hash.js';
import { type Candidate, isExcluded } from '../policy.js';

/**
 * Consistent hashing with bounded loads (Mirrokni, Thorup, Zadimoghaddam 2018): nobody gets more than 1.25 times its
 * share of what is in flight; a key whose endpoint is full goes elsewhere. "Elsewhere" is a place hashed from the key
 * anew, not the next one: overflow would pile up behind a full endpoint (Chen et al., AAAI 2021).
 */
export class BoundedLoad {
  private candidates: readonly Candidate[] = [];
  private totalWeight = 1;

  update(candidates: readonly Candidate[]): void {
    this.candidates = candidates;
    this.totalWeight = candidates.reduce((sum, { baseWeight }) => sum + baseWeight, 0);
  }

  /** What one unit of weight may have in flight, the request to place included. */
  perWeight(): number {
    let inflight = 1;
    for (const candidate of this.candidates) inflight += candidate.inflight;
    return (defaults.boundedLoad * inflight) / this.totalWeight;
  }

  hasRoom(candidate: Candidate, perWeight: number): boolean {
    return candidate.inflight + 1 <= Math.ceil(perWeight * candidate.baseWeight);
  }

  /** Places for a key until one has room: `ownerOf` the key's hash, then of hashes of it. */
  place(keyHash: number, hint: PickHint, ownerOf: (hash: number) => Candidate): Candidate | undefined {
    const perWeight = this.perWeight();
    for (let jump = 0; jump < 2 * this.candidates.length + 8; jump++) {
      const candidate = ownerOf(jump === 0 ? keyHash : combine(keyHash, jump));
      if (this.hasRoom(candidate, perWeight) && !isExcluded(candidate, hint)) return candidate;
    }
    // Bounds add up to more than all requests, so somebody has room; exclusion may leave nobody.
    return this.candidates.find((candidate) => this.hasRoom(candidate, perWeight) && !isExcluded(candidate, hint));
  }
}
