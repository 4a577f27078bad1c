import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ApiWorld } from '../testing/api-world.js';
import { CatalogWorld, checkRow, nodeRow, serviceRow } from '../testing/catalog-world.js';
import { memberOf } from '../testing/fake-cluster.js';

let world: ApiWorld;

const instance = (node: string, status: string, origin: string) => [
  nodeRow(node, { origin }),
  serviceRow(node, `web-${node}`, { service: 'web', port: 80, origin }),
  checkRow(node, 'c', { serviceId: `web-${node}`, serviceName: 'web', status, output: 'says\nmore', origin }),
];

beforeEach(async () => {
  world = await ApiWorld.start({
    rows: [
      ...instance('a', 'passing', 'origin-n1'),
      ...instance('b', 'warning', 'origin-n2'),
      ...instance('c', 'passing', 'origin-n3'),
      ...instance('d', 'passing', 'origin-gone'),
      checkRow('c', 'serfHealth', {
        name: 'Serf Health Status',
        status: 'critical',
        output: 'Agent not live or unreachable',
        origin: 'origin-n3',
      }),
    ],
  });
  world.cluster.known = [
    memberOf('n1', { isSelf: true }),
    memberOf('n2', { state: 'suspect', reason: 'silent for 2 s' }),
    memberOf('n3', { state: 'dead', reason: 'nobody listens there' }),
  ];
});
afterEach(() => world.close());

describe('why instances are served or not', () => {
  test('each with its owner', async () => {
    expect((await world.ask('/v1/sync/explain/web')).json()).toMatchObject({
      service: 'web',
      datacenter: 'dc1',
      contact: { known: true },
      shadowed: [],
      instances: [
        { id: 'web-a', owner: { node: 'n1', state: 'alive' }, served: 'everywhere', why: [], address: '10.0.0.1' },
        {
          id: 'web-b',
          owner: { node: 'n2', state: 'suspect' },
          served: 'dns',
          why: ['agent n2 is suspect: silent for 2 s, which changes nothing yet', 'check "c" is warning: says'],
        },
        {
          id: 'web-c',
          owner: { node: 'n3', state: 'dead' },
          served: 'nowhere',
          why: [
            'agent n3 is dead: nobody listens there',
            'check of the node "Serf Health Status" is critical: Agent not live or unreachable',
          ],
        },
        { id: 'web-d', owner: { origin: 'origin-gone', node: '', state: 'unknown' }, served: 'everywhere' },
      ],
    });
  });

  test('with what lost against one of them', async () => {
    const conflict = { node: 'a', id: 'web-a', winner: 'n1', loser: 'n2', reason: 'registered later' };
    world.cluster.conflicts = [conflict, { ...conflict, id: 'other' }, { ...conflict, id: '' }];
    const { shadowed } = (await world.ask('/v1/sync/explain/web')).json() as { shadowed: object[] };
    expect(shadowed).toEqual([conflict, { ...conflict, id: '' }]);
  });

  test('in another datacenter, and not of a service that is not there', async () => {
    world.cluster.others.set('dc2', new CatalogWorld(instance('z', 'passing', 'origin-z'), 'dc2').catalog);
    expect((await world.ask('/v1/sync/explain/web?dc=dc2')).json()).toMatchObject({
      datacenter: 'dc2',
      contact: { known: false },
      instances: [{ id: 'web-z' }],
    });
    expect((await world.ask('/v1/sync/explain/nothing')).status).toBe(404);
  });
});

test('whose facts a node is made of', async () => {
  world.world.put(serviceRow('a', 'other', { origin: 'origin-n2' }));
  expect((await world.ask('/v1/sync/owner/A')).json()).toMatchObject({
    node: 'a',
    datacenter: 'dc1',
    rows: [
      { kind: 'node', id: 'a', owner: { node: 'n1' } },
      { kind: 'service', id: 'web-a', service: 'web', owner: { node: 'n1' } },
      { kind: 'service', id: 'other', service: 'other', owner: { node: 'n2', state: 'suspect' } },
      { kind: 'check', id: 'c', owner: { node: 'n1' } },
    ],
  });
  expect((await world.ask('/v1/sync/owner/nobody')).status).toBe(404);
});

test('the whole of what sync knows', async () => {
  world.cluster.parts = { counters: { resets: 1 }, localHealth: 2 };
  expect((await world.ask('/v1/sync')).json()).toMatchObject({
    self: { node: 'n1' },
    members: [{ node: 'n1', isSelf: true }, { node: 'n2' }, { node: 'n3' }],
    localHealth: 2,
    counters: { resets: 1 },
  });
});
