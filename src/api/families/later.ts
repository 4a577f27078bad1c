import type { Reply } from '../core/reply.js';
import type { ApiRequest } from '../core/request.js';
import { family } from '../core/route.js';
import type { Operation, Route } from '../core/route.js';
import { topic } from '../../model/index.js';
import type { Answer, CatalogView } from '../../model/index.js';
import { badRequest, refusal } from '../core/errors.js';
import { catalogRead, homeRead, stateRead } from '../reads.js';
import type { ReadKind } from '../reads.js';

/**
 * Access control, the mesh and configuration entries (docs/contract.md sections 3.11, 3.12). This agent has none of
 * them, and answers as a Consul does that has them off or empty, so that clients which only ask go on; what would
 * change them is 501.
 */
export const laterRoutes: readonly Route[] = family(500, {
  '/v1/acl/{rest}': all({ handler: aclDisabled, summary: 'Access control is off' }),
  '/v1/config': { PUT: { handler: unsupported, summary: 'Not supported by this agent yet' } },
  '/v1/config/{entry}': {
    GET: { handler: config, summary: 'Configuration entries: there are none', blocking: true },
    DELETE: { handler: unsupported, summary: 'Not supported by this agent yet' },
  },
  '/v1/connect/intentions': {
    GET: { handler: (request) => empty(request, stateRead, []), summary: 'Intentions: there are none', blocking: true },
    POST: { handler: unsupported, summary: 'Not supported by this agent yet' },
  },
  '/v1/connect/intentions/exact': {
    GET: { handler: noIntention, summary: 'One intention: there is none', query: ['source', 'destination'] },
    PUT: { handler: unsupported, summary: 'Not supported by this agent yet' },
    DELETE: { handler: unsupported, summary: 'Not supported by this agent yet' },
  },
  '/v1/connect/intentions/check': {
    GET: { handler: check, summary: 'Whether a connection is allowed', query: ['source', 'destination'] },
  },
  '/v1/connect/intentions/match': {
    GET: { handler: match, summary: 'Intentions by name', query: ['by', 'name'], blocking: true },
  },
  '/v1/connect/intentions/{intention}': {
    GET: { handler: noIntention, summary: 'One intention: there is none' },
    PUT: { handler: unsupported, summary: 'Not supported by this agent yet' },
    DELETE: { handler: unsupported, summary: 'Not supported by this agent yet' },
  },
  '/v1/connect/ca/roots': { GET: { handler: roots, summary: 'Certificate roots: there are none', blocking: true } },
  '/v1/agent/connect/ca/roots': { GET: { handler: agentRoots, summary: 'Certificate roots', blocking: true } },
  '/v1/connect/{rest}': all({ handler: unsupported, summary: 'Not supported by this agent yet' }),
  '/v1/agent/connect/{rest}': all({ handler: unsupported, summary: 'Not supported by this agent yet' }),
  '/v1/discovery-chain/{service}': all({ handler: unsupported, summary: 'Not supported by this agent yet' }),
});

function all(operation: Operation): Route['methods'] {
  return { GET: operation, PUT: operation, POST: operation, DELETE: operation };
}

function aclDisabled(): Reply {
  throw refusal(401, 'ACL support disabled', 'UNAUTHENTICATED');
}

function unsupported(request: ApiRequest): Reply {
  const path = (request.message.url ?? '').replace(/^\/v1\//, '').replace(/\?.*$/, '');
  throw refusal(501, `${path} is not supported by this agent yet`, 'UNSUPPORTED');
}

function config(request: ApiRequest): Reply | Promise<Reply> {
  const [kind = '', ...name] = request.param.split('/');
  if (kind === '') throw badRequest('Must provide the kind of a config entry');
  if (name.length === 0) return empty(request, stateRead, []);
  const text = `Config entry not found for "${kind}" / "${name.join('/')}"`;
  return homeRead(request, stateRead, nothing, (_, headers) => request.notFound(text, headers));
}

function noIntention(request: ApiRequest): Reply {
  request.requireLocalDatacenter();
  throw refusal(404, 'Intention not found', 'NOT_FOUND');
}

function check(request: ApiRequest): Reply {
  request.requireLocalDatacenter();
  for (const name of ['source', 'destination']) {
    if (request.query.get(name) === '') throw badRequest(`required query parameter '${name}' not set`);
  }
  return request.json({ Allowed: true });
}

function match(request: ApiRequest): Reply | Promise<Reply> {
  const by = request.query.get('by');
  if (by === '') throw badRequest("required query parameter 'by' not set");
  if (by !== 'source' && by !== 'destination')
    throw badRequest("'by' parameter must be one of 'source' or 'destination'");
  const names = request.query.all('name').filter((name) => name !== '');
  if (names.length === 0) throw badRequest("required query parameter 'name' not set");
  return empty(request, catalogRead, Object.fromEntries(names.map((name) => [name, []])));
}

const NO_ROOTS = { ActiveRootID: '', TrustDomain: '', Roots: [] };

function roots(request: ApiRequest): Reply | Promise<Reply> {
  return empty(request, stateRead, NO_ROOTS);
}

function agentRoots(request: ApiRequest): Reply | Promise<Reply> {
  return empty(request, { showsConsistency: false, cacheName: 'agent/connect/ca/roots', alwaysCached: true }, NO_ROOTS);
}

function empty(request: ApiRequest, kind: ReadKind, value: unknown): Reply | Promise<Reply> {
  return homeRead(request, kind, nothing, (_, headers) => request.json(value, headers));
}

/** The table is empty but has an index, so that a blocking reader waits rather than spins. */
function nothing(catalog: CatalogView): Answer<undefined> {
  return { value: undefined, index: Math.max(1, catalog.configsAnswer().index), topic: topic.configs };
}
