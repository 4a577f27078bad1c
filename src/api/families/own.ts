import { text } from '../core/reply.js';
import type { Reply } from '../core/reply.js';
import type { ApiRequest } from '../core/request.js';
import { family } from '../core/route.js';
import { renderMetrics } from '../metrics.js';
import { openApiDocument } from '../openapi.js';
import { watchService } from '../watch.js';

/** What this agent offers beyond the contract: probes, metrics, the API document, event streams, health history. */
export const ownRoutes = family(400, {
  '/livez': { GET: { handler: () => text(200, 'ok'), summary: 'The process answers' } },
  '/readyz': {
    GET: { handler: ready, summary: 'The agent knows its catalog and serves; 503 with the reasons if not' },
  },
  '/health': { GET: { handler: health, summary: 'Readiness, version and size of the catalog as JSON' } },
  '/metrics': { GET: { handler: metrics, summary: 'Metrics in Prometheus text format' } },
  '/v1/openapi.json': { GET: { handler: document, summary: 'This document' } },
  '/v1/watch/service/{service}': {
    GET: {
      handler: watchService,
      summary: 'Server-sent events: the full set of instances at every change; resumes by Last-Event-ID',
      query: ['passing', 'tag', 'node-meta', 'near', 'filter', 'dc'],
    },
  },
});

function ready(request: ApiRequest): Reply {
  const reasons = request.api.agent.unready();
  return reasons.length === 0 ? text(200, 'ok') : text(503, reasons.join('\n'));
}

function health(request: ApiRequest): Reply {
  const { agent, handle } = request.api;
  const reasons = agent.unready();
  const body = {
    ready: reasons.length === 0,
    reasons,
    version: agent.version,
    datacenter: handle.catalog.datacenter,
    node: handle.registry.nodeName,
    index: handle.catalog.index,
    indexSpace: agent.indexSpace(),
    catalog: handle.catalog.counts(),
  };
  return request.json(body, [], reasons.length === 0 ? 200 : 503);
}

async function metrics(request: ApiRequest): Promise<Reply> {
  request.demand('agent', request.api.handle.registry.nodeName, 'read');
  return renderMetrics(request.api);
}

function document(request: ApiRequest): Reply {
  return request.json(openApiDocument(request.api.routes, request.api.agent.version));
}
