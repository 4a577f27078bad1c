import { arch, cpus, freemem, hostname, platform, release, totalmem, uptime } from 'node:os';
import { memberShape } from '../../catalog/index.js';
import { defaults } from '../../model/index.js';
import { badRequest, refusal, withStatus } from '../core/errors.js';
import { done } from '../core/reply.js';
import type { Reply } from '../core/reply.js';
import type { ApiRequest } from '../core/request.js';
import { family } from '../core/route.js';
import { memberToWire } from '../members.js';
import { metricsJson } from '../metrics-json.js';
import { renderMetrics } from '../metrics.js';
import { monitor } from '../monitor.js';
import { filterOf } from '../select.js';

/** The agent itself (docs/contract.md section 3.1): who it is, whom it knows, what it is told to do. */
export const agentRoutes = family(500, {
  '/v1/agent/self': { GET: { handler: self, summary: 'Configuration and membership of this agent' } },
  '/v1/agent/version': { GET: { handler: version, summary: 'Version of the contract and of this agent' } },
  '/v1/agent/members': {
    GET: {
      handler: members,
      summary: 'Agents known to this one; ?wan: of all datacenters',
      query: ['wan', 'segment', 'filter'],
    },
  },
  '/v1/agent/host': { GET: { handler: host, summary: 'The machine this agent runs on' } },
  '/v1/agent/metrics': { GET: { handler: metrics, summary: 'Counters and gauges', query: ['format'] } },
  '/v1/agent/monitor': { GET: { handler: monitor, summary: 'Log lines as they come', query: ['loglevel', 'logjson'] } },
  '/v1/agent/reload': { PUT: { handler: reload, summary: 'Read the configuration again' } },
  '/v1/agent/leave': { PUT: { handler: leave, summary: 'Leave gracefully and stop' } },
  '/v1/agent/join/{address}': { PUT: { handler: join, summary: 'Join another agent', query: ['wan'] } },
  '/v1/agent/force-leave/{node}': {
    PUT: { handler: forceLeave, summary: 'Declare a dead member gone for good', query: ['prune', 'wan'] },
  },
  '/v1/agent/token/{kind}': { PUT: { handler: token, summary: 'Set a token of the agent: needs ACLs' } },
});

function self(request: ApiRequest): Reply {
  demandAgent(request, 'read');
  const { agent, cluster, handle } = request.api;
  const { catalog, registry } = handle;
  const own = cluster.members().find(({ isSelf }) => isSelf);
  return request.json({
    Config: {
      Datacenter: catalog.datacenter,
      PrimaryDatacenter: catalog.datacenter,
      NodeName: registry.nodeName,
      NodeID: registry.nodeId,
      Revision: agent.revision,
      Server: true,
      Version: defaults.consulVersion,
    },
    DebugConfig: { ...agent.debugConfig(), DiscoveryVersion: agent.version },
    Coord: { Vec: [0, 0, 0, 0, 0, 0, 0, 0], Error: 1.5, Adjustment: 0, Height: 1e-5 },
    Member: own ? memberToWire(own, cluster) : null,
    Stats: stats(request),
    Meta: catalog.node(registry.nodeName)?.meta ?? {},
  });
}

/** Names and texts as Consul's: all values are strings. */
function stats(request: ApiRequest): object {
  const { handle, agent, cluster } = request.api;
  const counts = handle.catalog.counts();
  return {
    agent: {
      checks: String(handle.registry.localChecks().size),
      services: String(handle.registry.localServices().size),
    },
    build: { revision: agent.revision, version: defaults.consulVersion, discovery: agent.version },
    catalog: Object.fromEntries(Object.entries(counts).map(([name, value]) => [name, String(value)])),
    consul: {
      leader: String(handle.catalog.ready && cluster.home.isSelf),
      leader_addr: cluster.home.leader(),
      server: 'true',
      known_datacenters: String(cluster.datacenters().length),
    },
    runtime: { arch: arch(), os: platform(), version: process.version, cpu_count: String(cpus().length) },
  };
}

/** Of our datacenter; with `wan` of all, each by its node and datacenter. */
function members(request: ApiRequest): Reply {
  const { cluster, handle } = request.api;
  const { datacenter } = handle.catalog;
  const wan = isWan(request);
  if (wan && request.query.get('segment') !== '') throw badRequest('Cannot provide a segment with wan=true');
  demandNoSegment(request.query.get('segment'));
  const keep = filterOf(request.query.get('filter'), memberShape);
  const shown = cluster
    .members()
    .filter((member) => (wan || member.datacenter === datacenter) && request.may('node', member.node, 'read'));
  return request.json(shown.map((member) => memberToWire(member, cluster, wan)).filter(keep));
}

/** `_all` asks for every segment there is, which is the one without a name. */
function demandNoSegment(segment: string): void {
  if (segment === '' || segment === '_all') return;
  throw refusal(500, 'Network segments are not supported in this version of Consul', 'UNSUPPORTED');
}

function version(request: ApiRequest): Reply {
  const { revision, version: own } = request.api.agent;
  return request.json({ SHA: revision, HumanVersion: defaults.consulVersion, FIPS: '', DiscoveryVersion: own });
}

function host(request: ApiRequest): Reply {
  request.demand('operator', '', 'read');
  return request.json({
    Memory: { total: totalmem(), available: freemem() },
    CPU: cpus().map(({ model, speed }, cpu) => ({ cpu, modelName: model, mhz: speed })),
    Host: {
      hostname: hostname(),
      uptime: Math.floor(uptime()),
      os: platform(),
      kernelVersion: release(),
      kernelArch: arch(),
    },
    CollectionTime: Math.floor(request.api.clock.wall() * 1e6),
    Errors: null,
  });
}

const OPEN_METRICS = /application\/openmetrics-text|text\/plain;\s*version=0\.0?\.?4/;

async function metrics(request: ApiRequest): Promise<Reply> {
  demandAgent(request, 'read');
  const prometheus = request.query.get('format') === 'prometheus' || OPEN_METRICS.test(request.header('accept'));
  if (!prometheus) return request.json(metricsJson(request.api));
  if (!request.api.settings.prometheus) {
    throw refusal(415, 'Prometheus is not enabled since its retention time is not positive', 'UNSUPPORTED');
  }
  return renderMetrics(request.api);
}

async function reload(request: ApiRequest): Promise<Reply> {
  demandAgent(request, 'write');
  await request.api.actions.reload();
  return done;
}

async function leave(request: ApiRequest): Promise<Reply> {
  demandAgent(request, 'write');
  await request.api.actions.leave();
  return done;
}

async function join(request: ApiRequest): Promise<Reply> {
  demandAgent(request, 'write');
  const address = request.required('Missing address');
  await as500(request.api.cluster.join(address, { wan: isWan(request) }));
  return done;
}

async function forceLeave(request: ApiRequest): Promise<Reply> {
  request.demand('operator', '', 'write');
  const options = { prune: request.query.has('prune'), wan: isWan(request) };
  await as500(request.api.cluster.forceLeave(request.param, options));
  return done;
}

/** Any value counts. */
function isWan({ query }: ApiRequest): boolean {
  return query.get('wan') !== '';
}

/** Whatever keeps agents from meeting or parting, clients of Consul know it as a 500 and its text. */
async function as500(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    throw withStatus(error, 500);
  }
}

function token(): Reply {
  throw refusal(401, 'ACL support disabled', 'UNAUTHENTICATED');
}

function demandAgent(request: ApiRequest, action: 'read' | 'write'): void {
  request.demand('agent', request.api.handle.registry.nodeName, action);
}
