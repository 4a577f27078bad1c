import { describe, expect, test, vi } from 'vitest';
import { isDiscoveryError, put, refOf, remove, topic } from '../model/index.js';
import type { Change, Json, KvRow, Row } from '../model/index.js';
import { CatalogWorld, checkRow, nodeRow, serviceRow } from '../testing/catalog-world.js';
import { Catalog } from './index.js';

/** Index 10 is an empty snapshot, 11 these rows. */
function worldOfWeb(): CatalogWorld {
  return new CatalogWorld([
    nodeRow('n1'),
    serviceRow('n1', 'web-1', { service: 'web', tags: ['v1'] }),
    checkRow('n1', 'c1', { serviceId: 'web-1', serviceName: 'web' }),
  ]);
}

function kvRow(key: string, fields: Partial<KvRow> = {}): KvRow {
  return {
    kind: 'kv',
    key,
    value: '',
    flags: 0n,
    lockIndex: 0,
    session: '',
    createIndex: 0,
    modifyIndex: 0,
    ...fields,
  };
}

function document(id: string, body: Json = null): Change {
  return put({ kind: 'sync', id, body, createIndex: 0, modifyIndex: 0 });
}

function* failingRows(): Iterable<Row> {
  yield nodeRow('n2');
  throw new Error('the disk is gone');
}

describe('applying', () => {
  test('a row keeps its createIndex until it is deleted', () => {
    const world = worldOfWeb();
    world.put(nodeRow('n1', { address: '10.0.0.9' }));
    expect(world.catalog.node('n1')).toMatchObject({ createIndex: 11, modifyIndex: 12, address: '10.0.0.9' });
    world.remove('node', '', 'n1');
    world.put(nodeRow('n1'));
    expect(world.catalog.node('n1')).toMatchObject({ createIndex: 14, modifyIndex: 14 });
  });

  test('a deletion and a new row in one set is a new row', () => {
    const world = worldOfWeb();
    world.commit([remove('check', 'c1', 'n1'), put(checkRow('n1', 'c1'))]);
    expect(world.catalog.check('n1', 'c1')).toMatchObject({ createIndex: 12, modifyIndex: 12, serviceId: '' });
  });

  test('a restored row keeps its own indexes, and its readers still see the index rise', () => {
    const world = new CatalogWorld([kvRow('k')]);
    const row = kvRow('k', { value: 'eA==', createIndex: 3, modifyIndex: 4 });
    world.commit([{ op: 'put', row, keepIndexes: true }]);
    expect(world.catalog.kv('k')).toEqual(row);
    expect(world.catalog.kvAnswer('k').index).toBe(12);
    expect(world.catalog.kvList('').index).toBe(12);
  });

  test('tells each row before and after, in order, and nothing for a deletion of nothing', () => {
    const world = worldOfWeb();
    const { catalog } = world;
    const old = catalog.node('n1') as Row;
    const changes = [
      remove('service', 'nobody', 'n1'),
      put(nodeRow('n1', { address: '10.0.0.2' })),
      put(kvRow('k')),
      remove('kv', 'k'),
    ];
    expect(catalog.apply({ type: 'changes', index: 20, changes })).toEqual([
      { index: 20, before: old, after: { ...old, address: '10.0.0.2', modifyIndex: 20 } },
      { index: 20, after: kvRow('k', { createIndex: 20, modifyIndex: 20 }) },
      { index: 20, before: kvRow('k', { createIndex: 20, modifyIndex: 20 }) },
    ]);
  });

  test('the first snapshot is not news; a later one tells how it differs', () => {
    const catalog = new Catalog({ datacenter: 'dc1' });
    const rows = ['a', 'b', 'c'].map((name) => nodeRow(name, { createIndex: 5, modifyIndex: 5 }));
    expect(catalog.ready).toBe(false);
    expect(catalog.apply({ type: 'snapshot', index: 10, rows })).toEqual([]);
    expect(catalog.ready).toBe(true);
    const [a, b, c] = rows as [Row, Row, Row];
    const changed = nodeRow('b', { createIndex: 5, modifyIndex: 12, address: '10.0.0.2' });
    const added = nodeRow('d', { createIndex: 13, modifyIndex: 13 });
    const differences = catalog.apply({ type: 'snapshot', index: 20, rows: [a, changed, added] });
    expect(differences).toEqual([
      { index: 20, before: b, after: changed },
      { index: 20, after: added },
      { index: 20, before: c },
    ]);
  });

  test('a snapshot that fails half way leaves everything as it was', () => {
    const { catalog } = worldOfWeb();
    expect(() => catalog.apply({ type: 'snapshot', index: 20, rows: failingRows() })).toThrow('the disk is gone');
    expect(catalog.index).toBe(11);
    expect(catalog.node('n2')).toBeUndefined();
    expect(catalog.serviceView('web').instances).toHaveLength(1);
  });

  test('an index that is not newer is a broken store', () => {
    const { catalog } = worldOfWeb();
    expect(() => catalog.apply({ type: 'changes', index: 11, changes: [] })).toThrow('at index 11');
    expect(() => catalog.apply({ type: 'snapshot', index: 10, rows: [] })).toThrow('at index 11');
  });

  test('keeps every field of every kind of row', () => {
    const { rows } = worldOfWeb().catalog.rows();
    const given = [nodeRow('n1'), serviceRow('n1', 'web-1'), checkRow('n1', 'c1')];
    for (const row of given) {
      const kept = rows.find((other) => other.kind === row.kind) as Row;
      expect(Object.keys(kept).sort()).toEqual(Object.keys(row).sort());
    }
  });
});

