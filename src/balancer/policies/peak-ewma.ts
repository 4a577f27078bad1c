import type { Candidate, Policy, Result } from '../policy.js';
import { TwoChoices } from './two-choices.js';

/** Finagle's: how fast an average forgets, and what an endpoint without any history counts as while it is in use. */
const TAU_MS = 10_000;
const NO_HISTORY_MS = 1e6;

/**
 * Peak EWMA as Finagle and linkerd have it: the better of two by average latency × (in flight + 1), where an average
 * rises at once to what is slower, and forgets within 10 s. Kept for those who come from there; where stalls are short
 * `adaptive` does better (docs/balancing-results.md).
 */
export const peakEwma: Policy = {
  name: 'peak-ewma',
  create: ({ random }) => {
    const choices = new TwoChoices(random);
    let averages = new Map<Candidate, Average>();
    let nowMs = 0;
    const score = (candidate: Candidate, atMs: number): number => {
      const average = averages.get(candidate)?.at(atMs) ?? 0;
      if (average === 0 && candidate.inflight > 0) return NO_HISTORY_MS + candidate.inflight;
      return (average * (candidate.inflight + 1)) / candidate.weight;
    };
    const scoreNow = (candidate: Candidate): number => score(candidate, nowMs);
    return {
      update(candidates) {
        choices.update(candidates);
        averages = new Map(candidates.map((candidate) => [candidate, averages.get(candidate) ?? new Average()]));
      },
      choose(hint, atMs) {
        nowMs = atMs;
        return choices.better(hint, scoreNow);
      },
      ended: (candidate, result) => averages.get(candidate)?.observe(result),
      score,
    };
  },
};

class Average {
  private valueMs = 0;
  private stampMs = 0;

  /** Decays towards 0 while nothing is heard, so that an endpoint once slow is tried again. */
  at(nowMs: number): number {
    return this.valueMs * Math.exp((this.stampMs - nowMs) / TAU_MS);
  }

  observe({ latencyMs, nowMs }: Result): void {
    const kept = Math.exp((this.stampMs - nowMs) / TAU_MS);
    this.valueMs = latencyMs > this.valueMs ? latencyMs : this.valueMs * kept + latencyMs * (1 - kept);
    this.stampMs = nowMs;
  }
}
