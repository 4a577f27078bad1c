import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { MetadataManager } from '../catalog/index.js';
import { instanceToWire, limits, serviceNodeToWire } from '../model/index.js';
import { ApiWorld } from '../testing/api-world.js';
import { checkRow, nodeRow, serviceRow } from '../testing/catalog-world.js';

/** health/service and catalog/service answer plain reads from prepared bytes and the rest item by item: same items. */
let world: ApiWorld;
beforeAll(async () => {
  world = await ApiWorld.start();
});
afterAll(() => world.close());

const status = fc.constantFrom('passing', 'warning', 'critical', 'odd');
const instance = fc.record({
  node: fc.integer({ min: 0, max: 3 }),
  id: fc.integer({ min: 0, max: 5 }),
  tags: fc.uniqueArray(fc.constantFrom('v1', 'V2', 'blue', ''), { maxLength: 3 }),
  port: fc.integer({ min: 0, max: 70_000 }),
  meta: fc.option(fc.dictionary(fc.constantFrom('a', '__proto__', 'zone'), fc.string({ maxLength: 5 }))),
  checks: fc.array(status, { maxLength: 2 }),
  nodeCheck: fc.option(status),
});
type Instance = typeof instance extends fc.Arbitrary<infer T> ? T : never;

function write(service: string, { node, id, tags, port, meta, checks, nodeCheck }: Instance): void {
  const name = `${service}-n${node}`;
  const own = `${service}-${id}`;
  world.world.put(
    nodeRow(name, { meta: { zone: String(node) } }),
    serviceRow(name, own, { service, tags, port, meta }),
    ...checks.map((state, at) =>
      checkRow(name, `${own}-${at}`, { status: state, serviceId: own, serviceName: service, serviceTags: tags }),
    ),
    ...(nodeCheck === null ? [] : [checkRow(name, 'node', { status: nodeCheck })]),
  );
}

/** Straight from the catalog, through no cache. */
function expected(service: string, path: string): string {
  const { instances } = world.world.catalog.serviceView(service);
  if (path.startsWith('catalog')) return JSON.stringify(instances.map(serviceNodeToWire));
  const passing = instances.filter(({ status }) => status === 'passing');
  return JSON.stringify((path.endsWith('passing') ? passing : instances).map(instanceToWire));
}

test('prepared bytes and item by item agree, after every change', async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(instance, { minLength: 1, maxLength: 6 }), async (instances) => {
      const service = `s${run++}`;
      for (const one of instances) {
        write(service, one);
        for (const path of [
          `health/service/${service}`,
          `health/service/${service}?passing`,
          `catalog/service/${service}`,
        ]) {
          const fast = await world.ask(`/v1/${path}`);
          // A filter that keeps all takes the other path.
          const keepAll = path.startsWith('health') ? 'Service.ID != none' : 'ServiceID != none';
          const mark = path.includes('?') ? '&' : '?';
          const slow = await world.ask(`/v1/${path}${mark}filter=${encodeURIComponent(keepAll)}`);
          expect(fast.text).toBe(expected(service, path));
          expect(slow.text).toBe(fast.text);
          expect(slow.headers['x-consul-index']).toBe(fast.headers['x-consul-index']);
        }
      }
    }),
    { numRuns: 40 },
  );
});

const ids = async (query: string): Promise<string[]> => {
  const items = (await world.ask(`/v1/health/service/sel${query}`)).json() as { Service: { ID: string } }[];
  return items.map((item) => item.Service.ID);
};

const at = (node: string, x: number) =>
  ({
    kind: 'config',
    configKind: 'coordinate',
    name: node,
    body: { Node: node, Coord: { Vec: [x, 0], Error: 1, Adjustment: 0, Height: 0 } },
    createIndex: 0,
    modifyIndex: 0,
  }) as const;