describe('indexes', () => {
  test('0 is told as 1', () => {
    const catalog = new Catalog({ datacenter: 'dc1' });
    catalog.apply({ type: 'snapshot', index: 0, rows: [] });
    expect(catalog.serviceView('web').index).toBe(1);
    expect(catalog.kvAnswer('k').index).toBe(1);
    expect(catalog.allNodes().index).toBe(1);
  });

  test("a service's index is its own last change", () => {
    const world = worldOfWeb();
    const index = (): number => world.catalog.serviceView('WEB').index;
    world.put(serviceRow('n1', 'db-1', { service: 'db' }), kvRow('k'));
    expect(index()).toBe(11);
    expect(world.put(checkRow('n1', 'c1', { serviceId: 'web-1', output: 'slow' }))).toBe(index());
    expect(world.put(checkRow('n1', 'serfHealth'))).toBe(index());
    expect(world.put(nodeRow('n1', { address: '10.0.0.2' }))).toBe(index());
    expect(world.remove('check', 'c1', 'n1')).toBe(index());
  });

  test('removing the last instance raises the index of every absent service', () => {
    const world = worldOfWeb();
    world.put(kvRow('k'));
    expect(world.catalog.serviceView('absent').index).toBe(10);
    const index = world.remove('service', 'web-1', 'n1');
    expect(world.catalog.serviceView('web')).toEqual({ name: 'web', index, instances: [] });
    expect(world.catalog.serviceView('absent').index).toBe(index);
  });

  test("a node's index does not count its checks", () => {
    const world = worldOfWeb();
    world.put(checkRow('n1', 'c1', { serviceId: 'web-1', status: 'critical' }));
    expect(world.catalog.nodeView('n1').index).toBe(11);
    expect(world.catalog.nodeChecks('n1').index).toBe(12);
    world.remove('service', 'web-1', 'n1');
    expect(world.catalog.nodeView('n1').index).toBe(13);
  });

  test('a key answers its ModifyIndex; a missing one that of the table', () => {
    const world = new CatalogWorld([kvRow('a')]);
    world.put(kvRow('b'));
    expect(world.catalog.kvAnswer('a').index).toBe(11);
    expect(world.catalog.kvAnswer('missing').index).toBe(12);
  });

  test('a deletion counts for its prefixes, and pruning it lowers nothing', () => {
    const world = new CatalogWorld([kvRow('a/1'), kvRow('a/2'), kvRow('b')]);
    world.remove('kv', 'a/1');
    world.put(kvRow('c'));
    const list = (): [number, number] => [world.catalog.kvList('a/').index, world.catalog.kvList('b').index];
    expect(list()).toEqual([12, 11]);
    world.catalog.pruneTombstones(12);
    expect(list()).toEqual([12, 11]);
    world.catalog.pruneTombstones(13);
    expect(list()).toEqual([12, 12]);
    expect(world.catalog.kvList('a/').value.map((row) => row.key)).toEqual(['a/2']);
  });

  test('after a snapshot every list starts at its index and a single key keeps its own', () => {
    const catalog = new Catalog({ datacenter: 'dc1' });
    const rows = [
      ...[nodeRow('n1'), serviceRow('n1', 'web')].map((row) => ({ ...row, createIndex: 3, modifyIndex: 4 })),
      kvRow('a', { createIndex: 5, modifyIndex: 6 }),
    ];
    catalog.apply({ type: 'snapshot', index: 100, rows });
    expect(catalog.serviceView('web').index).toBe(100);
    expect(catalog.serviceView('absent').index).toBe(100);
    expect(catalog.nodeView('n1').index).toBe(100);
    expect(catalog.kvList('a').index).toBe(100);
    expect(catalog.kvAnswer('a').index).toBe(6);
    expect(catalog.service('n1', 'web')).toMatchObject({ createIndex: 3, modifyIndex: 4 });
  });
});

