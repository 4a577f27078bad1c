import { defaults, limits } from '../../model/index.js';

/**
 * Lifeguard's local health multiplier: 0 = well, 8 = hardly able to judge others. Signs that it is we who are slow raise
 * it: our event loop slept, or others missed us and we are alive. Quiet time lowers it. Our limits of silence are
 * multiplied by it plus one.
 */
export class LocalHealth {
  value = 0;
  private lowerAtMs = 0;
  private missedAtMs = Number.NEGATIVE_INFINITY;

  /** Called each tick, in attentive time. A pause of one heartbeat raises by one, and each full second by one more. */
  tick(attentiveMs: number, lagMs: number, heartbeatMs: number): void {
    if (lagMs >= heartbeatMs) return this.raise(1 + Math.floor(lagMs / 1000), attentiveMs);
    if (this.value === 0 || attentiveMs < this.lowerAtMs) return;
    this.value--;
    this.lowerAtMs = attentiveMs + defaults.membership.healthQuietMs;
  }

  /** Others missed us. Without a pause between them it is one sign, for then it may be others who hear badly. */
  missed(attentiveMs: number): void {
    const isOld = attentiveMs - this.missedAtMs < defaults.membership.healthQuietMs;
    this.missedAtMs = attentiveMs;
    if (!isOld) this.raise(1, attentiveMs);
  }

  private raise(by: number, attentiveMs: number): void {
    this.value = Math.min(limits.localHealth, this.value + by);
    this.lowerAtMs = attentiveMs + defaults.membership.healthQuietMs;
  }
}
