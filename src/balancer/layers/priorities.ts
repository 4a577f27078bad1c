import type { Locality } from '../../model/index.js';

/** Nearest first. Unknown localities ('') are near nobody. */
export const NEARNESS = ['zone', 'region', 'elsewhere'] as const;
export type Nearness = (typeof NEARNESS)[number];

export function nearnessOf(to: Locality, from: Locality | undefined): Nearness {
  if (!from || from.region === '') return from?.zone && to.zone === from.zone ? 'zone' : 'elsewhere';
  if (to.region !== from.region) return 'elsewhere';
  return from.zone !== '' && to.zone === from.zone ? 'zone' : 'region';
}

/** How many endpoints of one priority there are, and may be used. */
export interface Capacity {
  readonly total: number;
  readonly healthy: number;
  readonly degraded: number;
}

export interface Loads {
  /** Share of the requests, by priority; together with `degraded` 1, or all 0. */
  readonly healthy: readonly number[];
  readonly degraded: readonly number[];
  /** What all together can carry, 1 being everything and the most. */
  readonly available: number;
}

/**
 * Envoy's priority levels: a priority carries all it is asked while `overprovisioning` × its usable share reaches 1,
 * and what is missing goes to the next; degraded endpoints come after the healthy ones of all priorities. Where all
 * together fall short, everybody gets proportionally more.
 * https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/priority
 */
export function loadsOf(capacities: readonly Capacity[], overprovisioning: number): Loads {
  const carries = (usable: number, total: number): number =>
    total === 0 ? 0 : Math.min(1, (overprovisioning * usable) / total);
  const healthy = capacities.map(({ total, healthy }) => carries(healthy, total));
  const degraded = capacities.map(({ total, degraded }) => carries(degraded, total));
  const available = Math.min(
    1,
    [...healthy, ...degraded].reduce((sum, share) => sum + share, 0),
  );
  let left = 1;
  const take = (share: number): number => {
    const taken = available === 0 ? 0 : Math.min(left, share / available);
    left -= taken;
    return taken;
  };
  return { healthy: healthy.map(take), degraded: degraded.map(take), available };
}