describe('views', () => {
  test('keep their identity until something of the service changes', () => {
    const world = worldOfWeb();
    world.put(serviceRow('n1', 'web-2', { service: 'web' }), serviceRow('n1', 'db', { service: 'db' }));
    const view = world.catalog.serviceView('web');
    const tags = world.catalog.serviceTags();
    world.put(checkRow('n1', 'db-check', { serviceId: 'db' }), kvRow('k'));
    expect(world.catalog.serviceView('Web')).toBe(view);
    expect(world.catalog.serviceTags().value).toBe(tags.value);
    world.put(checkRow('n1', 'c1', { serviceId: 'web-1', status: 'warning' }));
    const next = world.catalog.serviceView('web');
    expect(next).not.toBe(view);
    expect(next.instances[1]).toBe(view.instances[1]);
    expect(view.instances.map((instance) => instance.status)).toEqual(['passing', 'passing']);
    expect(next.instances.map((instance) => instance.status)).toEqual(['warning', 'passing']);
  });

  test.each([
    [[], 'passing'],
    [['passing', 'warning'], 'warning'],
    [['warning', 'critical', 'passing'], 'critical'],
    [['passing', 'unheard-of'], 'critical'],
  ] as const)('checks %j make an instance %s', (statuses, status) => {
    const checks = statuses.map((word, at) => checkRow('n1', `c${at}`, { serviceId: 'web', status: word }));
    const world = new CatalogWorld([nodeRow('n1'), serviceRow('n1', 'web'), ...checks]);
    expect(world.catalog.serviceView('web').instances[0]?.status).toBe(status);
  });

  test.each(['_node_maintenance', '_service_maintenance:web'])('%s is maintenance, whatever else', (checkId) => {
    const serviceId = checkId === '_node_maintenance' ? '' : 'web';
    const checks = [checkRow('n1', 'a', { status: 'critical' }), checkRow('n1', checkId, { serviceId })];
    const world = new CatalogWorld([nodeRow('n1'), serviceRow('n1', 'web'), ...checks]);
    expect(world.catalog.serviceView('web').instances[0]?.status).toBe('maintenance');
  });

  test('instances are by node and id, checks the instance first', () => {
    const world = new CatalogWorld([
      ...['b', 'A'].map((name) => nodeRow(name)),
      ...['2', '1'].flatMap((id) => ['b', 'A'].map((node) => serviceRow(node, id, { service: 'web' }))),
      ...['z', 'y'].map((id) => checkRow('A', id, { serviceId: '1' })),
      checkRow('A', 'a'),
    ]);
    const { instances } = world.catalog.serviceView('web');
    expect(instances.map(({ node, service }) => `${node.node}/${service.id}`)).toEqual(['A/1', 'A/2', 'b/1', 'b/2']);
    expect(instances[0]?.checks.map((check) => check.checkId)).toEqual(['y', 'z', 'a']);
  });

  test('an instance shows once both it and its node are there, in any order', () => {
    const world = new CatalogWorld([checkRow('n1', 'c1', { serviceId: 'web', status: 'critical' })]);
    world.put(serviceRow('n1', 'web'));
    expect(world.catalog.hasService('web')).toBe(false);
    expect(world.catalog.service('n1', 'web')).toBeDefined();
    world.put(nodeRow('N1'));
    expect(world.catalog.serviceView('web').instances).toMatchObject([{ status: 'critical', node: { node: 'N1' } }]);
  });

  test('tags are the union over instances, of those nodes that are accepted', () => {
    const world = new CatalogWorld([
      nodeRow('n1', { meta: { rack: 'a' } }),
      nodeRow('n2'),
      serviceRow('n1', '1', { service: 'web', tags: ['x', 'x', 'y'] }),
      serviceRow('n2', '1', { service: 'Web', tags: ['z'] }),
      serviceRow('n2', '2', { service: 'db' }),
    ]);
    const all = [...world.catalog.serviceTags().value];
    expect(all).toEqual([
      ['web', ['x', 'y', 'z']],
      ['db', []],
    ]);
    const some = world.catalog.serviceTags((node) => node.meta?.['rack'] === 'a');
    expect([...some.value]).toEqual([['web', ['x', 'y']]]);
  });

  test('a node id finds its node, also while another takes it over', () => {
    const id = 'AAAAAAAA-0000-0000-0000-000000000000';
    const world = new CatalogWorld([nodeRow('old', { id })]);
    world.commit([put(nodeRow('new', { id })), remove('node', '', 'old')]);
    expect(world.catalog.nodeById(id.toLowerCase())?.node).toBe('new');
    world.put(nodeRow('new'));
    expect(world.catalog.nodeById(id)).toBeUndefined();
    expect(world.catalog.nodeById('')).toBeUndefined();
  });

  test('names of nothing special are names', () => {
    const name = '__proto__';
    const meta = Object.fromEntries([[name, name]]);
    const world = new CatalogWorld([
      nodeRow(name, { meta }),
      serviceRow(name, name, { tags: [name], meta }),
      checkRow(name, name, { serviceId: name }),
      kvRow(name, { session: name }),
    ]);
    const [instance] = world.catalog.serviceView(name).instances;
    expect(Object.entries(instance?.service.meta ?? {})).toEqual([[name, name]]);
    expect(Object.entries(instance?.node.meta ?? {})).toEqual([[name, name]]);
    expect(instance?.checks).toHaveLength(1);
    expect([...world.catalog.serviceTags().value]).toEqual([[name, [name]]]);
    expect(world.catalog.keysHeldBy(name)).toHaveLength(1);
    expect(world.catalog.config(name, name)).toBeUndefined();
    expect(world.catalog.serviceView('constructor').instances).toEqual([]);
  });
});

