export interface Figures {
  readonly requests: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  /** Share of requests answered well, 0 to 1. */
  readonly success: number;
  /** Second copies in relation to requests. */
  readonly hedged: number;
}

/** Latencies of what was answered well, and how much was not. */
export class Tally {
  hedges = 0;
  private readonly latencies: number[] = [];
  private failures = 0;

  add(latencyMs: number, ok: boolean): void {
    if (ok) this.latencies.push(latencyMs);
    else this.failures++;
  }

  figures(): Figures {
    const sorted = Float64Array.from(this.latencies).sort();
    const requests = sorted.length + this.failures;
    const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
    return {
      requests,
      meanMs: sorted.reduce((sum, latency) => sum + latency, 0) / sorted.length,
      p50Ms: at(0.5),
      p99Ms: at(0.99),
      p999Ms: at(0.999),
      success: sorted.length / requests,
      hedged: this.hedges / requests,
    };
  }
}
