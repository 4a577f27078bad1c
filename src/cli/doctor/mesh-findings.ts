import type { ClusterMember, ConsulClient, SyncReport } from '../../consul/index.js';
import { isDiscoveryError } from '../../model/index.js';
import { lasted, plural } from '../output/words.js';
import { ok, problem, warning, why, type Finding } from './finding.js';

/** Behind so long, an agent answers with what others knew then. */
const LAG_MS = 10_000;
const LOOP_MS = 200;
const SKEW_MS = 5_000;

/** The agents around this one, as it sees them; nothing of a Consul, and little of an agent alone. */
export async function lookAtMesh(agent: ConsulClient): Promise<readonly Finding[]> {
  try {
    const answer = await agent.sync.report({ timeoutMs: 3_000 });
    const report = answer.value;
    const leader = (await agent.status.leader({ timeoutMs: 3_000 })).value;
    const others = report.members.filter(({ isSelf, state }) => !isSelf && state !== 'left');
    if (others.length === 0) return [ok('other agents', 'none is known: this one is alone'), ...home(report, leader)];
    return [
      ...members(others, report),
      ...home(report, leader),
      ...protection(report),
      ...clocks(others, Date.parse(answer.header('date') ?? '')),
      ...trouble(report),
    ];
  } catch (error) {
    if (isDiscoveryError(error, 'NOT_FOUND')) return [];
    return [problem('other agents', why(error), 'Look at the log of the agent.')];
  }
}

function members(others: readonly ClusterMember[], { self, peers }: SyncReport): Finding[] {
  const here = others.filter(({ datacenter }) => datacenter === self.datacenter);
  const alive = here.filter(({ state }) => state === 'alive');
  const connected = new Set(peers.filter(({ state }) => state === 'connected').map(({ origin }) => origin));
  const apart = alive.filter(({ origin }) => !connected.has(origin));
  const troubled = here.filter(({ state }) => state !== 'alive');
  const advice =
    'Does a firewall let TCP through to their peer port (8301), both ways? "datapunk sync" shows each connection.';
  return [
    ...(troubled.length === 0 ? [ok('other agents', `${plural(here.length, 'agent')} alive`)] : []),
    ...troubled.map(({ node, state, reason, address, port }) => {
      const says = `${node} is ${state}${reason === '' ? '' : `: ${reason}`}`;
      return warning(
        'other agents',
        says,
        `Does it run, and can ${address} port ${port} be reached from here? If it is gone for good: datapunk force-leave ${node}`,
      );
    }),
    ...(apart.length === 0 ? [] : [problem('peer port', `no connection to ${names(apart)}`, advice)]),
    ...remote(others, self.datacenter),
  ];
}

/** A whole site at once: its agents are one failure to us. */
function remote(others: readonly ClusterMember[], own: string): Finding[] {
  const sites = new Set(others.map(({ datacenter }) => datacenter).filter((datacenter) => datacenter !== own));
  return [...sites].map((site) => {
    const there = others.filter(({ datacenter }) => datacenter === site);
    const alive = there.filter(({ state }) => state === 'alive').length;
    if (alive > 0) return ok(`datacenter ${site}`, `${alive} of ${plural(there.length, 'agent')} heard of`);
    return warning(
      `datacenter ${site}`,
      'nothing is heard of it: its services are answered as they were last known',
      'Does one of its agents run, and is the way there open?',
    );
  });
}

function home({ members: all, self }: SyncReport, leader: string): Finding[] {
  const found = all.find(({ isHome, datacenter }) => isHome && datacenter === self.datacenter);
  const lost = 'keys, sessions, events and queries are neither written nor read without ?stale';
  if (!found) {
    return [problem('home', `there is none: ${lost}`, 'Set "primary_node" to one node name, the same on every agent.')];
  }
  if (leader !== '') return [ok('home', `${found.node} decides keys, sessions, events and queries`)];
  return [problem('home', `${found.node} cannot be reached: ${lost}`, 'Start it again, or open the way to it.')];
}

function protection({ protectedMode: { active, reason, sinceMs } }: SyncReport): Finding[] {
  if (!active) return [ok('protected mode', 'off: agents that die are taken out of discovery')];
  const advice =
    'It ends by itself once a majority is reachable again and nothing more is lost. Until then answers may be old.';
  return [problem('protected mode', `on for ${lasted(sinceMs)}: ${reason}`, advice)];
}

/** An incarnation begins with its agent's time at the start, which nobody can have begun in the future. */
function clocks(others: readonly ClusterMember[], agentMs: number): Finding[] {
  const fast = others.filter(({ incarnation }) => incarnation > agentMs + SKEW_MS);
  if (fast.length === 0) return [];
  const says = `ahead of this agent’s: those of ${names(fast)}, by ${lasted(Math.max(...fast.map(({ incarnation }) => incarnation - agentMs)))} or more`;
  return [
    warning('clocks', says, 'Let all agents follow a time server: of two registrations of one id the later wins.'),
  ];
}

function trouble({ localHealth, eventLoopLagMs, streams, conflicts }: SyncReport): Finding[] {
  const behind = streams.filter(({ lagVersions, lagMs }) => lagVersions > 0 && lagMs > LAG_MS);
  const found: Finding[] = [];
  if (localHealth > 0 || eventLoopLagMs > LOOP_MS) {
    const says = `this agent is slow: local health ${localHealth} of 8, event loop ${lasted(eventLoopLagMs)} late`;
    found.push(
      warning('local health', says, 'Give its machine more processor time; it judges others more leniently now.'),
    );
  }
  if (behind.length > 0) {
    const says = `behind for more than ${lasted(LAG_MS)} with the facts of ${behind.map(({ node }) => node).join(', ')}`;
    found.push(warning('lag', says, '"datapunk sync" shows by how much.'));
  }
  if (conflicts.length > 0) {
    const ids = conflicts.slice(0, 3).map(({ node, id }) => (id === '' ? node : `${node}/${id}`));
    const says = `registered at two agents: ${ids.join(', ')}${conflicts.length > 3 ? '…' : ''}`;
    found.push(warning('conflicts', says, 'Deregister one of each, or give them different ids: "datapunk sync".'));
  }
  return found;
}

function names(members: readonly ClusterMember[]): string {
  return members.map(({ node }) => node).join(', ');
}
