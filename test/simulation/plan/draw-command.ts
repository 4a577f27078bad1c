import type { Chance } from '../world/chance.js';
import type { Profile } from './profiles.js';
import type { AgentPlan, Command, Slot, Status } from './scenario.js';

/** Few names, so that they meet. */
const SERVICES = ['web', 'Web', 'db', 'api'];
const IDS = ['a', 'b', 'c'];
const KEYS = ['k1', 'k2', 'lock/x', 'lock/y'];
const SESSIONS = ['s1', 's2', 's3', 's4'];
const EXTERNAL = ['ext1', 'ext2', 'Ext1'];
const ADDRESSES = ['10.9.0.1', '10.9.0.2'];
const STATUSES: readonly Status[] = ['passing', 'passing', 'warning', 'critical'];

type Draw = (chance: Chance, agent: Slot, agents: readonly AgentPlan[]) => Command;

const draws: { readonly [K in Command['do']]: Draw } = {
  register: (chance, agent) => ({
    do: 'register',
    agent,
    id: chance.pick(IDS),
    service: chance.pick(SERVICES),
    port: chance.between(8000, 8003),
    meta: chance.pick(['', 'v1', 'v2']),
    status: chance.pick(STATUSES),
  }),
  deregister: (chance, agent) => ({ do: 'deregister', agent, id: chance.pick(IDS) }),
  flip: (chance, agent) => ({ do: 'flip', agent, id: chance.pick(IDS), status: chance.pick(STATUSES) }),
  'catalog-register': (chance, agent, agents) => ({
    do: 'catalog-register',
    agent,
    node: anyNode(chance, agents),
    address: chance.pick(ADDRESSES),
    id: chance.pick(IDS),
    service: chance.pick(SERVICES),
    port: chance.between(9000, 9002),
    status: chance.pick(STATUSES),
  }),
  'catalog-deregister': (chance, agent, agents) => ({
    do: 'catalog-deregister',
    agent,
    node: anyNode(chance, agents),
    id: chance.pick(['', ...IDS, ...IDS]),
  }),
  'kv-set': (chance, agent) => ({
    do: 'kv-set',
    agent,
    key: chance.pick(KEYS),
    value: String(chance.between(0, 99)),
  }),
  'kv-delete': (chance, agent) => ({ do: 'kv-delete', agent, key: chance.pick(KEYS) }),
  'session-create': (chance, agent, agents) => ({
    do: 'session-create',
    agent,
    session: chance.pick(SESSIONS),
    node: chance.between(0, agents.length - 1),
  }),
  'session-destroy': (chance, agent) => ({ do: 'session-destroy', agent, session: chance.pick(SESSIONS) }),
  acquire: (chance, agent) => ({ do: 'acquire', agent, key: chance.pick(KEYS), session: chance.pick(SESSIONS) }),
  release: (chance, agent) => ({ do: 'release', agent, key: chance.pick(KEYS), session: chance.pick(SESSIONS) }),
  leave: (_, agent) => ({ do: 'leave', agent }),
  'force-leave': (chance, agent, agents) => ({
    do: 'force-leave',
    agent,
    target: chance.between(0, agents.length - 1),
    prune: chance.hits(0.3),
  }),
};

export function drawCommand(profile: Profile, chance: Chance, agents: readonly AgentPlan[]): Command {
  const names = Object.keys(draws) as Command['do'][];
  const name = chance.weighted(names.map((name) => [profile.commandWeights[name] ?? 1, name] as const));
  return draws[name](chance, chance.between(0, agents.length - 1), agents);
}

/** A node that nobody runs, mostly; else that of an agent. */
function anyNode(chance: Chance, agents: readonly AgentPlan[]): string {
  return chance.hits(0.8) ? chance.pick(EXTERNAL) : chance.pick(agents).node;
}
