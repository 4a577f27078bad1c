/**
 * Time in which this agent could have heard something, in milliseconds since its first tick. What its own event loop slept
 * is left out, and it stands still between two ticks: what is read after a pause is judged as if there had been none, so
 * a pause of ours is never taken for the silence of another (ALGORITHMS of Lifeguard, Dadgar et al. 2018, go about the
 * same problem by probing themselves). A deadline may be met up to one tick early or late.
 */
export class AttentiveTime {
  ms = 0;
  private lastTickMs: number | undefined;

  /** `lagMs`: by how much this tick came late. */
  pass(nowMs: number, lagMs: number): void {
    if (this.lastTickMs !== undefined) this.ms += Math.max(0, nowMs - this.lastTickMs - lagMs);
    this.lastTickMs = nowMs;
  }
}
