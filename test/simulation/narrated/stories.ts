/** A few runs that are short enough to be read, told in `*.txt` beside this file. */
import type { Action, AgentPlan, Scenario } from '../plan/scenario.js';
import { SCENARIO_VERSION } from '../plan/scenario.js';

function agents(count: number, primary = ''): readonly AgentPlan[] {
  return Array.from({ length: count }, (_, slot) => ({
    node: `n${slot}`,
    datacenter: 'dc1',
    primary,
    startAtMs: slot * 10,
    skewMs: 0,
  }));
}

function story(title: string, healAtMs: number, actions: readonly Action[], more: Partial<Scenario> = {}): Scenario {
  return {
    version: SCENARIO_VERSION,
    seed: 1,
    title,
    agents: agents(3),
    settings: { tombstoneMinMs: 5_000, lossWindowMs: 10_000 },
    tempo: 1,
    weather: { latencyMs: [1, 1], remoteLatencyMs: [20, 20], lossShare: 0, repeatShare: 0, lateShare: 0 },
    actions,
    healAtMs,
    staysDown: [],
    ...more,
  };
}

const web = { do: 'register', id: 'a', service: 'web', port: 8000, meta: '', status: 'passing' } as const;
const outside = {
  do: 'catalog-register',
  node: 'ext1',
  address: '10.9.0.1',
  id: 'a',
  service: 'db',
  port: 9000,
  status: 'passing',
} as const;

export const stories: Readonly<Record<string, Scenario>> = {
  'a registration, a crash, a verdict, a return': story('one agent dies and comes back', 25_000, [
    { atMs: 1_000, agent: 0, ...web },
    { atMs: 2_000, do: 'flip', agent: 0, id: 'a', status: 'critical' },
    { atMs: 3_000, do: 'crash', agent: 0, power: false, kept: 1 },
    { atMs: 20_000, do: 'start', agent: 0, disk: 'kept', address: 'new' },
  ]),
  'a minority expires nothing': story(
    'two agents are cut off from three',
    30_000,
    [
      { atMs: 1_000, agent: 0, ...web },
      {
        atMs: 2_000,
        do: 'partition',
        groups: [
          [0, 1],
          [2, 3, 4],
        ],
        forMs: 20_000,
      },
      { atMs: 4_000, agent: 1, ...web, port: 8001 },
      { atMs: 5_000, do: 'deregister', agent: 0, id: 'a' },
    ],
    { agents: agents(5) },
  ),
  'one identity on both sides': story('an external instance is registered twice', 20_000, [
    { atMs: 2_000, do: 'partition', groups: [[0, 1], [2]], forMs: 4_000 },
    { atMs: 3_000, agent: 0, ...outside },
    { atMs: 3_500, agent: 2, ...outside, port: 9001 },
    { atMs: 12_000, do: 'catalog-deregister', agent: 1, node: 'ext1', id: 'a' },
  ]),
  'a takeover': story('the rows of a dead agent become those of another', 45_000, [
    { atMs: 1_000, agent: 0, ...outside },
    { atMs: 2_000, do: 'crash', agent: 0, power: false, kept: 1 },
    {
      atMs: 20_000,
      do: 'catalog-register',
      agent: 1,
      node: 'ext1',
      address: '10.9.0.1',
      id: 'a',
      service: 'db',
      port: 9002,
      status: 'passing',
    },
    { atMs: 25_000, do: 'catalog-deregister', agent: 1, node: 'ext1', id: 'a' },
    { atMs: 30_000, do: 'start', agent: 0, disk: 'kept', address: 'same' },
  ]),
  'an old data directory': story('an agent is started with a copy of its past', 20_000, [
    { atMs: 1_000, agent: 0, ...web },
    { atMs: 2_000, do: 'copy-disk', agent: 0 },
    { atMs: 3_000, do: 'deregister', agent: 0, id: 'a' },
    { atMs: 3_500, agent: 0, ...web, id: 'b' },
    { atMs: 4_000, do: 'crash', agent: 0, power: true, kept: 0 },
    { atMs: 6_000, do: 'start', agent: 0, disk: 'copy', address: 'same' },
  ]),
  'a lock whose home is out of reach': story(
    'the home is cut off',
    25_000,
    [
      { atMs: 1_000, do: 'session-create', agent: 1, session: 's1', node: 1 },
      { atMs: 1_100, do: 'session-create', agent: 2, session: 's2', node: 2 },
      { atMs: 2_000, do: 'acquire', agent: 1, key: 'lock/x', session: 's1' },
      { atMs: 3_000, do: 'partition', groups: [[0, 1], [2]], forMs: 3_000 },
      { atMs: 5_500, do: 'acquire', agent: 2, key: 'lock/x', session: 's2' },
      { atMs: 8_000, do: 'acquire', agent: 2, key: 'lock/x', session: 's2' },
      { atMs: 9_000, do: 'release', agent: 1, key: 'lock/x', session: 's1' },
      { atMs: 10_000, do: 'acquire', agent: 2, key: 'lock/x', session: 's2' },
    ],
    { agents: agents(3, 'n0') },
  ),
};
