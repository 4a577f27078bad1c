import { formatDuration } from '../../model/index.js';
import type { ClusterMember, MemberState } from '../../model/index.js';
import { badRequest, refusal } from '../core/errors.js';
import type { Reply } from '../core/reply.js';
import type { ApiRequest } from '../core/request.js';
import { family } from '../core/route.js';
import { beginOperating } from '../operating.js';
import { serverName } from './status.js';

/**
 * operator/raft and operator/autopilot (docs/contract.md section 3.13) as far as they are true of agents without a common
 * log: each agent is a server, the home is the leader.
 */
export const serverRoutes = family(500, {
  '/v1/operator/raft/configuration': { GET: { handler: raftConfiguration, summary: 'The servers' } },
  '/v1/operator/raft/peer': { DELETE: { handler: removePeer, summary: 'Remove a server', query: ['id', 'address'] } },
  '/v1/operator/autopilot/health': { GET: { handler: autopilotHealth, summary: 'Health of the servers' } },
  '/v1/operator/autopilot/state': { GET: { handler: autopilotState, summary: 'State of the servers' } },
});

function raftConfiguration(request: ApiRequest): Reply {
  beginOperating(request, 'read');
  return request.json({ Servers: servers(request).map((server) => raftServer(request, server)), Index: 0 });
}

/** Only the home decides anything alone, so it is the leader and the one voter. Indexes are each agent's own. */
function raftServer(request: ApiRequest, { origin, node, address, isHome, isSelf }: ClusterMember): object {
  return {
    ID: origin,
    Node: node,
    Address: serverName(address),
    Leader: isHome,
    ProtocolVersion: '3',
    Voter: isHome,
    ...(isSelf && { LastIndex: request.api.handle.catalog.index }),
  };
}

/** Agents of our datacenter that are not gone for good. */
function servers({ api }: ApiRequest): readonly ClusterMember[] {
  const { datacenter } = api.handle.catalog;
  return api.cluster.members().filter((member) => member.datacenter === datacenter && member.state !== 'left');
}

function removePeer(request: ApiRequest): Reply {
  const id = request.query.get('id');
  const address = request.query.get('address');
  if (id === '' && address === '') {
    throw badRequest("Must specify either ?id with the server's ID or ?address with IP:port of peer to remove");
  }
  if (id !== '' && address !== '') throw badRequest('Must specify only one of ?id or ?address');
  beginOperating(request, 'write');
  const named = id === '' ? `address "${address}"` : `id "${id}"`;
  throw refusal(500, `${named} was not found in the Raft configuration`);
}

/** 429 is how load balancers see an unhealthy cluster. */
function autopilotHealth(request: ApiRequest): Reply {
  beginOperating(request, 'read');
  const shown = servers(request).map((server) => serverHealth(request, server));
  const healthy = isHealthy(request) && shown.every((server) => server.Healthy);
  return request.json({ Healthy: healthy, FailureTolerance: 0, Servers: shown }, [], healthy ? 200 : 429);
}

function autopilotState(request: ApiRequest): Reply {
  beginOperating(request, 'read');
  const shown = servers(request).map((server) => serverHealth(request, server));
  const leaders = shown.filter((server) => server.Leader).map(({ ID }) => ID);
  const states = shown.map(({ Leader, Voter, ...server }) => {
    const status = { Status: Leader ? 'leader' : 'non-voter', NodeType: Voter ? 'voter' : 'non-voter', Meta: {} };
    return [server.ID, { ...server, ...status }] as const;
  });
  return request.json({
    Healthy: isHealthy(request) && shown.every((server) => server.Healthy),
    FailureTolerance: 0,
    OptimisticFailureTolerance: 0,
    Servers: Object.fromEntries(states),
    Leader: leaders[0] ?? '',
    Voters: leaders,
  });
}

/** Keys and locks can be decided, and nobody is behind a partition as far as this agent sees. */
function isHealthy({ api }: ApiRequest): boolean {
  const { cluster, handle } = api;
  return handle.catalog.ready && cluster.home.leader() !== '' && cluster.contact().known;
}

function serverHealth({ api }: ApiRequest, member: ClusterMember) {
  const { agent, handle } = api;
  const { isSelf, isHome, state } = member;
  return {
    ID: member.origin,
    Name: member.node,
    Address: serverName(member.address),
    SerfStatus: SERF_STATUS[state],
    Version: member.version,
    Leader: isHome,
    LastContact: isSelf ? '0s' : formatDuration(Math.ceil(member.lastContactMs)),
    LastTerm: 1,
    LastIndex: isSelf ? handle.catalog.index : 0,
    Healthy: state === 'alive' && (!isSelf || agent.unready().length === 0),
    Voter: isHome,
    // An incarnation begins with the wall-clock time of the start.
    StableSince: new Date(isSelf ? agent.startedAtWall : member.incarnation).toISOString(),
  };
}

const SERF_STATUS: Readonly<Record<MemberState, string>> = {
  alive: 'alive',
  suspect: 'alive',
  dead: 'failed',
  leaving: 'leaving',
  left: 'left',
};
