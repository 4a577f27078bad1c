import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ApiWorld } from '../testing/api-world.js';
import type { Answered } from '../testing/api-world.js';
import { CatalogWorld, checkRow, nodeRow, serviceRow } from '../testing/catalog-world.js';
import { memberOf } from '../testing/fake-cluster.js';

const there = { datacenter: 'dc2' };

let world: ApiWorld;
let remote: CatalogWorld;

beforeEach(async () => {
  world = await ApiWorld.start({
    rows: [nodeRow('here', { meta: { rack: 'r1' } }), serviceRow('here', 'web-1', { service: 'web', port: 1 })],
  });
  remote = new CatalogWorld(
    [
      nodeRow('there', { ...there, meta: { rack: 'r2' } }),
      serviceRow('there', 'web-2', { ...there, service: 'web', port: 2, tags: ['v2'] }),
      checkRow('there', 'c', { ...there, serviceId: 'web-2', serviceName: 'web', status: 'warning' }),
    ],
    'dc2',
  );
  world.cluster.others.set('dc2', remote.catalog);
  world.cluster.known.push(memberOf('agent-2', { datacenter: 'dc2' }));
});
afterEach(() => world.close());

const nodesOf = (answer: Answered): readonly string[] =>
  (answer.json() as { Node: string | { Node: string } }[]).map(({ Node }) =>
    typeof Node === 'string' ? Node : Node.Node,
  );

describe('reads of another datacenter', () => {
  test.each([
    '/v1/catalog/nodes?dc=dc2',
    '/v1/catalog/service/web?dc=dc2',
    '/v1/health/service/web?dc=dc2',
    '/v1/health/service/web?datacenter=dc2&dc=moon',
    '/v1/health/service/web?dc=dc2&tag=v2&filter=Service.Port==2',
    '/v1/health/checks/web?dc=dc2&node-meta=rack:r2',
    '/v1/health/node/there?dc=dc2',
    '/v1/health/state/warning?dc=dc2',
  ])('%s', async (path) => {
    expect(nodesOf(await world.ask(path))).toEqual(['there']);
    expect(nodesOf(await world.ask(path)), 'from what is prepared').toEqual(['there']);
  });

  test('have the indexes of their catalog, in a space of their own', async () => {
    const { headers } = await world.ask('/v1/health/service/web?dc=dc2');
    expect(headers).toMatchObject({
      'x-consul-index': String(remote.catalog.serviceView('web').index),
      'x-discovery-index-space': 'space of dc2',
      'x-consul-knownleader': 'true',
    });
    const own = await world.ask('/v1/health/service/web');
    expect(own.headers['x-discovery-index-space']).toBe(world.indexSpace);
  });

  test('the same service of both datacenters, in turn', async () => {
    for (let i = 0; i < 3; i++) {
      expect(nodesOf(await world.ask('/v1/catalog/service/web'))).toEqual(['here']);
      expect(nodesOf(await world.ask('/v1/catalog/service/web?dc=dc2'))).toEqual(['there']);
    }
  });

  test('searches over all of it', async () => {
    const found = (await world.ask('/v1/internal/search?dc=dc2&filter=port%20%3E%201')).json();
    expect(found).toMatchObject([{ Node: { Node: 'there' } }]);
    expect((await world.ask('/v1/internal/search?filter=port%20%3E%201')).json()).toEqual([]);
  });

  test('names, tags and nodes', async () => {
    expect((await world.ask('/v1/catalog/services?dc=dc2')).json()).toEqual({ web: ['v2'] });
    expect((await world.ask('/v1/catalog/services?dc=dc2&filter=ServicePort==1')).json()).toEqual({});
    expect((await world.ask('/v1/catalog/node/there?dc=dc2')).json()).toMatchObject({ Node: { Datacenter: 'dc2' } });
    expect((await world.ask('/v1/catalog/node/there')).json()).toBe(null);
    expect((await world.ask('/v1/coordinate/nodes?dc=dc2')).json()).toEqual([]);
  });

  test('wait for changes there, and for none here', async () => {
    const { index } = remote.catalog.serviceView('web');
    const waiting = world.ask(`/v1/health/service/web?dc=dc2&index=${index}&wait=1m`);
    await world.waiting();
    world.world.put(serviceRow('here', 'web-3', { service: 'web' }));
    await world.waiting();
    remote.put(serviceRow('there', 'web-4', { ...there, service: 'web' }));
    expect(nodesOf(await waiting)).toEqual(['there', 'there']);
  });

  test('a copy that is begun anew wakes who waits on the old one', async () => {
    const { index } = remote.catalog.serviceView('web');
    const waiting = world.ask(`/v1/catalog/service/web?dc=dc2&index=${index}&wait=1m`);
    await world.waiting();
    world.cluster.others.set('dc2', new CatalogWorld([], 'dc2').catalog);
    world.cluster.replaced();
    expect((await waiting).json()).toEqual([]);
  });

  test('a datacenter that is forgotten while somebody waits', async () => {
    const { index } = remote.catalog.serviceView('web');
    const waiting = world.ask(`/v1/catalog/service/web?dc=dc2&index=${index}&wait=1m`);
    await world.waiting();
    world.cluster.others.delete('dc2');
    world.cluster.replaced();
    const answer = await waiting;
    expect([answer.status, answer.text]).toEqual([500, 'No path to datacenter']);
  });

  test('say so when nobody there is heard of', async () => {
    world.cluster.known[1] = memberOf('agent-2', { datacenter: 'dc2', state: 'suspect', lastContactMs: 4_321.2 });
    const { headers, status } = await world.ask('/v1/catalog/service/web?dc=dc2');
    expect([status, headers['x-consul-knownleader'], headers['x-consul-lastcontact']]).toEqual([200, 'false', '4322']);
    expect((await world.ask('/v1/catalog/service/web')).headers['x-consul-knownleader']).toBe('true');
  });

  test('of one that nobody heard of are refused, and so is one whose rows are not there yet', async () => {
    for (const path of ['/v1/health/service/web?dc=moon', '/v1/catalog/nodes?datacenter=moon&index=7']) {
      const answer = await world.ask(path);
      expect([answer.status, answer.text]).toEqual([500, 'No path to datacenter']);
    }
  });
});

