import { eventReaches } from '../../catalog/index.js';
import { eventToWire, topic } from '../../model/index.js';
import type { CatalogView, EventRow } from '../../model/index.js';
import type { ApiContext } from '../context.js';
import { parseUint } from '../core/query.js';
import type { Reply } from '../core/reply.js';
import type { ApiRequest } from '../core/request.js';
import { family } from '../core/route.js';
import { consistencyOf, parseWait } from '../read-options.js';
import { withHome } from '../reads.js';

/** event/… (docs/contract.md section 3.8). */
export const eventRoutes = family(500, {
  '/v1/event/fire/{name}': {
    PUT: { handler: fire, summary: 'Fire an event; the body is its payload', query: ['node', 'service', 'tag'] },
  },
  '/v1/event/list': {
    GET: { handler: list, summary: 'Events that reached this agent', query: ['name'], blocking: true },
  },
});

async function fire(request: ApiRequest): Promise<Reply> {
  const name = request.required('Missing name');
  request.requireLocalDatacenter();
  const payload = (await request.bytes()).toString('base64');
  const { query } = request;
  const event = {
    name,
    payload,
    node: query.get('node'),
    service: query.get('service'),
    tag: query.get('tag'),
  };
  const row = await request.api.handle.registry.fireEvent(event, request.caller);
  return request.json({ ...eventToWire(row), LTime: 0 });
}

/**
 * The index is a hash of the newest event's id, not an order: anything but exactly that index answers at once.
 */
function list(request: ApiRequest): Reply | Promise<Reply> {
  request.requireLocalDatacenter();
  const { waitMs } = parseWait(request.query);
  const asked = parseUint(request.query.get('index')) ?? 0n;
  const consistency = consistencyOf(request.query);
  const answer = (catalog: CatalogView): Reply => {
    const shown = visible(request, catalog);
    return request.json(shown.map(eventToWire), ['X-Consul-Index', indexOf(shown).toString()]);
  };
  return withHome(request, consistency, (source, catalog) => {
    const isAsked = (): boolean => indexOf(visible(request, catalog)) === asked;
    if (asked === 0n || !isAsked()) return answer(catalog);
    const moved = (): boolean => source.find() !== catalog || !isAsked();
    const waited = request.api.blocking.until(catalog, topic.events, moved, waitMs, request.message.socket);
    return waited.then(() => withHome(request, consistency, (_source, latest) => answer(latest)));
  });
}

function visible(request: ApiRequest, catalog: CatalogView): readonly EventRow[] {
  const name = request.query.get('name');
  return [...catalog.events()].filter(
    (row) => (name === '' || row.name === name) && request.may('event', row.name, 'read') && isForUs(request.api, row),
  );
}

/** The home keeps events for every agent. What a lone one keeps was for it when it came. */
function isForUs({ cluster, handle }: ApiContext, row: EventRow): boolean {
  if (row.nodeFilter === '' && row.serviceFilter === '') return true;
  return cluster.members().length < 2 || eventReaches(row, handle.registry.nodeName, handle.catalog.localServices());
}

/** Both halves of the UUID, one XOR the other; 1 when there is no event, so that clients do not spin. */
function indexOf(events: readonly EventRow[]): bigint {
  const id = events.at(-1)?.id.replaceAll('-', '');
  if (id === undefined) return 1n;
  return BigInt(`0x${id.slice(0, 16)}`) ^ BigInt(`0x${id.slice(16)}`);
}