describe('waiting', () => {
  test('readers are woken after all of the set is applied', () => {
    const world = worldOfWeb();
    const seen: unknown[] = [];
    world.catalog.subscribe(topic.key('a'), () => seen.push(world.catalog.kv('b')?.modifyIndex, world.catalog.index));
    world.put(kvRow('a'), kvRow('b'));
    expect(seen).toEqual([12, 12]);
  });

  test('a snapshot wakes everybody', () => {
    const world = worldOfWeb();
    const wakes = [topic.service('x'), topic.keyPrefix('x'), topic.nodes].map((name) => {
      const wake = vi.fn<() => void>();
      world.catalog.subscribe(name, wake);
      return wake;
    });
    world.catalog.apply({ type: 'snapshot', index: 12, rows: [] });
    for (const wake of wakes) expect(wake).toHaveBeenCalledTimes(1);
  });

  test('reached resolves at its index, and is refused when the catalog ends first', async () => {
    const world = worldOfWeb();
    await world.catalog.reached(11);
    const order: number[] = [];
    const waits = [14, 12, 13].map(async (index) => {
      await world.catalog.reached(index);
      order.push(index);
    });
    const never = world.catalog.reached(99);
    world.catalog.apply({ type: 'changes', index: 13, changes: [] });
    world.catalog.apply({ type: 'changes', index: 15, changes: [] });
    await Promise.all(waits);
    expect(order).toEqual([12, 13, 14]);
    world.catalog.close();
    world.catalog.close();
    await expect(never).rejects.toSatisfy((error) => isDiscoveryError(error, 'CLOSED'));
    await expect(world.catalog.reached(99)).rejects.toSatisfy((error) => isDiscoveryError(error, 'CLOSED'));
    await world.catalog.reached(15);
  });

  test('10,000 waiters on one topic are all woken, once each', () => {
    const world = worldOfWeb();
    let woken = 0;
    const leave = Array.from({ length: 10_000 }, () => world.catalog.subscribe(topic.service('web'), () => woken++));
    world.put(checkRow('n1', 'c1', { serviceId: 'web-1', status: 'warning' }));
    expect(woken).toBe(10_000);
    for (const stop of leave) stop();
    world.put(checkRow('n1', 'c1', { serviceId: 'web-1' }));
    expect(woken).toBe(10_000);
  });
});

