import { healthCheckShape } from '../../catalog/index.js';
import { agentCheckRegistration, checkUpdate, registrationAliases } from '../../model/index.js';
import type { CheckStatus } from '../../model/index.js';
import { badRequest } from '../core/errors.js';
import { done } from '../core/reply.js';
import type { Reply } from '../core/reply.js';
import type { ApiRequest } from '../core/request.js';
import { family } from '../core/route.js';
import type { Handler } from '../core/route.js';
import { localCheckToWire } from '../local-checks.js';
import { filterOf } from '../select.js';

/** Checks of this agent (docs/contract.md sections 3.1, 4). */
export const agentCheckRoutes = family(400, {
  '/v1/agent/checks': { GET: { handler: checks, summary: 'Checks registered on this agent' } },
  '/v1/agent/check/register': {
    PUT: { handler: register, summary: 'Register a check on this agent', body: agentCheckRegistration },
  },
  '/v1/agent/check/deregister/{check}': { PUT: { handler: deregister, summary: 'Remove a check of this agent' } },
  '/v1/agent/check/pass/{check}': { PUT: { handler: ttl('passing'), summary: 'A TTL check passes', query: ['note'] } },
  '/v1/agent/check/warn/{check}': { PUT: { handler: ttl('warning'), summary: 'A TTL check warns', query: ['note'] } },
  '/v1/agent/check/fail/{check}': { PUT: { handler: ttl('critical'), summary: 'A TTL check fails', query: ['note'] } },
  '/v1/agent/check/update/{check}': {
    PUT: { handler: update, summary: 'Status and output of a TTL check', body: checkUpdate },
  },
});

function checks(request: ApiRequest): Reply {
  request.refuseNamespaces();
  const keep = filterOf(request.query.get('filter'), healthCheckShape);
  const shown = [...request.api.handle.registry.localChecks()]
    .filter(([, state]) => mayRead(request, state.serviceName))
    .map(([id, state]) => [id, localCheckToWire(request, state)] as const)
    .filter(([, wire]) => keep(wire));
  return request.json(Object.fromEntries(shown));
}

function mayRead(request: ApiRequest, serviceName: string): boolean {
  if (serviceName !== '') return request.may('service', serviceName, 'read');
  return request.may('node', request.api.handle.registry.nodeName, 'read');
}

async function register(request: ApiRequest): Promise<Reply> {
  request.refuseNamespaces();
  const body = await request.decode(agentCheckRegistration, { aliases: registrationAliases });
  await request.api.handle.registry.registerCheck(body, { token: body.Token || request.token });
  return done;
}

async function deregister(request: ApiRequest): Promise<Reply> {
  request.refuseNamespaces();
  await request.api.handle.registry.deregisterCheck(request.param, request.caller);
  return done;
}

function ttl(status: CheckStatus): Handler {
  return async (request) => {
    request.refuseNamespaces();
    await request.api.handle.registry.updateTtl(request.param, status, request.query.get('note'), request.caller);
    return done;
  };
}

const STATUSES: ReadonlySet<string> = new Set<CheckStatus>(['passing', 'warning', 'critical']);

async function update(request: ApiRequest): Promise<Reply> {
  const { Status = '', Output = '' } = await request.decode(checkUpdate);
  if (!STATUSES.has(Status)) throw badRequest(`Invalid check status: '${Status}'`);
  request.refuseNamespaces();
  await request.api.handle.registry.updateTtl(request.param, Status as CheckStatus, Output, request.caller);
  return done;
}
