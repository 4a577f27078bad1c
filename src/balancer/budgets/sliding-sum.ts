const SLICES = 10;

/** A sum that forgets: what was added counts for `windowMs`, give or take a tenth. */
export class SlidingSum {
  private readonly slices = new Float64Array(SLICES);
  private readonly sliceMs: number;
  private sum = 0;
  /** Number of the present slice since the beginning of time. */
  private present = -Infinity;

  constructor(windowMs: number) {
    this.sliceMs = windowMs / SLICES;
  }

  add(amount: number, nowMs: number): void {
    this.moveTo(nowMs);
    const at = this.present % SLICES;
    this.slices[at] = (this.slices[at] as number) + amount;
    this.sum += amount;
  }

  total(nowMs: number): number {
    this.moveTo(nowMs);
    return this.sum;
  }

  private moveTo(nowMs: number): void {
    const slice = Math.floor(nowMs / this.sliceMs);
    if (slice <= this.present) return;
    const first = Math.max(this.present + 1, slice - SLICES + 1);
    for (let passed = first; passed <= slice; passed++) this.slices[passed % SLICES] = 0;
    this.present = slice;
    // Added up anew, or rounding would add up instead.
    this.sum = this.slices.reduce((sum, amount) => sum + amount, 0);
  }
}
