interface Sampled {
  readonly sampled: boolean;
  readonly smoothedMs: number;
  readonly sampledAtMs: number;
}

/** Shortest and longest time constant of the moving averages, and how many median latencies it is in between. */
const TAU_MIN_MS = 300;
const TAU_MAX_MS = 10_000;
const TAU_MEDIANS = 30;
/** How long, in time constants, an average counts without a new sample. */
const FRESH_TAUS = 3;
/** Nothing is taken for faster than this: below it one measures the event loop, not the endpoint. */
export const FASTEST_MS = 1;

/**
 * What is usual among the endpoints of one balancer: the median of their averages, and from it how fast averages forget.
 * With a fixed 10 s a pause of half a second would be remembered 20 times longer than it lasted.
 */
export class LatencyScale {
  medianMs = FASTEST_MS;
  tauMs = TAU_MIN_MS;
  private sorted = new Float64Array(16);
  private samplesUntilDue = 1;

  /** Counts a sample; true when the median is due to be taken again: once for as many samples as there are members. */
  due(): boolean {
    return --this.samplesUntilDue <= 0;
  }

  /**
   * The lower median of those sampled lately, so that one of two that fails does not become what is usual. Averages of
   * those not asked for a while say nothing: they would keep themselves out for ever if they made up the median.
   */
  refresh(members: readonly Sampled[], nowMs: number): void {
    if (this.sorted.length < members.length) this.sorted = new Float64Array(members.length * 2);
    const sinceMs = nowMs - FRESH_TAUS * this.tauMs;
    let count = 0;
    for (const member of members) {
      if (member.sampled && member.sampledAtMs >= sinceMs) this.sorted[count++] = member.smoothedMs;
    }
    this.samplesUntilDue = Math.max(1, count);
    if (count === 0) return;
    const middle = this.sorted.subarray(0, count).sort()[(count - 1) >> 1] as number;
    this.medianMs = Math.max(FASTEST_MS, middle);
    this.tauMs = Math.min(TAU_MAX_MS, Math.max(TAU_MIN_MS, TAU_MEDIANS * this.medianMs));
  }
}
