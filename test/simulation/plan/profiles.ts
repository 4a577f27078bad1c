/**
 * Kinds of trouble. A seed draws one: faults of one family meet often enough to matter then, and a failing run tells a
 * story. `everything` mixes them all.
 */
import type { ActionName } from './scenario.js';

export interface Profile {
  readonly title: string;
  /** How often it is drawn. */
  readonly share: number;
  readonly agents: readonly [least: number, most: number];
  readonly datacenters: readonly [least: number, most: number];
  /** Length of the troubled part. */
  readonly lengthMs: readonly [least: number, most: number];
  readonly commands: readonly [least: number, most: number];
  readonly faults: readonly [least: number, most: number];
  /** Of each fault; not listed = none. */
  readonly faultWeights: Partial<Record<ActionName, number>>;
  /** Of each command; not listed = 1. */
  readonly commandWeights: Partial<Record<ActionName, number>>;
  readonly loss: readonly [least: number, most: number];
  readonly wander: readonly [least: number, most: number];
  /** Of wall clocks, each way. */
  readonly skewMs: number;
  /** Whether a home is configured: else none. */
  readonly homeShare: number;
  /** Everything in sync's clockwork this much slower, for absences of days. */
  readonly tempo: number;
}

const STATE_COMMANDS = {
  'kv-set': 0.2,
  'kv-delete': 0.1,
  'session-create': 0.2,
  'session-destroy': 0.1,
  acquire: 0.2,
  release: 0.1,
} as const;
const RARE_COMMANDS = { leave: 0, 'force-leave': 0 } as const;
const CATALOG_ONLY = {
  ...STATE_COMMANDS,
  'kv-set': 0,
  'kv-delete': 0,
  'session-create': 0,
  'session-destroy': 0,
  acquire: 0,
  release: 0,
} as const;

const usual: Omit<Profile, 'title' | 'share'> = {
  agents: [3, 5],
  datacenters: [1, 1],
  lengthMs: [15_000, 30_000],
  commands: [15, 50],
  faults: [3, 8],
  faultWeights: {},
  commandWeights: { ...STATE_COMMANDS, ...RARE_COMMANDS },
  loss: [0, 0],
  wander: [0, 0],
  skewMs: 500,
  homeShare: 0.5,
  tempo: 1,
};

export const profiles: readonly Profile[] = [
  { ...usual, title: 'calm', share: 1, agents: [1, 7], faults: [0, 0] },
  {
    ...usual,
    title: 'bad weather',
    share: 2,
    agents: [2, 6],
    commands: [30, 80],
    faultWeights: { break: 4, weather: 2, slow: 1 },
    loss: [0.02, 0.3],
    wander: [0.02, 0.3],
  },
  {
    ...usual,
    title: 'partitions',
    share: 3,
    agents: [2, 7],
    lengthMs: [20_000, 50_000],
    faultWeights: { partition: 4, cut: 3, break: 1 },
  },
  {
    ...usual,
    title: 'crashes',
    share: 3,
    agents: [2, 6],
    lengthMs: [20_000, 45_000],
    faults: [5, 14],
    faultWeights: { crash: 5, start: 5, stop: 1, 'copy-disk': 2, break: 1 },
  },
  { ...usual, title: 'stalls', share: 2, agents: [3, 6], faultWeights: { stall: 5, slow: 2, break: 1 } },
  {
    ...usual,
    title: 'clocks',
    share: 1,
    skewMs: 600_000,
    faultWeights: { clock: 4, crash: 1, start: 1, partition: 1 },
    commandWeights: { ...CATALOG_ONLY, ...RARE_COMMANDS, 'catalog-register': 3, 'catalog-deregister': 2 },
  },
  {
    ...usual,
    title: 'one identity at several agents',
    share: 2,
    lengthMs: [20_000, 45_000],
    commands: [30, 70],
    skewMs: 20_000,
    faultWeights: { partition: 4, cut: 1, crash: 2, start: 2 },
    commandWeights: { ...CATALOG_ONLY, ...RARE_COMMANDS, 'catalog-register': 5, 'catalog-deregister': 3 },
  },
  {
    ...usual,
    title: 'coming and going',
    share: 2,
    agents: [3, 6],
    lengthMs: [25_000, 50_000],
    faults: [5, 12],
    faultWeights: { crash: 4, start: 5, stop: 2, 'copy-disk': 1 },
    commandWeights: { ...STATE_COMMANDS, leave: 0.6, 'force-leave': 0.8 },
  },
  {
    ...usual,
    title: 'home',
    share: 2,
    agents: [2, 5],
    lengthMs: [20_000, 40_000],
    commands: [40, 90],
    homeShare: 0.9,
    faultWeights: { crash: 2, start: 3, partition: 2, cut: 1, stall: 1, 'copy-disk': 1, break: 1, stop: 1 },
    commandWeights: {
      ...RARE_COMMANDS,
      'kv-set': 2,
      'session-create': 3,
      'session-destroy': 1,
      acquire: 6,
      release: 2,
    },
  },
  {
    ...usual,
    title: 'datacenters',
    share: 2,
    agents: [4, 7],
    datacenters: [2, 3],
    lengthMs: [20_000, 40_000],
    faultWeights: { partition: 3, crash: 2, start: 2, break: 2, stall: 1, cut: 1, weather: 1 },
    loss: [0, 0.1],
  },
  {
    ...usual,
    title: 'days of absence',
    share: 1,
    agents: [3, 5],
    lengthMs: [2 * 3_600_000, 4 * 3_600_000],
    commands: [20, 40],
    faults: [0, 2],
    faultWeights: { crash: 1, start: 1, break: 1 },
    tempo: 300,
  },
  {
    ...usual,
    title: 'everything',
    share: 4,
    agents: [3, 7],
    datacenters: [1, 2],
    lengthMs: [20_000, 50_000],
    commands: [20, 60],
    faults: [5, 16],
    faultWeights: {
      crash: 3,
      start: 4,
      stop: 1,
      'copy-disk': 1,
      stall: 2,
      partition: 2,
      cut: 2,
      break: 2,
      slow: 1,
      weather: 1,
      clock: 1,
    },
    commandWeights: { ...STATE_COMMANDS, leave: 0.1, 'force-leave': 0.2 },
    loss: [0, 0.3],
    wander: [0, 0.2],
    skewMs: 600_000,
  },
];
