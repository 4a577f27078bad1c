import type { Clock } from '../../runtime/index.js';
import type { RequestLimits } from '../dependencies.js';

/** A token bucket that holds one second's worth, at least one request; a negative rate is no limit. Returns 0, or the whole seconds to wait. */
export class RateLimit {
  private readonly reads: Bucket;
  private readonly writes: Bucket;

  constructor(
    private readonly settings: RequestLimits,
    private readonly clock: Clock,
  ) {
    const now = clock.now();
    this.reads = { rate: settings.readRate, tokens: settings.readRate, at: now };
    this.writes = { rate: settings.writeRate, tokens: settings.writeRate, at: now };
  }

  get mode(): RequestLimits['mode'] {
    return this.settings.mode;
  }

  take(write: boolean): number {
    const bucket = write ? this.writes : this.reads;
    if (bucket.rate < 0) return 0;
    const now = this.clock.now();
    bucket.tokens = Math.min(Math.max(1, bucket.rate), bucket.tokens + ((now - bucket.at) / 1000) * bucket.rate);
    bucket.at = now;
    if (bucket.tokens >= 1) {
      bucket.tokens -= 1;
      return 0;
    }
    return bucket.rate > 0 ? Math.max(1, Math.ceil((1 - bucket.tokens) / bucket.rate)) : 1;
  }
}

interface Bucket {
  readonly rate: number;
  tokens: number;
  at: number;
}
