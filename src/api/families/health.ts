import { healthCheckShape } from '../../catalog/index.js';
import { checkToWire, instanceToWire, topic } from '../../model/index.js';
import type { Answer, CatalogView, CheckRow, InstanceView, ServiceView } from '../../model/index.js';
import { badRequest } from '../core/errors.js';
import { parseBool } from '../core/query.js';
import type { Query } from '../core/query.js';
import type { Body, Reply } from '../core/reply.js';
import type { ApiRequest } from '../core/request.js';
import { family } from '../core/route.js';
import { meshInstances } from '../mesh-instances.js';
import { nearFirst } from '../near.js';
import type { ReadOptions } from '../read-options.js';
import { blockingRead, catalogRead } from '../reads.js';
import type { ReadKind } from '../reads.js';
import { filterOf, hasMeta, instancesBody, selectInstances } from '../select.js';
import type { ReadSource } from '../sources.js';

/** health/… (docs/contract.md section 3.4). */
export const healthRoutes = family(500, {
  '/v1/health/node/{node}': {
    GET: { handler: nodeChecks, summary: 'Checks of a node and of its services', blocking: true },
  },
  '/v1/health/checks/{service}': {
    GET: { handler: serviceChecks, summary: 'Checks of all instances of a service', blocking: true },
  },
  '/v1/health/service/{service}': {
    GET: {
      handler: healthService,
      summary: 'Instances of a service with their nodes and checks',
      query: ['passing', 'tag', 'node-meta', 'near'],
      blocking: true,
    },
  },
  '/v1/health/connect/{service}': {
    GET: { handler: (request) => meshHealth(request, 'connect'), summary: 'Mesh proxies of a service', blocking: true },
  },
  '/v1/health/ingress/{service}': {
    GET: { handler: (request) => meshHealth(request, 'ingress'), summary: 'Ingress gateways', blocking: true },
  },
  '/v1/health/state/{state}': {
    GET: { handler: checksInState, summary: 'Checks in a state: any, passing, warning, critical', blocking: true },
  },
});

const serviceRead: ReadKind = { showsConsistency: true, cacheName: 'health/service', streams: true };

function healthService(request: ApiRequest): Reply | Promise<Reply> {
  const name = request.param;
  const passing = parsePassing(request.query);
  return blockingRead(
    request,
    serviceRead,
    (catalog) => {
      const view = catalog.serviceView(request.required('Missing service name'));
      return { value: view, index: view.index, topic: topic.service(name) };
    },
    (view, headers, options, source) => request.made(healthBody(request, source, options, view, passing), headers),
  );
}

/** The body of health/service, for the event stream of a watch as well. */
export function healthBody(
  request: ApiRequest,
  source: ReadSource,
  options: ReadOptions,
  view: ServiceView,
  passing: boolean,
): Body {
  if (!passing) return instancesBody(request, source, options, view, 'health');
  return instancesBody(request, source, options, view, 'health', isPassing, 'passing');
}

function isPassing(instance: InstanceView): boolean {
  return instance.status === 'passing';
}

/** Bare means true; anything but a Go boolean is refused. */
export function parsePassing(query: Query): boolean {
  if (query.isEmpty || !query.has('passing')) return false;
  const value = query.get('passing');
  const passing = value === '' ? true : parseBool(value);
  if (passing === undefined) throw badRequest('Invalid value for ?passing');
  return passing;
}

function meshHealth(request: ApiRequest, kind: 'connect' | 'ingress'): Reply | Promise<Reply> {
  const passing = parsePassing(request.query);
  return blockingRead(
    request,
    catalogRead,
    (catalog) => meshInstances(catalog, kind, request.required('Missing service name')),
    (instances, headers, options) => {
      const shown = passing ? instances.filter(isPassing) : instances;
      return request.json(selectInstances(request, options, shown, 'health').map(instanceToWire), headers);
    },
  );
}

function nodeChecks(request: ApiRequest): Reply | Promise<Reply> {
  return checks(request, (catalog) => catalog.nodeChecks(request.required('Missing node name')));
}

function serviceChecks(request: ApiRequest): Reply | Promise<Reply> {
  return checks(request, (catalog) => catalog.serviceChecks(request.required('Missing service name')));
}

function checksInState(request: ApiRequest): Reply | Promise<Reply> {
  return checks(request, (catalog) => catalog.checksInState(request.required('Missing check state')));
}

function checks(
  request: ApiRequest,
  read: (catalog: CatalogView) => Answer<readonly CheckRow[]>,
): Reply | Promise<Reply> {
  return blockingRead(request, catalogRead, read, (rows, headers, options, source) =>
    request.json(selectChecks(request, source, options, rows), headers),
  );
}

function selectChecks(
  request: ApiRequest,
  source: ReadSource,
  options: ReadOptions,
  rows: readonly CheckRow[],
): object[] {
  const keep = filterOf(options.filter, healthCheckShape);
  const catalog = source.catalog();
  const kept = rows.filter((row) => {
    if (options.nodeMeta.length > 0 && !hasMeta(catalog.node(row.node)?.meta ?? null, options.nodeMeta)) return false;
    return mayReadCheck(request, row);
  });
  return nearFirst(request, options.near, kept, (row) => row.node)
    .map(checkToWire)
    .filter(keep);
}

function mayReadCheck(request: ApiRequest, row: CheckRow): boolean {
  if (request.unrestricted) return true;
  if (!request.may('node', row.node, 'read')) return false;
  return row.serviceName === '' || request.may('service', row.serviceName, 'read');
}
