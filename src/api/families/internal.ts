import { redactMeta } from '../../catalog/index.js';
import type { SearchExplanation } from '../../catalog/index.js';
import { instanceToWire } from '../../model/index.js';
import type { InstanceView, Wire } from '../../model/index.js';
import type { Reply } from '../core/reply.js';
import type { ApiRequest } from '../core/request.js';
import { family } from '../core/route.js';
import { filterOrRefusal, mayReadInstance } from '../select.js';

/** internal/…: our own, for our command line and page. */
export const internalRoutes = family(400, {
  '/v1/internal/search': {
    GET: {
      handler: search,
      summary: 'Instances of all services that pass a filter; with ?explain how the search is answered instead',
      query: ['filter', 'explain', 'dc'],
    },
  },
  '/v1/internal/health-history/{check}': {
    GET: {
      handler: history,
      summary: 'Changes of status of a check, by node (default this one) and check id',
      query: ['node'],
    },
  },
  '/v1/internal/check/run/{check}': { PUT: { handler: runCheck, summary: 'Run a check of this agent now' } },
});

/** Found by every key that is not private, and shown without those that are. */
function search(request: ApiRequest): Reply {
  const metadata = request.api.searches.of(request.source().catalog());
  const filter = request.query.get('filter');
  if (request.query.has('explain')) return request.json(explained(filterOrRefusal(() => metadata.explain(filter))));
  const found = filterOrRefusal(() => metadata.findInstances(filter));
  const shown = found.filter((instance) => mayReadInstance(request, instance));
  return request.json(shown.map((instance) => toWire(request, instance)));
}

function explained(explanation: SearchExplanation): object {
  const { plan, indexes, candidates, instances, results } = explanation;
  return { Plan: plan, Indexes: indexes, Candidates: candidates, Instances: instances, Results: results };
}

function toWire(request: ApiRequest, instance: InstanceView): Wire {
  const { isPrivateKey } = request.api;
  if (!isPrivateKey) return instanceToWire(instance);
  const { node, service } = instance;
  return instanceToWire({
    ...instance,
    node: { ...node, meta: redactMeta(node.meta, isPrivateKey) },
    service: { ...service, meta: redactMeta(service.meta, isPrivateKey) },
  });
}

/** Newest last. */
function history(request: ApiRequest): Reply {
  const check = request.required('Missing check ID');
  const { registry } = request.api.handle;
  const node = request.query.get('node') || registry.nodeName;
  request.demand('node', node, 'read');
  const own = node.toLowerCase() === registry.nodeName.toLowerCase();
  return request.json({
    Node: node,
    CheckID: check,
    Flapping: own && (registry.localCheck(check)?.flapping ?? false),
    Changes: registry.checkHistory(node, check).map((flip) => {
      return { Time: new Date(flip.at).toISOString(), From: flip.from, To: flip.to, Output: flip.output };
    }),
  });
}

async function runCheck(request: ApiRequest): Promise<Reply> {
  const check = request.required('Missing check ID');
  return request.json(await request.api.handle.registry.runCheckNow(check, request.caller));
}
