import { agentServiceToWire, checkToWire, instanceStatus } from '../../model/index.js';
import type { CheckRow, EndpointStatus, LocalServiceRow } from '../../model/index.js';
import { text } from '../core/reply.js';
import type { Headers, Reply } from '../core/reply.js';
import type { ApiRequest } from '../core/request.js';
import { family } from '../core/route.js';
import { localCheckRow } from '../local-checks.js';

/**
 * agent/health/service/… (docs/contract.md section 3.1): the status as an HTTP code, for load balancers; node checks
 * count.
 */
export const agentHealthRoutes = family(400, {
  '/v1/agent/health/service/id/{service}': {
    GET: { handler: byId, summary: 'Aggregated health of one instance', query: ['format'] },
  },
  '/v1/agent/health/service/name/{service}': {
    GET: { handler: byName, summary: 'Aggregated health of all instances of a name here', query: ['format'] },
  },
});

/** Worst last; the code a load balancer acts on. */
const CODES: ReadonlyMap<EndpointStatus, number> = new Map<EndpointStatus, number>([
  ['passing', 200],
  ['warning', 429],
  ['critical', 503],
  ['maintenance', 503],
]);
const ORDER: readonly EndpointStatus[] = [...CODES.keys()];

interface Health {
  readonly status: EndpointStatus;
  readonly row: LocalServiceRow;
  readonly checks: readonly CheckRow[];
}

function byId(request: ApiRequest): Reply {
  request.refuseNamespaces();
  const id = request.required('Missing serviceID');
  const row = request.api.handle.catalog.localService(id);
  if (!row) {
    const none = { AggregatedStatus: 'critical', Service: null, Checks: null };
    return notFound(request, `ServiceId ${id} not found`, none);
  }
  request.demand('service', row.service, 'read');
  const health = healthOf(request, row);
  return answer(request, health.status, toWire(request, health));
}

function byName(request: ApiRequest): Reply {
  request.refuseNamespaces();
  const name = request.required('Missing service Name');
  request.demand('service', name, 'read');
  const found = [...request.api.handle.registry.localServices().values()]
    .filter((row) => row.service === name)
    .map((row) => healthOf(request, row));
  if (found.length === 0) return notFound(request, `ServiceName ${name} Not Found`, []);
  const worst = ORDER[Math.max(...found.map((health) => ORDER.indexOf(health.status)))] as EndpointStatus;
  return answer(
    request,
    worst,
    found.map((health) => toWire(request, health)),
  );
}

function healthOf(request: ApiRequest, row: LocalServiceRow): Health {
  const checks = request.api.handle.registry
    .localChecksOf(row.id)
    .map((state) => ({ ...localCheckRow(request, state), type: '' }));
  return { status: instanceStatus(checks), row, checks };
}

function toWire(request: ApiRequest, health: Health): object {
  return {
    AggregatedStatus: health.status,
    Service: agentServiceToWire(health.row, request.api.handle.catalog.datacenter),
    Checks: health.checks.map(checkToWire),
  };
}

function answer(request: ApiRequest, status: EndpointStatus, wire: object): Reply {
  return shaped(request, CODES.get(status) as number, status, wire);
}

function notFound(request: ApiRequest, reason: string, wire: object): Reply {
  return shaped(request, 404, reason, wire);
}

/** The reason alone as text, or the whole as JSON; the reason is a header either way. */
function shaped(request: ApiRequest, code: number, reason: string, wire: object): Reply {
  const headers: Headers = ['X-Consul-Reason', headerText(reason)];
  const plain = request.query.get('format') === 'text' || request.header('accept').startsWith('text/plain');
  return plain ? text(code, reason, headers) : request.json(wire, headers, code);
}

/** An id may hold anything; a header value may not. */
function headerText(value: string): string {
  return value.replace(/[^\t\u0020-\u007e]/g, '?');
}
