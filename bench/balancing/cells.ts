import type { Contestant } from './contestants.js';
import type { Scenario } from './scenarios.js';
import { simulate } from './simulation.js';
import type { Figures } from './tally.js';

/** A size of service, its clients, and how busy it is. */
export interface Setting {
  readonly servers: number;
  readonly clients: number;
  readonly load: number;
}

export const settings: readonly Setting[] = [
  { servers: 50, clients: 20, load: 0.7 },
  { servers: 50, clients: 20, load: 0.85 },
  { servers: 10, clients: 4, load: 0.7 },
  { servers: 10, clients: 4, load: 0.85 },
];

const SEEDS = [1, 2, 3];
const WARM_UP_MS = 4_000;

/** The median of three seeds, figure by figure. */
export function cell(setting: Setting, scenario: Scenario, contestant: Contestant): Figures {
  const { balancer, hedge } = contestant;
  const runs = SEEDS.map((seed) =>
    simulate({ ...setting, scenario, balancer, hedge, seed, forMs: scenario.forMs, warmUpMs: WARM_UP_MS }),
  );
  const median = (figure: keyof Figures): number => runs.map((run) => run[figure]).sort((a, b) => a - b)[1] as number;
  return {
    requests: median('requests'),
    meanMs: median('meanMs'),
    p50Ms: median('p50Ms'),
    p99Ms: median('p99Ms'),
    p999Ms: median('p999Ms'),
    success: median('success'),
    hedged: median('hedged'),
  };
}

/** `p50 / p99 / p99.9` in whole milliseconds. */
export function latenciesOf({ p50Ms, p99Ms, p999Ms }: Figures): string {
  return [p50Ms, p99Ms, p999Ms].map((ms) => Math.round(ms).toLocaleString('en')).join(' / ');
}

export function successOf({ success }: Figures): string {
  return `${(Math.floor(success * 1e5) / 1e3).toFixed(3)} %`;
}

export function rowOf(name: string, cells: readonly string[]): string {
  return `| ${[name, ...cells].join(' | ')} |`;
}