test.each([
  ['GET', '/v1/kv/a'],
  ['PUT', '/v1/kv/a'],
  ['GET', '/v1/session/list'],
  ['PUT', '/v1/session/create'],
  ['GET', '/v1/event/list'],
  ['PUT', '/v1/event/fire/deploy'],
  ['GET', '/v1/query'],
  ['PUT', '/v1/txn'],
  ['GET', '/v1/config/service-defaults'],
  ['PUT', '/v1/catalog/register'],
  ['GET', '/v1/status/leader'],
  ['GET', '/v1/snapshot'],
])('%s %s goes to no other datacenter', async (method, path) => {
  const body = path.endsWith('txn') ? '[]' : method === 'PUT' ? '{"Node":"a"}' : undefined;
  const answer = await world.ask(`${path}?dc=dc2`, { method, ...(body !== undefined && { body }) });
  expect([answer.status, answer.text]).toEqual([500, 'No path to datacenter']);
});

test('datacenters are listed nearest first', async () => {
  world.cluster.others.set('dc0', new CatalogWorld([], 'dc0').catalog);
  expect((await world.ask('/v1/catalog/datacenters')).json()).toEqual(['dc1', 'dc2', 'dc0']);
  const coordinates = (await world.ask('/v1/coordinate/datacenters')).json() as { Datacenter: string }[];
  expect(coordinates.map(({ Datacenter }) => Datacenter)).toEqual(['dc1', 'dc2', 'dc0']);
});

test('numbers of all datacenters', async () => {
  const usage = (await world.ask('/v1/operator/usage?global')).json() as { Usage: Record<string, { Nodes: number }> };
  expect(Object.entries(usage.Usage).map(([name, { Nodes }]) => [name, Nodes])).toEqual([
    ['dc1', 1],
    ['dc2', 1],
  ]);
});

test('protected mode is told with every catalog and health read, and with the leader', async () => {
  world.cluster.contacted = { known: false, lastContactMs: 1_500 };
  for (const path of ['/v1/catalog/nodes', '/v1/health/service/web?stale', '/v1/status/leader']) {
    const { headers, status } = await world.ask(path);
    expect([status, headers['x-consul-knownleader'], headers['x-consul-lastcontact']]).toEqual([200, 'false', '1500']);
  }
  expect((await world.ask('/v1/kv/a')).headers['x-consul-knownleader']).toBe('true');
});

test('an event stream of another datacenter, that ends when its copy is another one', async () => {
  const stream = world.ask('/v1/watch/service/web?dc=dc2');
  await world.waiting();
  world.cluster.others.set('dc2', new CatalogWorld([], 'dc2').catalog);
  world.cluster.replaced();
  const { text, headers } = await stream;
  expect(text).toMatch(/^id: space of dc2:\d+\nevent: service\ndata: \[\{"Node":\{.*"there"/);
  expect(headers['x-discovery-index-space']).toBe('space of dc2');
});
