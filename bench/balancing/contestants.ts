import type { SimulationOptions } from './simulation.js';

export interface Contestant {
  readonly name: string;
  readonly balancer: SimulationOptions['balancer'];
  readonly hedge?: boolean;
}

/** From what is expected to be worst to the bound. */
export const contestants: readonly Contestant[] = [
  { name: 'round-robin', balancer: { policy: 'round-robin' } },
  { name: 'random', balancer: { policy: 'random' } },
  { name: 'p2c', balancer: { policy: 'p2c' } },
  { name: 'peak-ewma', balancer: { policy: 'peak-ewma' } },
  { name: 'least-request', balancer: { policy: 'least-request' } },
  { name: 'least-request, subset', balancer: { policy: 'least-request', subset: {} } },
  { name: '**adaptive**', balancer: {} },
  { name: 'adaptive + hedges', balancer: {}, hedge: true },
  { name: 'bound (clairvoyant)', balancer: 'clairvoyant' },
];

/** The same without outlier ejection, to see what it is worth. */
export const withoutEjection: readonly Contestant[] = [
  { name: 'random', balancer: { policy: 'random', ejection: false } },
  { name: 'p2c', balancer: { policy: 'p2c', ejection: false } },
  { name: 'peak-ewma', balancer: { policy: 'peak-ewma', ejection: false } },
  { name: '**adaptive**', balancer: { ejection: false } },
];
