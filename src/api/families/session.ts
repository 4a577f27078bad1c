import { sessionRequest, sessionToWire } from '../../model/index.js';
import type { Answer, SessionRow } from '../../model/index.js';
import type { Reply } from '../core/reply.js';
import type { ApiRequest } from '../core/request.js';
import { family } from '../core/route.js';
import { homeRead, stateRead } from '../reads.js';
import { requireUuid } from '../uuid.js';

/** session/… (docs/contract.md section 3.6). */
export const sessionRoutes = family(500, {
  '/v1/session/create': { PUT: { handler: create, summary: 'Create a session', body: sessionRequest } },
  '/v1/session/destroy/{session}': { PUT: { handler: destroy, summary: 'End a session' } },
  '/v1/session/renew/{session}': { PUT: { handler: renew, summary: 'Renew a session that has a TTL' } },
  '/v1/session/info/{session}': { GET: { handler: info, summary: 'One session', blocking: true } },
  '/v1/session/node/{node}': { GET: { handler: ofNode, summary: 'Sessions of a node', blocking: true } },
  '/v1/session/list': { GET: { handler: list, summary: 'All sessions', blocking: true } },
});

async function create(request: ApiRequest): Promise<Reply> {
  request.refuseNamespaces();
  const body = await optionalBody(request);
  request.requireLocalDatacenter(body.Datacenter);
  return request.json({ ID: await request.api.handle.registry.createSession(body, request.caller) });
}

/** No body at all asks for a session with every default. */
async function optionalBody(request: ApiRequest) {
  try {
    return await request.decode(sessionRequest, { unknown: 'drop' });
  } catch (error) {
    if (error instanceof Error && error.message === 'Request decode failed: EOF') return {};
    throw error;
  }
}

async function destroy(request: ApiRequest): Promise<Reply> {
  await request.api.handle.registry.destroySession(writeId(request), request.caller);
  return request.json(true);
}

async function renew(request: ApiRequest): Promise<Reply> {
  const row = await request.api.handle.registry.renewSession(writeId(request), request.caller);
  return request.json([sessionToWire(row)]);
}

function writeId(request: ApiRequest): string {
  request.refuseNamespaces();
  const id = request.required('Missing session');
  request.requireLocalDatacenter();
  requireUuid(id, 'session lookup failed: failed session lookup');
  return id;
}

function info(request: ApiRequest): Reply | Promise<Reply> {
  const id = request.param;
  return sessions(request, () => {
    requireUuid(request.required('Missing session'), 'failed session lookup');
    return (row) => row.id === id.toLowerCase();
  });
}

function ofNode(request: ApiRequest): Reply | Promise<Reply> {
  return sessions(request, () => {
    const node = request.required('Missing node name').toLowerCase();
    return (row) => row.node.toLowerCase() === node;
  });
}

function list(request: ApiRequest): Reply | Promise<Reply> {
  return sessions(request, () => () => true);
}

function sessions(request: ApiRequest, which: () => (row: SessionRow) => boolean): Reply | Promise<Reply> {
  return homeRead(
    request,
    stateRead,
    (catalog): Answer<readonly SessionRow[]> => {
      const wanted = which();
      const answer = catalog.sessionsAnswer();
      return { ...answer, value: answer.value.filter(wanted) };
    },
    (rows, headers) => {
      const shown = rows.filter((row) => request.may('session', row.node, 'read'));
      return request.json(shown.map(sessionToWire), headers);
    },
  );
}
