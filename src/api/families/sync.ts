import type { NodeOwners, ServiceExplanation } from '../../model/index.js';
import { explainService, rowOwners } from '../explain.js';
import { refusal } from '../core/errors.js';
import type { Reply } from '../core/reply.js';
import type { ApiRequest } from '../core/request.js';
import { family } from '../core/route.js';
import { mayReadInstance } from '../select.js';

/** sync/…: our own. Who the other agents are, how far each is known, and whose fact is whose (docs/sync.md). */
export const syncRoutes = family(500, {
  '/v1/sync': {
    GET: { handler: report, summary: 'Members, connections, streams, conflicts, protected mode and counters of sync' },
  },
  '/v1/sync/owner/{node}': {
    GET: { handler: owner, summary: 'The agents that own a node, its services and checks', query: ['dc'] },
  },
  '/v1/sync/explain/{service}': {
    GET: { handler: explain, summary: 'The owner of each instance, and why it is served or not', query: ['dc'] },
  },
});

function report(request: ApiRequest): Reply {
  request.demand('operator', '', 'read');
  return request.json(request.api.cluster.report());
}

function owner(request: ApiRequest): Reply {
  const name = request.required('Missing node name');
  const catalog = request.source().catalog();
  const found = catalog.node(name);
  if (!found || !request.may('node', found.node, 'read')) throw refusal(404, `no node "${name}"`, 'NOT_FOUND');
  const rows = rowOwners(catalog, request.api.cluster, found).filter(
    ({ service }) => service === '' || request.may('service', service, 'read'),
  );
  const owners: NodeOwners = { node: found.node, datacenter: catalog.datacenter, rows };
  return request.json(owners);
}

function explain(request: ApiRequest): Reply {
  const name = request.required('Missing service name');
  const source = request.source();
  const view = source.catalog().serviceView(name);
  const instances = view.instances.filter((instance) => mayReadInstance(request, instance));
  if (instances.length === 0) throw refusal(404, `no service "${name}"`, 'NOT_FOUND');
  const { datacenter } = source;
  const explained = explainService(instances, request.api.cluster);
  const whole: ServiceExplanation = { service: view.name, datacenter, contact: source.contact(), ...explained };
  return request.json(whole);
}
