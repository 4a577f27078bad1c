import { createHash } from 'node:crypto';
import { agentServiceShape } from '../../catalog/index.js';
import { agentServiceToWire, goQuote, registrationAliases, serviceRegistration, topic } from '../../model/index.js';
import type { LocalServiceRow, Wire } from '../../model/index.js';
import { badRequest, refusal } from '../core/errors.js';
import { parseBool } from '../core/query.js';
import { done } from '../core/reply.js';
import type { Reply } from '../core/reply.js';
import type { ApiRequest } from '../core/request.js';
import { family } from '../core/route.js';
import { parseWait } from '../read-options.js';
import { filterOf } from '../select.js';

/** Services of this agent (docs/contract.md sections 3.1, 3.2). */
export const agentServiceRoutes = family(400, {
  '/v1/agent/services': { GET: { handler: services, summary: 'Services registered on this agent' } },
  '/v1/agent/service/{service}': {
    GET: { handler: service, summary: 'One service; waits while ?hash= is its ContentHash', query: ['hash', 'wait'] },
  },
  '/v1/agent/service/register': {
    PUT: {
      handler: register,
      summary: 'Register a service on this agent',
      body: serviceRegistration,
      query: ['replace-existing-checks'],
    },
  },
  '/v1/agent/service/deregister/{service}': { PUT: { handler: deregister, summary: 'Remove a service of this agent' } },
  '/v1/agent/service/maintenance/{service}': {
    PUT: { handler: serviceMaintenance, summary: 'Maintenance of one service', query: ['enable', 'reason'] },
  },
  '/v1/agent/maintenance': {
    PUT: { handler: nodeMaintenance, summary: 'Maintenance of the whole node', query: ['enable', 'reason'] },
  },
});

function services(request: ApiRequest): Reply {
  request.refuseNamespaces();
  const keep = filterOf(request.query.get('filter'), agentServiceShape);
  const shown = [...request.api.handle.registry.localServices().values()]
    .filter((row) => request.may('service', row.service, 'read'))
    .map((row) => toWire(request, row))
    .filter(keep);
  return request.json(Object.fromEntries(shown.map((wire) => [wire['ID'], wire])));
}

/** Blocks by hash, not by index: for as long as the definition hashes to what the caller has. */
function service(request: ApiRequest): Reply | Promise<Reply> {
  request.refuseNamespaces();
  const { waitMs } = parseWait(request.query);
  const asked = request.query.get('hash');
  const id = request.param;
  const answer = (): Reply => {
    const wire = hashed(request, rowOf(request, id));
    return request.json(wire, ['X-Consul-Contenthash', wire.ContentHash]);
  };
  const changed = (): boolean => {
    const row = request.api.handle.catalog.localService(id);
    return !row || hashed(request, row).ContentHash !== asked;
  };
  rowOf(request, id);
  if (asked === '' || changed()) return answer();
  return request.api.blocking
    .until(request.api.handle.catalog, topic.local(id), changed, waitMs, request.message.socket)
    .then(answer);
}

function rowOf(request: ApiRequest, id: string): LocalServiceRow {
  const row = request.api.handle.catalog.localService(id);
  if (!row) throw refusal(404, `unknown service ID: ${id}`, 'NOT_FOUND');
  request.demand('service', row.service, 'read');
  return row;
}

function toWire(request: ApiRequest, row: LocalServiceRow): Wire {
  return agentServiceToWire(row, request.api.handle.catalog.datacenter);
}

function hashed(request: ApiRequest, row: LocalServiceRow): Wire & { readonly ContentHash: string } {
  const wire = toWire(request, row);
  return { ...wire, ContentHash: contentHash(row, wire) };
}

const hashes = new WeakMap<LocalServiceRow, string>();

function contentHash(row: LocalServiceRow, wire: Wire): string {
  let hash = hashes.get(row);
  if (hash === undefined) {
    hash = createHash('sha256').update(JSON.stringify(wire)).digest('hex').slice(0, 16);
    hashes.set(row, hash);
  }
  return hash;
}

async function register(request: ApiRequest): Promise<Reply> {
  request.refuseNamespaces();
  const body = await request.decode(serviceRegistration, { aliases: registrationAliases });
  await request.api.handle.registry.registerService(body, {
    token: body.Token || request.token,
    replaceExistingChecks: replacesChecks(request),
  });
  return done;
}

/** On only when bare or exactly `true`. */
function replacesChecks({ query }: ApiRequest): boolean {
  if (!query.has('replace-existing-checks')) return false;
  const value = query.get('replace-existing-checks');
  return value === '' || value === 'true';
}

async function deregister(request: ApiRequest): Promise<Reply> {
  request.refuseNamespaces();
  await request.api.handle.registry.deregisterService(request.param, request.caller);
  return done;
}

async function serviceMaintenance(request: ApiRequest): Promise<Reply> {
  const id = request.required('Missing service ID');
  const enable = enabled(request);
  request.refuseNamespaces();
  const reason = request.query.get('reason');
  await request.api.handle.registry.setServiceMaintenance(id, enable, reason, request.caller);
  return done;
}

async function nodeMaintenance(request: ApiRequest): Promise<Reply> {
  const enable = enabled(request);
  await request.api.handle.registry.setNodeMaintenance(enable, request.query.get('reason'), request.caller);
  return done;
}

function enabled({ query }: ApiRequest): boolean {
  if (!query.has('enable')) throw badRequest('Missing value for enable');
  const value = query.get('enable');
  const enable = parseBool(value);
  if (enable === undefined) throw badRequest(`Invalid value for enable: ${goQuote(value)}`);
  return enable;
}
