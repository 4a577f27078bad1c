/**
 * When a second server is asked beside a first that has not answered yet: once the wait is longer than 95 % of the last
 * answers took, and for one question in twenty at most, so that a slow network is not asked twice as much.
 */
const window = 128;
const fewest = 20;
const share = 0.05;
const mostSaved = 10;

export class HedgeBudget {
  private readonly timesMs: number[] = [];
  private next = 0;
  private saved = 0;
  private p95Ms: number | undefined;
  private sinceSorted = 0;

  /** Every question earns a part of a hedge. */
  earn(): void {
    this.saved = Math.min(mostSaved, this.saved + share);
  }

  spend(): boolean {
    if (this.saved < 1) return false;
    this.saved--;
    return true;
  }

  answered(elapsedMs: number): void {
    this.timesMs[this.next] = elapsedMs;
    this.next = (this.next + 1) % window;
    // Sorting for every answer would cost more than the answer.
    if (++this.sinceSorted < fewest) return;
    this.sinceSorted = 0;
    const sorted = this.timesMs.toSorted((a, b) => a - b);
    this.p95Ms = sorted[Math.floor(sorted.length * 0.95)];
  }

  /** Undefined while too little is known or nothing is saved up. */
  get afterMs(): number | undefined {
    return this.saved < 1 ? undefined : this.p95Ms;
  }
}
