import { nodeServiceShape, nodeShape, serviceNodeShape } from '../../catalog/index.js';
import {
  catalogDeregistration,
  catalogRegistration,
  nodeServiceToWire,
  nodeToWire,
  serviceNodeToWire,
  topic,
  toJson,
} from '../../model/index.js';
import type { Answer, NodeRow, ServiceRow } from '../../model/index.js';
import { Body } from '../core/reply.js';
import type { Headers, Reply } from '../core/reply.js';
import type { ApiRequest } from '../core/request.js';
import { family } from '../core/route.js';
import { decodeNaming } from '../enterprise-fields.js';
import { meshInstances } from '../mesh-instances.js';
import { nearFirst } from '../near.js';
import type { ReadOptions } from '../read-options.js';
import { blockingRead, catalogRead } from '../reads.js';
import type { ReadKind } from '../reads.js';
import { filterOf, hasMeta, instancesBody, narrowed, selectInstances } from '../select.js';
import type { ReadSource } from '../sources.js';

/** catalog/… (docs/contract.md section 3.3). */
export const catalogRoutes = family(500, {
  '/v1/catalog/register': {
    PUT: { handler: register, summary: 'Write a node, a service on it and checks', body: catalogRegistration },
  },
  '/v1/catalog/deregister': {
    PUT: { handler: deregister, summary: 'Remove a service, a check or a node', body: catalogDeregistration },
  },
  '/v1/catalog/datacenters': { GET: { handler: datacenters, summary: 'Known datacenters, nearest first' } },
  '/v1/catalog/nodes': { GET: { handler: nodes, summary: 'All nodes', query: ['node-meta', 'near'], blocking: true } },
  '/v1/catalog/services': {
    GET: { handler: services, summary: 'All service names with their tags', query: ['node-meta'], blocking: true },
  },
  '/v1/catalog/service/{service}': {
    GET: {
      handler: service,
      summary: 'Instances of a service with their nodes',
      query: ['tag', 'node-meta', 'near'],
      blocking: true,
    },
  },
  '/v1/catalog/connect/{service}': {
    GET: { handler: connect, summary: 'Mesh proxies and native instances of a service', blocking: true },
  },
  '/v1/catalog/node/{node}': {
    GET: { handler: nodeWithServices, summary: 'A node and the map of its services', blocking: true },
  },
  '/v1/catalog/node-services/{node}': {
    GET: { handler: nodeServices, summary: 'A node and the list of its services', blocking: true },
  },
  '/v1/catalog/gateway-services/{gateway}': {
    GET: { handler: gatewayServices, summary: 'Services behind a gateway: none is run here', blocking: true },
  },
});

async function register(request: ApiRequest): Promise<Reply> {
  request.refuseNamespaces();
  const body = await decodeNaming(request, catalogRegistration);
  request.requireLocalDatacenter(body.Datacenter);
  await request.api.handle.registry.registerCatalog(body, request.caller);
  return request.json(true);
}

async function deregister(request: ApiRequest): Promise<Reply> {
  request.refuseNamespaces();
  const body = await decodeNaming(request, catalogDeregistration);
  request.requireLocalDatacenter(body.Datacenter);
  await request.api.handle.registry.deregisterCatalog(body, request.caller);
  return request.json(true);
}

function datacenters(request: ApiRequest): Reply {
  return request.json(request.api.cluster.datacenters());
}

function nodes(request: ApiRequest): Reply | Promise<Reply> {
  return blockingRead(
    request,
    catalogRead,
    (catalog) => catalog.allNodes(),
    (rows, headers, options) => {
      const kept = rows.filter((row) => hasMeta(row.meta, options.nodeMeta) && request.may('node', row.node, 'read'));
      const sorted = nearFirst(request, options.near, kept, (row) => row.node);
      return request.json(sorted.map(nodeToWire).filter(filterOf(options.filter, nodeShape)), headers);
    },
  );
}

const servicesRead: ReadKind = { showsConsistency: true, cacheName: 'catalog/services' };
const preparedServices = new WeakMap<object, Body>();

function services(request: ApiRequest): Reply | Promise<Reply> {
  return blockingRead(
    request,
    servicesRead,
    (catalog, options) => catalog.serviceTags(options.nodeMeta.length === 0 ? undefined : metaTest(options)),
    (tags, headers, options, source) => {
      if (listsAll(request, options)) return request.made(servicesBody(tags), headers);
      const shown = options.filter === '' ? tags : filteredTags(request, options, source);
      const allowed = [...shown].filter(([name]) => request.may('service', name, 'read'));
      return request.json(Object.fromEntries(allowed), headers);
    },
  );
}

