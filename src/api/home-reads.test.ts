import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { EventRow, KvRow, Row } from '../model/index.js';
import { ApiWorld } from '../testing/api-world.js';
import { CatalogWorld, nodeRow, queryRow, serviceRow, sessionRow } from '../testing/catalog-world.js';
import { memberOf, noLeader } from '../testing/fake-cluster.js';

/** Keys, sessions, queries, events and configuration at an agent that is not the home: from a copy of another's. */
const ID = '11111111-2222-4333-8444-555555555555';
const NEW = { createIndex: 0, modifyIndex: 0 } as const;
const kv = (key: string, value = 'MQ=='): KvRow => ({
  kind: 'kv',
  key,
  value,
  flags: 0n,
  session: '',
  lockIndex: 0,
  ...NEW,
});
const event = (id: string, ltime = 1): EventRow => {
  return { kind: 'event', id, ltime, name: 'e', payload: '', nodeFilter: '', serviceFilter: '', tagFilter: '', ...NEW };
};

let world: ApiWorld;
let copy: CatalogWorld;

beforeEach(async () => {
  world = await ApiWorld.start({ rows: [nodeRow('n1'), serviceRow('n1', 'web')] });
  copy = new CatalogWorld([kv('a'), sessionRow(ID), queryRow(ID, { name: 'q' }), event(ID)]);
  world.cluster.home.movesTo('n2', copy.catalog);
  world.cluster.known = [memberOf('n1', { isSelf: true }), memberOf('n2', { isHome: true, lastContactMs: 40 })];
});
afterEach(() => world.close());

const READS = [
  '/v1/kv/a',
  '/v1/kv/?keys',
  '/v1/kv/?recurse',
  '/v1/session/list',
  `/v1/session/info/${ID}`,
  '/v1/session/node/n1',
  '/v1/query',
  `/v1/query/${ID}`,
  '/v1/query/q/execute',
  '/v1/query/q/explain',
  '/v1/event/list',
  '/v1/config/service-defaults',
  '/v1/operator/autopilot/configuration',
];

describe.each(READS)('%s', (path) => {
  const also = path.includes('?') ? '&' : '?';

  test('is read after the home was asked how new the copy has to be', async () => {
    const answer = await world.ask(path);
    expect([answer.status, world.cluster.home.freshened]).toEqual([200, 1]);
    expect((await world.ask(`${path}${also}consistent`)).status).toBe(200);
    expect(world.cluster.home.freshened).toBe(2);
  });

  test('is read from the copy as it is when that will do', async () => {
    expect((await world.ask(`${path}${also}stale`)).status).toBe(200);
    expect(world.cluster.home.freshened).toBe(0);
  });

  test('is refused without a home, unless the copy will do', async () => {
    world.cluster.home.movesTo(undefined, copy.catalog);
    for (const query of ['', `${also}consistent`]) {
      const answer = await world.ask(`${path}${query}`);
      expect([answer.status, answer.text]).toEqual([500, 'No cluster leader']);
    }
    expect((await world.ask(`${path}${also}stale`)).status).toBe(200);
  });
});