test('rows are gathered at one index: later changes do not show', () => {
  const world = worldOfWeb();
  const { index, rows } = world.catalog.rows();
  const before = rows.map((row) => ({ ...row }));
  world.put(nodeRow('n1', { address: '10.9.9.9' }));
  world.remove('service', 'web-1', 'n1');
  expect(index).toBe(11);
  expect(rows).toEqual(before);
  expect(rows.map((row) => refOf(row).kind).sort()).toEqual(['check', 'node', 'service']);
});

test('documents of sync are found by what their ids begin with, and nobody is woken by them or told of them', () => {
  const catalog = new Catalog({ datacenter: 'dc1' });
  catalog.apply({ type: 'snapshot', index: 1, rows: [] });
  let woken = 0;
  catalog.subscribe(topic.all, () => woken++);
  const changes = [document('stream/a', 1), document('stream/b'), document('member/a')];
  expect(catalog.apply({ type: 'changes', index: 2, changes })).toEqual([]);
  catalog.apply({ type: 'changes', index: 3, changes: [remove('sync', 'stream/b')] });
  expect([...catalog.documents('stream/')]).toMatchObject([{ id: 'stream/a', body: 1, createIndex: 2 }]);
  expect([...catalog.documents()]).toHaveLength(2);
  expect([catalog.rows().rows, catalog.index, woken]).toEqual([[], 3, 0]);
});

test('a copy of another agent’s order has its indexes, row by row and list by list', () => {
  const [home, copy] = [new Catalog({ datacenter: 'dc1' }), new Catalog({ datacenter: 'dc1' })];
  for (const catalog of [home, copy]) catalog.apply({ type: 'snapshot', index: 0, rows: [] });
  home.apply({ type: 'changes', index: 1, changes: [put(kvRow('a/1')), put(kvRow('b/1'))] });
  home.apply({ type: 'changes', index: 2, changes: [put(kvRow('b/1', { value: 'eA==' }))] });
  home.apply({ type: 'changes', index: 5, changes: [put(kvRow('b/2'))] });
  const at = (index: number, changes: readonly Change[]) =>
    copy.apply({ type: 'changes', index, changes, keepIndexes: true });
  at(2, home.kvUnder('').slice(0, 2).map(put));
  at(5, home.kvUnder('b/2').map(put));
  for (const prefix of ['', 'a/', 'b/', 'b/2']) expect(copy.kvList(prefix)).toEqual(home.kvList(prefix));
  for (const key of ['a/1', 'b/1', 'b/2']) expect(copy.kvAnswer(key)).toEqual(home.kvAnswer(key));
  expect(() => at(5, [put(kvRow('c'))])).toThrow('at index 5');
  at(5, [document('stream/home', 3)]);
  expect([copy.index, [...copy.documents()].length]).toEqual([5, 1]);
});
