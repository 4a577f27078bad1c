/** Bucket n holds latencies from FIRST_MS × GROWTH^n on: 5 % wide, from 0.05 ms to over 10 minutes. */
const FIRST_MS = 0.05;
const GROWTH = 1.05;
const BUCKETS = 340;
const LOG_GROWTH = Math.log(GROWTH);

/** Percentiles of the latencies of the last one to two windows, to within 5 %, in constant space. */
export class LatencyWindow {
  private current = new Uint32Array(BUCKETS);
  private previous = new Uint32Array(BUCKETS);
  private currentCount = 0;
  private previousCount = 0;
  private window = -Infinity;

  /** `onTurn` is told of each window that ends, before it is forgotten. */
  constructor(
    private readonly windowMs: number,
    private readonly onTurn: () => void = () => {},
  ) {}

  add(latencyMs: number, nowMs: number): void {
    this.moveTo(nowMs);
    const bucket = bucketOf(latencyMs);
    this.current[bucket] = (this.current[bucket] as number) + 1;
    this.currentCount++;
  }

  count(nowMs: number): number {
    this.moveTo(nowMs);
    return this.currentCount + this.previousCount;
  }

  /** Milliseconds that this share of the latencies does not exceed; undefined without any. */
  percentile(share: number, nowMs: number): number | undefined {
    this.moveTo(nowMs);
    return this.read(share);
  }

  /** The same without looking at the clock: for `onTurn`. */
  read(share: number): number | undefined {
    const count = this.currentCount + this.previousCount;
    if (count === 0) return undefined;
    let left = Math.max(1, Math.ceil(share * count));
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      left -= (this.current[bucket] as number) + (this.previous[bucket] as number);
      if (left <= 0) return FIRST_MS * GROWTH ** (bucket + 1);
    }
    return undefined;
  }

  private moveTo(nowMs: number): void {
    const window = Math.floor(nowMs / this.windowMs);
    if (window <= this.window) return;
    if (this.currentCount > 0) this.onTurn();
    const adjacent = window === this.window + 1;
    [this.previous, this.current] = [this.current, this.previous];
    this.previousCount = adjacent ? this.currentCount : 0;
    if (!adjacent) this.previous.fill(0);
    this.current.fill(0);
    this.currentCount = 0;
    this.window = window;
  }
}

function bucketOf(latencyMs: number): number {
  if (!(latencyMs > FIRST_MS)) return 0;
  return Math.min(BUCKETS - 1, Math.floor(Math.log(latencyMs / FIRST_MS) / LOG_GROWTH));
}
