/**
 * When too few endpoints are healthy, sending everything to those few would bring them down too, and what says that the
 * others are unhealthy may itself be what failed. Draining endpoints and those never ready are not used in any mode.
 */
export interface PanicOptions {
  /** Share of usable endpoints below which it begins, 0 to 1. Default 0.5; 0 turns it off. */
  readonly threshold?: number;
  /**
   * - `open` (default): health is ignored, everybody gets requests.
   * - `closed`: nobody does.
   * - `shed`: the healthy get what they can carry (`overprovisioning` × their share), the rest is refused.
   */
  readonly mode?: 'open' | 'closed' | 'shed';
}

/** Envoy's rule: never while all localities together can carry everything. */
export function inPanic(usable: number, total: number, available: number, threshold: number): boolean {
  return available < 1 && total > 0 && usable < threshold * total;
}
