/**
 * A new endpoint has cold caches and code not yet compiled: it gets a growing part of its weight.
 * https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/slow_start
 */
export interface SlowStartOptions {
  /** How long from becoming ready to the full weight, in milliseconds. Default 10,000; 0 turns it off. */
  readonly windowMs?: number;
  /** The least part of the weight, 0 to 1. Default 0.1. */
  readonly floor?: number;
  /** Above 1 the weight grows faster at first. Default 1: linear. */
  readonly aggression?: number;
}

export type SlowStartRules = Required<SlowStartOptions>;

/** How often weights are taken anew during the window. */
export const SLOW_START_STEPS = 20;

/** The part of its weight an endpoint gets that long after it became ready. */
export function slowStartFactor(readyMs: number, { windowMs, floor, aggression }: SlowStartRules): number {
  if (readyMs >= windowMs) return 1;
  return Math.max(floor, Math.pow(Math.max(0, readyMs) / windowMs, 1 / aggression));
}