describe('a read of keys', () => {
  test('is in the index space of the home, wherever it is asked', async () => {
    const { headers } = await world.ask('/v1/kv/a');
    expect(headers).toMatchObject({
      'x-discovery-index-space': 'space of the home',
      'x-consul-index': String(copy.catalog.kv('a')?.modifyIndex),
      'x-consul-knownleader': 'true',
      'x-consul-lastcontact': '0',
    });
    expect((await world.ask('/v1/health/service/web')).headers['x-discovery-index-space']).toBe(world.indexSpace);
  });

  test('says how old the copy may be', async () => {
    expect((await world.ask('/v1/kv/a?stale')).headers).toMatchObject({
      'x-consul-knownleader': 'true',
      'x-consul-lastcontact': '40',
    });
    world.cluster.home.address = '';
    expect((await world.ask('/v1/kv/a?stale')).headers['x-consul-knownleader']).toBe('false');
  });

  test.each([
    ['max_stale=1s', 0],
    ['max_stale=10ms', 1],
  ])('with %s asks the home when the copy is older', async (query, freshened) => {
    expect((await world.ask(`/v1/kv/a?${query}`)).status).toBe(200);
    expect(world.cluster.home.freshened).toBe(freshened);
  });

  test('waits for changes of the copy', async () => {
    const { modifyIndex } = copy.catalog.kv('a') as KvRow;
    const waiting = world.ask(`/v1/kv/a?index=${modifyIndex}&wait=1m`);
    await world.waiting();
    copy.put(kv('a', 'Mg=='));
    expect((await waiting).json()).toMatchObject([{ Value: 'Mg==' }]);
    expect(world.cluster.home.freshened).toBe(1);
  });

  test('is not told that nothing changed by a copy whose home is gone', async () => {
    const { modifyIndex } = copy.catalog.kv('a') as KvRow;
    let asked = 0;
    world.cluster.home.freshen = async () => {
      if (++asked > 1) throw noLeader();
    };
    const answer = await world.ask(`/v1/kv/a?index=${modifyIndex}&wait=10ms`);
    expect([answer.status, answer.text]).toEqual([500, 'No cluster leader']);
  });

  test('is woken when another agent becomes the home', async () => {
    const { modifyIndex } = copy.catalog.kv('a') as KvRow;
    const waiting = world.ask(`/v1/kv/a?index=${modifyIndex}&wait=1m`);
    await world.waiting();
    world.cluster.home.movesTo('n3', new CatalogWorld([kv('a', 'Mw==')]).catalog, 'another space');
    world.cluster.replaced();
    const { headers, json } = await waiting;
    expect([headers['x-discovery-index-space'], json()]).toMatchObject(['another space', [{ Value: 'Mw==' }]]);
  });

  test('is refused when its agent ceases to be the home while it waits', async () => {
    const { home } = world.cluster;
    home.isSelf = true;
    const { modifyIndex } = copy.catalog.kv('a') as KvRow;
    const waiting = world.ask(`/v1/kv/a?index=${modifyIndex}&wait=1m`);
    await world.waiting();
    home.movesTo(undefined, new CatalogWorld().catalog);
    world.cluster.replaced();
    const answer = await waiting;
    expect([answer.status, answer.text]).toEqual([500, 'No cluster leader']);
  });

  test('is answered at once and asks nobody at the home itself', async () => {
    world.cluster.home.isSelf = true;
    expect((await world.ask('/v1/kv/a')).status).toBe(200);
    expect(world.cluster.home.freshened).toBe(0);
  });
});

test('a snapshot holds what the home decided, and what is registered here', async () => {
  const written: Row[] = [];
  world.world.put(kv('of an earlier home'));
  await world.close();
  world = await ApiWorld.start({
    handle: { catalog: world.world.catalog, registry: world.handle.registry },
    dependencies: {
      snapshots: {
        async *write({ rows }) {
          written.push(...rows);
          yield Buffer.from('archive');
        },
        read: async () => ({ rows: [], node: 'n1' }),
      },
    },
  });
  world.cluster.home.movesTo('n2', copy.catalog);
  expect((await world.ask('/v1/snapshot')).text).toBe('archive');
  expect(world.cluster.home.freshened).toBe(1);
  expect(written.map(({ kind }) => kind).toSorted()).toEqual(['event', 'kv', 'node', 'query', 'service', 'session']);
  world.cluster.home.movesTo(undefined, copy.catalog);
  expect((await world.ask('/v1/snapshot')).text).toBe('No cluster leader');
  expect((await world.ask('/v1/snapshot?stale')).text).toBe('archive');
});

test('event lists wait for the events of the home', async () => {
  const listed = await world.ask('/v1/event/list');
  const waiting = world.ask(`/v1/event/list?index=${String(listed.headers['x-consul-index'])}&wait=1m`);
  await world.waiting();
  copy.put(event('21111111-2222-4333-8444-555555555555', 2));
  expect((await waiting).json()).toHaveLength(2);
});

test('coordinates are configuration of the home', async () => {
  const body = { Node: 'n1', Segment: '', Coord: { Vec: [1], Error: 1, Adjustment: 0, Height: 0 } };
  copy.put({ kind: 'config', configKind: 'coordinate', name: 'n1', body, ...NEW });
  expect((await world.ask('/v1/coordinate/node/n1')).json()).toMatchObject([{ Node: 'n1' }]);
  expect(world.cluster.home.freshened).toBe(1);
});

async function nodeFilters(): Promise<readonly string[]> {
  const events = (await world.ask('/v1/event/list')).json() as { NodeFilter: string }[];
  return events.map(({ NodeFilter }) => NodeFilter);
}

test('event lists show of the home’s events those for this agent', async () => {
  copy.put({ ...event('31111111-2222-4333-8444-555555555555', 2), nodeFilter: '^n2$' });
  copy.put({ ...event('41111111-2222-4333-8444-555555555555', 3), nodeFilter: '^n[14]$' });
  copy.put({ ...event('51111111-2222-4333-8444-555555555555', 4), nodeFilter: 'n', serviceFilter: '^web$' });
  expect(await nodeFilters()).toEqual(['', '^n[14]$']);
  world.cluster.known = [memberOf('n1', { isSelf: true, isHome: true })];
  expect(await nodeFilters()).toEqual(['', '^n2$', '^n[14]$', 'n']);
});
