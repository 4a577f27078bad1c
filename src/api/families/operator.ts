import { z } from 'zod';
import { configToWire, strconvError, topic } from '../../model/index.js';
import type { Json } from '../../model/index.js';
import { badRequest, refusal } from '../core/errors.js';
import { parseUint } from '../core/query.js';
import type { Reply } from '../core/reply.js';
import type { ApiRequest } from '../core/request.js';
import { family } from '../core/route.js';
import { blockingRead, stateRead } from '../reads.js';
import { serverName } from './status.js';

/** operator/… (docs/contract.md section 3.13) in the form a single agent gives it: one server, always the leader. */
const autopilotConfiguration = z.object({
  CleanupDeadServers: z.boolean().optional(),
  LastContactThreshold: z.string().optional(),
  MaxTrailingLogs: z.number().int().optional(),
  MinQuorum: z.number().int().optional(),
  ServerStabilizationTime: z.string().optional(),
  RedundancyZoneTag: z.string().optional(),
  DisableUpgradeMigration: z.boolean().optional(),
  UpgradeVersionTag: z.string().optional(),
  CreateIndex: z.number().int().optional(),
  ModifyIndex: z.number().int().optional(),
});

export const operatorRoutes = family(500, {
  '/v1/operator/raft/configuration': { GET: { handler: raftConfiguration, summary: 'The servers' } },
  '/v1/operator/raft/peer': { DELETE: { handler: removePeer, summary: 'Remove a server', query: ['id', 'address'] } },
  '/v1/operator/autopilot/configuration': {
    GET: { handler: autopilot, summary: 'Autopilot configuration' },
    PUT: { handler: setAutopilot, summary: 'Write it', body: autopilotConfiguration, query: ['cas'] },
  },
  '/v1/operator/autopilot/health': { GET: { handler: autopilotHealth, summary: 'Health of the servers' } },
  '/v1/operator/autopilot/state': { GET: { handler: autopilotState, summary: 'State of the servers' } },
  '/v1/operator/keyring': {
    GET: { handler: keyring, summary: 'Gossip keys' },
    POST: { handler: keyring, summary: 'Install a gossip key' },
    PUT: { handler: keyring, summary: 'Use a gossip key' },
    DELETE: { handler: keyring, summary: 'Remove a gossip key' },
  },
  '/v1/operator/usage': { GET: { handler: usage, summary: 'Numbers of nodes, services, instances', blocking: true } },
});

const KIND = 'autopilot';
const NAME = 'configuration';
const DEFAULTS = {
  CleanupDeadServers: true,
  LastContactThreshold: '200ms',
  MaxTrailingLogs: 250,
  MinQuorum: 0,
  ServerStabilizationTime: '10s',
  RedundancyZoneTag: '',
  DisableUpgradeMigration: false,
  UpgradeVersionTag: '',
};

function raftConfiguration(request: ApiRequest): Reply {
  begin(request, 'read');
  const { nodeId, nodeName } = request.api.handle.registry;
  const server = {
    ID: nodeId,
    Node: nodeName,
    Address: serverName(request),
    Leader: true,
    ProtocolVersion: '3',
    Voter: true,
    LastIndex: request.api.handle.catalog.index,
  };
  return request.json({ Servers: [server], Index: 0 });
}

function removePeer(request: ApiRequest): Reply {
  const id = request.query.get('id');
  const address = request.query.get('address');
  if (id === '' && address === '') {
    throw badRequest("Must specify either ?id with the server's ID or ?address with IP:port of peer to remove");
  }
  if (id !== '' && address !== '') throw badRequest('Must specify only one of ?id or ?address');
  begin(request, 'write');
  const named = id === '' ? `address "${address}"` : `id "${id}"`;
  throw refusal(500, `${named} was not found in the Raft configuration`);
}

function autopilot(request: ApiRequest): Reply {
  begin(request, 'read');
  const row = request.api.handle.catalog.config(KIND, NAME);
  return request.json(row ? configToWire(row) : { ...DEFAULTS, CreateIndex: 0, ModifyIndex: 0 });
}

async function setAutopilot(request: ApiRequest): Promise<Reply> {
  const {
    CreateIndex: _created,
    ModifyIndex: _modified,
    ...given
  } = await request.decode(autopilotConfiguration, {
    prefix: 'Error parsing autopilot config: ',
  });
  begin(request, 'write');
  const document: Json = { ...DEFAULTS, ...given };
  const { registry } = request.api.handle;
  if (!request.query.has('cas')) return request.json(await registry.putConfig(KIND, NAME, document));
  const cas = parseUint(request.query.get('cas'));
  if (cas === undefined)
    throw badRequest(`Error parsing cas value: ${strconvError('ParseUint', request.query.get('cas'))}`);
  return request.json(await registry.putConfig(KIND, NAME, document, Number(cas)));
}

/** 429 is how load balancers see an unhealthy cluster. */
function autopilotHealth(request: ApiRequest): Reply {
  begin(request, 'read');
  const healthy = isHealthy(request);
  const body = { Healthy: healthy, FailureTolerance: 0, Servers: [serverHealth(request, healthy)] };
  return request.json(body, [], healthy ? 200 : 429);
}

function autopilotState(request: ApiRequest): Reply {
  begin(request, 'read');
  const { nodeId } = request.api.handle.registry;
  const healthy = isHealthy(request);
  const { Leader: _leader, Voter: _voter, ...server } = serverHealth(request, healthy);
  return request.json({
    Healthy: healthy,
    FailureTolerance: 0,
    OptimisticFailureTolerance: 0,
    Servers: { [nodeId]: { ...server, Status: 'leader', NodeType: 'voter', Meta: {} } },
    Leader: nodeId,
    Voters: [nodeId],
  });
}

function isHealthy({ api }: ApiRequest): boolean {
  return api.handle.catalog.ready && api.agent.unready().length === 0;
}

function serverHealth(request: ApiRequest, healthy: boolean) {
  const { registry, catalog } = request.api.handle;
  return {
    ID: registry.nodeId,
    Name: registry.nodeName,
    Address: serverName(request),
    SerfStatus: 'alive',
    Version: request.api.agent.version,
    Leader: true,
    LastContact: '0s',
    LastTerm: 1,
    LastIndex: catalog.index,
    Healthy: healthy,
    Voter: true,
    StableSince: new Date(request.api.agent.startedAtWall).toISOString(),
  };
}

function keyring(request: ApiRequest): Reply {
  request.demand('keyring', '', 'read');
  throw refusal(500, 'Keyring is empty (encryption not enabled)');
}

function usage(request: ApiRequest): Reply | Promise<Reply> {
  const { catalog } = request.api.handle;
  return blockingRead(
    request,
    stateRead,
    () => ({ value: catalog.counts(), index: Math.max(1, catalog.index), topic: topic.all }),
    (counts, headers) => {
      request.demand('operator', '', 'read');
      const own = {
        Services: counts.services,
        ServiceInstances: counts.instances,
        Nodes: counts.nodes,
        ConnectServiceInstances: {},
        BillableServiceInstances: counts.instances,
      };
      return request.json({ Usage: { [catalog.datacenter]: own } }, headers);
    },
  );
}

function begin(request: ApiRequest, action: 'read' | 'write'): void {
  request.requireLocalDatacenter();
  request.requireReady();
  request.demand('operator', '', action);
}