function listsAll(request: ApiRequest, options: ReadOptions): boolean {
  return request.unrestricted && options.selection === '';
}

function metaTest(options: ReadOptions): (node: NodeRow) => boolean {
  return (node) => hasMeta(node.meta, options.nodeMeta);
}

function servicesBody(tags: ReadonlyMap<string, readonly string[]>): Body {
  let body = preparedServices.get(tags);
  if (!body) {
    body = new Body(Buffer.from(toJson(Object.fromEntries(tags)), 'utf8'));
    preparedServices.set(tags, body);
  }
  return body;
}

/** The filter is over instances: a service is listed with the tags of those that pass. */
function filteredTags(
  request: ApiRequest,
  options: ReadOptions,
  source: ReadSource,
): ReadonlyMap<string, readonly string[]> {
  const catalog = source.catalog();
  const keep = filterOf(options.filter, serviceNodeShape);
  const found = new Map<string, readonly string[]>();
  for (const name of catalog.serviceNames()) {
    const view = catalog.serviceView(name);
    const kept = narrowed(request, source, options, view, 'catalog').filter(
      (instance) => hasMeta(instance.node.meta, options.nodeMeta) && keep(serviceNodeToWire(instance)),
    );
    if (kept.length > 0) found.set(view.name, [...new Set(kept.flatMap((instance) => instance.service.tags))]);
  }
  return found;
}

const serviceRead: ReadKind = { showsConsistency: true, cacheName: 'catalog/service' };

function service(request: ApiRequest): Reply | Promise<Reply> {
  return blockingRead(
    request,
    serviceRead,
    (catalog) => {
      const view = catalog.serviceView(request.required('Missing service name'));
      return { value: view, index: view.index, topic: topic.service(request.param) };
    },
    (view, headers, options, source) => request.made(instancesBody(request, source, options, view, 'catalog'), headers),
  );
}

function connect(request: ApiRequest): Reply | Promise<Reply> {
  return blockingRead(
    request,
    catalogRead,
    (catalog) => meshInstances(catalog, 'connect', request.required('Missing service name')),
    (instances, headers, options) =>
      request.json(selectInstances(request, options, instances, 'catalog').map(serviceNodeToWire), headers),
  );
}

interface NodeWithServices {
  readonly node: NodeRow;
  readonly services: readonly ServiceRow[];
}

function nodeWithServices(request: ApiRequest): Reply | Promise<Reply> {
  return aboutNode(request, (found, headers, options) => {
    if (!found) return request.json(null, headers);
    const shown = shownServices(request, options, found);
    const byId = Object.fromEntries(shown.map((wire) => [wire['ID'], wire]));
    return request.json({ Node: nodeToWire(found.node), Services: byId }, headers);
  });
}

function nodeServices(request: ApiRequest): Reply | Promise<Reply> {
  return aboutNode(request, (found, headers, options) => {
    if (!found) return request.json({ Node: null, Services: null }, headers);
    return request.json({ Node: nodeToWire(found.node), Services: shownServices(request, options, found) }, headers);
  });
}

function aboutNode(
  request: ApiRequest,
  reply: (found: NodeWithServices | undefined, headers: Headers, options: ReadOptions) => Reply,
): Reply | Promise<Reply> {
  return blockingRead(
    request,
    catalogRead,
    (catalog): Answer<NodeWithServices | undefined> => catalog.nodeView(request.required('Missing node name')),
    (found, headers, options) =>
      reply(found && request.may('node', found.node.node, 'read') ? found : undefined, headers, options),
  );
}

function shownServices(request: ApiRequest, options: ReadOptions, found: NodeWithServices) {
  return found.services
    .filter((row) => request.may('service', row.service, 'read'))
    .map(nodeServiceToWire)
    .filter(filterOf(options.filter, nodeServiceShape));
}

function gatewayServices(request: ApiRequest): Reply | Promise<Reply> {
  return blockingRead(
    request,
    catalogRead,
    (catalog) => ({ value: null, index: catalog.configsAnswer().index, topic: topic.configs }),
    (none, headers) => request.json(none, headers),
  );
}
