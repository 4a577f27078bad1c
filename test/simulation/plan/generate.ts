/** A scenario from a seed. Changing anything here gives every seed another meaning: what must stay is kept as a file. */
import type { SyncSettings } from '../../../src/sync/index.js';
import { defaultSyncSettings } from '../../../src/sync/index.js';
import { Chance } from '../world/chance.js';
import { drawCommand } from './draw-command.js';
import { drawFault, drawReturn } from './draw-fault.js';
import type { Profile } from './profiles.js';
import { profiles } from './profiles.js';
import type { Action, AgentPlan, Scenario } from './scenario.js';
import { SCENARIO_VERSION } from './scenario.js';

export interface GenerateOptions {
  /** Agents of every run, in place of what the profile draws. */
  readonly agents?: number;
  /** Title of the profile, in place of a drawn one. */
  readonly profile?: string;
}

const HOUR_MS = 3_600_000;

export function generate(seed: number, options: GenerateOptions = {}): Scenario {
  const chance = new Chance(seed).branch('plan');
  const profile = profileFor(chance, options.profile);
  const lengthMs = chance.between(...profile.lengthMs);
  const agents = drawAgents(profile, chance, options.agents);
  const wander = drawShare(chance, profile.wander);
  const actions = [
    ...drawActions(profile, chance.branch('commands'), lengthMs, agents, 'command'),
    ...drawActions(profile, chance.branch('faults'), lengthMs, agents, 'fault'),
    ...absence(profile, chance, lengthMs, agents),
  ].sort((a, b) => a.atMs - b.atMs);
  return {
    version: SCENARIO_VERSION,
    seed,
    title: profile.title,
    agents,
    settings: drawSettings(profile, chance),
    tempo: profile.tempo,
    weather: {
      latencyMs: [1, chance.pick([1, 2, 5, 40])],
      remoteLatencyMs: [15, chance.pick([20, 80, 200])],
      lossShare: drawShare(chance, profile.loss),
      repeatShare: wander / 2,
      lateShare: wander / 2,
    },
    actions,
    staysDown: chance.hits(0.25) ? [chance.between(0, agents.length - 1)] : [],
    healAtMs: Math.max(lengthMs, ...actions.map(endOf)) + 500,
  };
}

function profileFor(chance: Chance, title: string | undefined): Profile {
  const drawn = chance.weighted(profiles.map((profile) => [profile.share, profile] as const));
  if (title === undefined) return drawn;
  const wanted = profiles.find((profile) => profile.title === title);
  if (!wanted) throw new RangeError(`no profile ${title}; there are: ${profiles.map((p) => p.title).join(', ')}`);
  return wanted;
}

function drawAgents(profile: Profile, chance: Chance, fixed: number | undefined): AgentPlan[] {
  const count = fixed ?? chance.between(...profile.agents);
  const datacenters = Math.min(count, chance.between(...profile.datacenters));
  const hasHome = chance.hits(profile.homeShare);
  return Array.from({ length: count }, (_, slot) => ({
    node: `n${slot}`,
    datacenter: `dc${(slot % datacenters) + 1}`,
    // The first agent of each datacenter.
    primary: hasHome ? `n${slot % datacenters}` : '',
    startAtMs: slot === 0 || chance.hits(0.7) ? slot * chance.between(0, 40) : chance.between(1_000, 8_000),
    skewMs: chance.between(-profile.skewMs, profile.skewMs),
  }));
}

/** Half of the runs have short windows, so that more happens in the same time; tombstones of the absence are the real ones. */
function drawSettings({ tempo }: Profile, chance: Chance): Partial<SyncSettings> {
  if (tempo !== 1) return slowed(tempo, chance);
  if (chance.hits(0.3)) return {};
  return {
    tombstoneMinMs: chance.pick([3_000, 10_000]),
    lossWindowMs: chance.pick([8_000, 20_000]),
    deadAfterMs: chance.pick([3_000, 6_000]),
    heartbeatMs: chance.pick([250, 500]),
    monitors: chance.pick([2, 3, 5]),
    queueBytes: chance.pick([8 * 1024, 256 * 1024]),
  };
}

function slowed(tempo: number, chance: Chance): Partial<SyncSettings> {
  const { heartbeatMs, digestMs, remoteDigestMs, suspectAfterMs, deadAfterMs, hardDeadAfterMs, lossWindowMs } =
    defaultSyncSettings;
  return {
    heartbeatMs: heartbeatMs * tempo,
    digestMs: digestMs * tempo,
    remoteDigestMs: remoteDigestMs * tempo,
    suspectAfterMs: suspectAfterMs * tempo,
    deadAfterMs: deadAfterMs * tempo,
    hardDeadAfterMs: hardDeadAfterMs * tempo,
    lossWindowMs: lossWindowMs * 60,
    tombstoneMinMs: 2 * HOUR_MS,
    tombstoneMaxMs: 24 * HOUR_MS,
    reconnectTimeoutMs: chance.pick([20, 72]) * HOUR_MS,
  };
}

function drawShare(chance: Chance, [least, most]: readonly [number, number]): number {
  return Math.round((least + (most - least) * chance.next()) * 1000) / 1000;
}

function drawActions(
  profile: Profile,
  chance: Chance,
  lengthMs: number,
  agents: readonly AgentPlan[],
  what: 'command' | 'fault',
): Action[] {
  const count = chance.between(...(what === 'command' ? profile.commands : profile.faults));
  const draw = what === 'command' ? drawCommand : drawFault;
  return Array.from({ length: count }, () => {
    const atMs = chance.between(200, lengthMs);
    const drawn = draw(profile, chance, agents);
    const back = drawReturn(profile, chance, drawn);
    return [{ atMs, ...drawn }, ...(back ? [{ atMs: atMs + back.afterMs, ...back.fault }] : [])];
  }).flat();
}

/** One agent misses more than a day, in which the others go on. */
function absence(profile: Profile, chance: Chance, lengthMs: number, agents: readonly AgentPlan[]): Action[] {
  if (profile.tempo === 1) return [];
  const agent = chance.between(0, agents.length - 1);
  const goneMs = chance.between(lengthMs / 4, lengthMs);
  const backMs = goneMs + 26 * HOUR_MS;
  const meanwhile = Array.from({ length: 10 }, () => {
    const atMs = chance.between(goneMs, backMs);
    return { atMs, ...drawCommand(profile, chance, agents) };
  });
  return [
    { atMs: chance.between(lengthMs / 8, lengthMs / 4), do: 'copy-disk', agent },
    { atMs: goneMs, do: 'crash', agent, power: chance.hits(0.5), kept: 0.5 },
    ...meanwhile,
    { atMs: backMs, do: 'start', agent, disk: chance.pick(['kept', 'copy']), address: chance.pick(['same', 'new']) },
  ];
}

function endOf(action: Action): number {
  return action.atMs + ('forMs' in action ? action.forMs : 0);
}