describe('what is selected', () => {
  beforeAll(() => {
    const world_ = world.world;
    for (const [at, zone] of ['east', 'west', 'west'].entries()) {
      const node = `sel-${at}`;
      const tags = at === 0 ? ['v1', 'Blue'] : ['v2', 'blue'];
      const state = ['passing', 'warning', 'passing'][at] as string;
      world_.put(
        nodeRow(node, { meta: { zone } }),
        serviceRow(node, `sel-${at}`, { service: 'Sel', tags, port: at === 2 ? 0 : 80 }),
        checkRow(node, 'c', { serviceId: `sel-${at}`, serviceName: 'Sel', status: state }),
      );
    }
  });

  const cases: readonly [string, string[]][] = [
    ['', ['sel-0', 'sel-1', 'sel-2']],
    ['?passing', ['sel-0', 'sel-2']],
    ['?passing=false', ['sel-0', 'sel-1', 'sel-2']],
    ['?tag=BLUE', ['sel-0', 'sel-1', 'sel-2']],
    ['?tag=blue&tag=v2', ['sel-1', 'sel-2']],
    ['?tag=', []],
    ['?node-meta=zone:west', ['sel-1', 'sel-2']],
    ['?node-meta=zone:west&passing', ['sel-2']],
    ['?node-meta=zone', []],
    ['?filter=Service.Port==0', ['sel-2']],
    ['?near=sel-2', ['sel-0', 'sel-1', 'sel-2']],
  ];
  test.each(cases)('%s', async (query, wanted) => expect(await ids(query)).toEqual(wanted));

  test('near=_agent puts what runs here first, before anything was measured', async () => {
    const rows = ['sel-0', 'n1'].map((node) => serviceRow(node, `mine-${node}`, { service: 'mine' }));
    world.world.put(nodeRow('n1'), ...rows);
    const first = async (near: string) => {
      const items = (await world.ask(`/v1/health/service/mine?near=${near}`)).json() as { Service: { ID: string } }[];
      return items[0]?.Service.ID;
    };
    expect(await first('_agent')).toBe('mine-n1');
    expect(await first('N1')).toBe('mine-n1');
  });

  test('near sorts by the coordinates that are known', async () => {
    world.world.put(at('sel-0', 5), at('sel-2', 1), at('n1', 0));
    expect(await ids('?near=_agent')).toEqual(['sel-2', 'sel-0', 'sel-1']);
    expect(await ids('?near=sel-0')).toEqual(['sel-0', 'sel-2', 'sel-1']);
    expect(await ids('?near=nobody')).toEqual(['sel-0', 'sel-1', 'sel-2']);
  });
});

test('a service’s face: what is left out, what is null', async () => {
  world.world.put(nodeRow('face'), serviceRow('face', 'face', { service: 'face' }));
  const [item] = (await world.ask('/v1/health/service/face')).json() as { Service: object }[];
  expect(item?.Service).toMatchObject({ Meta: null, Tags: [], Address: '', Weights: { Passing: 1, Warning: 1 } });
  expect(item?.Service).not.toHaveProperty('Port');
  const [row] = (await world.ask('/v1/catalog/service/face')).json() as object[];
  expect(row).toMatchObject({ ServiceMeta: {}, ServicePort: 0, ServiceTags: [] });
});

describe('filters of a large service', () => {
  const count = 2 * limits.narrowedInstances;
  beforeAll(() => {
    world.world.put(
      nodeRow('large'),
      ...Array.from({ length: count }, (_, at) =>
        serviceRow('large', `large-${at}`, { service: 'large', tags: [`t${at % 8}`], meta: { n: String(at % 8) } }),
      ),
      checkRow('large', 'ill', { status: 'critical', serviceId: 'large-3', serviceName: 'large' }),
    );
  });

  const cases: readonly (readonly [string, number])[] = [
    ['health/service/large?filter=Service.Meta.n == 3', count / 8],
    ['health/service/large?passing&filter=Service.Meta.n == 3', count / 8 - 1],
    ['catalog/service/large?filter=ServiceMeta.n == 3', count / 8],
  ];
  test.each(cases)('%s looks only at what an index finds', async (path, found) => {
    const narrow = vi.spyOn(MetadataManager.prototype, 'narrow');
    try {
      const items = (await world.ask(`/v1/${encodeURI(path)}`)).json() as object[];
      expect(items).toHaveLength(found);
      expect(narrow.mock.results.map(({ value }) => (value as readonly object[]).length)).toEqual([count / 8]);
    } finally {
      narrow.mockRestore();
    }
  });

  test('the listing of services tells the tags of those that pass', async () => {
    const answer = await world.ask(`/v1/${encodeURI('catalog/services?filter=ServiceMeta.n == 3')}`);
    expect(answer.json()).toMatchObject({ large: ['t3'] });
  });
});
