import type { Chance } from '../world/chance.js';
import type { Profile } from './profiles.js';
import type { AgentPlan, Command, Fault, Slot } from './scenario.js';

type Draw = (chance: Chance, agent: Slot, count: number, profile: Profile) => Fault;

const draws: { readonly [K in Fault['do']]: Draw } = {
  crash: (chance, agent) => ({ do: 'crash', agent, power: chance.hits(0.4), kept: chance.pick([0, 0.3, 0.7, 1]) }),
  stop: (_, agent) => ({ do: 'stop', agent }),
  start: (chance, agent) => ({
    do: 'start',
    agent,
    disk: chance.weighted([
      [6, 'kept'],
      [2, 'copy'],
      [2, 'empty'],
    ] as const),
    address: chance.pick(['same', 'same', 'new']),
  }),
  'copy-disk': (_, agent) => ({ do: 'copy-disk', agent }),
  stall: (chance, agent) => ({ do: 'stall', agent, forMs: chance.between(1_000, 20_000) }),
  partition: (chance, _, count) => ({
    do: 'partition',
    groups: drawGroups(chance, count),
    forMs: chance.pick([chance.between(500, 5_000), chance.between(5_000, 25_000)]),
  }),
  cut: (chance, from, count) => ({
    do: 'cut',
    from,
    to: otherThan(from, chance, count),
    forMs: chance.between(500, 20_000),
  }),
  break: (chance, a, count) => ({ do: 'break', between: [a, otherThan(a, chance, count)], half: chance.hits(0.4) }),
  slow: (chance, to) => ({
    do: 'slow',
    to,
    bytesPerSecond: chance.pick([0, 200, 2_000]),
    forMs: chance.between(1_000, 10_000),
  }),
  weather: (chance) => ({
    do: 'weather',
    lossShare: chance.between(0, 30) / 100,
    repeatShare: chance.between(0, 10) / 100,
    lateShare: chance.between(0, 20) / 100,
  }),
  clock: (chance, agent) => ({ do: 'clock', agent, byMs: chance.between(-600_000, 600_000) }),
};

/** Mostly comes back after a while, whatever took it away. */
export function drawReturn(profile: Profile, chance: Chance, { do: what, ...of }: Fault | Command): Draft | undefined {
  const isGone = what === 'crash' || what === 'stop' || what === 'leave';
  if (!isGone || !('agent' in of) || chance.hits(0.2)) return undefined;
  const afterMs = chance.pick([chance.between(100, 2_000), chance.between(2_000, 15_000)]) * profile.tempo;
  return { afterMs, fault: draws.start(chance, of.agent, 0, profile) };
}

export interface Draft {
  readonly afterMs: number;
  readonly fault: Fault;
}

export function drawFault(profile: Profile, chance: Chance, agents: readonly AgentPlan[]): Fault {
  const names = Object.keys(draws) as Fault['do'][];
  const name = chance.weighted(names.map((name) => [profile.faultWeights[name] ?? 0, name] as const));
  return draws[name](chance, chance.between(0, agents.length - 1), agents.length, profile);
}

function otherThan(slot: Slot, chance: Chance, count: number): Slot {
  return count === 1 ? slot : (slot + chance.between(1, count - 1)) % count;
}

/** Two groups mostly, sometimes three; each agent falls into one by chance. */
function drawGroups(chance: Chance, count: number): Slot[][] {
  const groups: Slot[][] = Array.from({ length: chance.hits(0.8) ? 2 : 3 }, () => []);
  for (let slot = 0; slot < count; slot++) chance.pick(groups).push(slot);
  return groups.filter((group) => group.length > 0);
}
