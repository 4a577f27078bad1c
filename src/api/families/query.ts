import { executionToWire, queryRequest, queryToWire, strconvError } from '../../model/index.js';
import type { QueryRow } from '../../model/index.js';
import { refusal } from '../core/errors.js';
import { done } from '../core/reply.js';
import type { Reply } from '../core/reply.js';
import type { ApiRequest } from '../core/request.js';
import { family } from '../core/route.js';
import type { Route } from '../core/route.js';
import { readOptions } from '../read-options.js';
import type { ReadOptions } from '../read-options.js';
import { catalogRead, homeRead, readHeaders, withHome } from '../reads.js';
import type { ReadKind } from '../reads.js';
import { requireUuid } from '../uuid.js';
import { mayReadInstance } from '../select.js';

/** query/… (docs/contract.md section 3.10). */
const collection = family(500, {
  '/v1/query': {
    GET: { handler: list, summary: 'All prepared queries', blocking: true },
    POST: { handler: create, summary: 'Create a prepared query', body: queryRequest },
  },
});

/** Consul has one handler for all below query/, which judges methods itself: a refusal's Allow lacks OPTIONS. */
const specific = family(500, {
  '/v1/query/{query}': {
    GET: { handler: read, summary: 'A prepared query by id', blocking: true },
    PUT: { handler: update, summary: 'Replace a prepared query', body: queryRequest },
    DELETE: { handler: remove, summary: 'Delete a prepared query' },
  },
});
const running: readonly Route[] = family(500, {
  '/v1/query/{query}/execute': {
    GET: {
      handler: execute,
      summary: 'Run a query by id or name, over the instances of ?dc=',
      query: ['limit', 'near', 'connect', 'dc'],
    },
  },
  '/v1/query/{query}/explain': { GET: { handler: explain, summary: 'Show what a name would run' } },
});

export const queryRoutes: readonly Route[] = [
  ...collection,
  ...[...running, ...specific].map((route): Route => ({ ...route, plainAllow: true })),
];

async function create(request: ApiRequest): Promise<Reply> {
  const body = await request.decode(queryRequest);
  request.requireLocalDatacenter();
  return request.json({ ID: await request.api.handle.registry.createQuery(body, request.caller) });
}

async function update(request: ApiRequest): Promise<Reply> {
  const body = await request.decode(queryRequest);
  request.requireLocalDatacenter();
  await request.api.handle.registry.updateQuery(request.param, body, request.caller);
  return done;
}

async function remove(request: ApiRequest): Promise<Reply> {
  request.requireLocalDatacenter();
  await request.api.handle.registry.deleteQuery(request.param, request.caller);
  return done;
}

function list(request: ApiRequest): Reply | Promise<Reply> {
  return homeRead(
    request,
    catalogRead,
    (catalog) => catalog.queriesAnswer(),
    (rows, headers) => request.json(rows.filter((row) => mayRead(request, row)).map(queryToWire), headers),
  );
}

function read(request: ApiRequest): Reply | Promise<Reply> {
  const id = request.param;
  return homeRead(
    request,
    catalogRead,
    (catalog) => {
      requireUuid(id, 'failed prepared query lookup');
      return { ...catalog.queriesAnswer(), value: catalog.query(id.toLowerCase()) };
    },
    (row, headers) => {
      if (!row || !mayRead(request, row)) throw refusal(404, 'Query not found', 'NOT_FOUND');
      return request.json([queryToWire(row)], headers);
    },
  );
}

const executeRead: ReadKind = { showsConsistency: true, cacheName: 'query/execute' };

/** Does not block, so its index is always 1. Whose instances `?dc=` says; what the query is, our own home. */
function execute(request: ApiRequest): Reply | Promise<Reply> {
  const { datacenter } = request;
  const connect = request.query.has('connect');
  return runQuery(
    request,
    executeRead,
    ({ near }) => {
      const limit = limitOf(request.query.get('limit'));
      return request.api.queries.executeQuery(request.param, { limit, near, connect, datacenter });
    },
    (result) => {
      const nodes = result.nodes.filter((instance) => mayReadInstance(request, instance));
      return executionToWire({ ...result, nodes });
    },
  );
}

function explain(request: ApiRequest): Reply | Promise<Reply> {
  request.requireLocalDatacenter();
  return runQuery(
    request,
    catalogRead,
    () => request.api.queries.explainQuery(request.param),
    (row) => ({ Query: queryToWire(row) }),
  );
}

function runQuery<T>(
  request: ApiRequest,
  kind: ReadKind,
  run: (options: ReadOptions) => T,
  toWire: (value: T) => object,
): Reply | Promise<Reply> {
  const options = readOptions(request);
  return withHome(request, options, (source) => {
    const value = run(options);
    return request.json(toWire(value), readHeaders(request, source, kind, options, 1));
  });
}

function limitOf(text: string): number {
  if (text === '') return 0;
  if (!/^[+-]?\d{1,15}$/.test(text)) throw refusal(500, `Bad limit: ${strconvError('Atoi', text)}`);
  return Math.max(0, Number(text));
}

function mayRead(request: ApiRequest, row: QueryRow): boolean {
  return request.unrestricted || request.may('query', row.name, 'read');
}
