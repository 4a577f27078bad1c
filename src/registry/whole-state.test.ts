import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Change, Row } from '../model/index.js';
import { put, remove } from '../model/index.js';
import type { LocalSet } from '../sync/index.js';
import { nodeRow, serviceRow } from '../testing/catalog-world.js';
import { startedRegistry, TEST_NODE } from '../testing/started-registry.js';
import { syncDocument } from '../testing/store-suite.js';
import { createRegistry } from './index.js';

const KV = { key: 'k', value: 'dg==', flags: 1n, mode: { type: 'set' } } as const;
const CHECK = { TTL: '10s', Status: 'passing' };

test('an archive of this node brings everything back, definitions and their checks included', async () => {
  await using at = await startedRegistry();
  await at.registry.registerService({ Name: 'web', Check: CHECK });
  await at.registry.kvPut(KV);
  await at.registry.registerCatalog({ Node: 'far', Address: '1.1.1.1', Service: { Service: 'db' } });
  const { rows } = at.registry.snapshot();
  const space = at.registry.indexSpace;
  const { index } = at.catalog;
  await at.registry.deregisterService('web');
  await at.registry.registerService({ Name: 'later', Check: CHECK });
  await at.registry.kvDelete({ key: '', mode: { type: 'prefix' } });
  await at.registry.deregisterCatalog({ Node: 'far' });

  await at.registry.restore(rows);
  expect([...at.registry.localServices().keys()]).toEqual(['web']);
  expect(at.catalog.serviceView('web').instances).toMatchObject([{ status: 'passing' }]);
  expect([at.catalog.hasService('later'), at.catalog.hasService('db')]).toEqual([false, true]);
  expect(at.catalog.kv('k')).toMatchObject({ value: 'dg==', flags: 1n });
  expect(at.catalog.index).toBeGreaterThan(index);
  expect(at.registry.indexSpace).not.toBe(space);
  await at.clock.advance(10_000);
  expect(at.catalog.check('n1', 'service:web')).toMatchObject({ status: 'critical', output: 'TTL expired' });
});

test('an archive of another node brings its catalog, and leaves our definitions alone', async () => {
  await using other = await startedRegistry({ node: { name: 'other', address: '10.0.0.2' } });
  await other.registry.registerService({ Name: 'theirs', Check: CHECK });
  await other.registry.kvPut(KV);

  await using at = await startedRegistry();
  await at.registry.registerService({ Name: 'ours', Check: CHECK });
  await at.registry.restore(other.registry.snapshot().rows);
  expect([...at.registry.localServices().keys()]).toEqual(['ours']);
  expect(at.catalog.serviceView('ours').instances).toMatchObject([{ node: { node: 'n1' }, status: 'passing' }]);
  expect(at.catalog.serviceView('theirs').instances).toMatchObject([{ node: { node: 'other' } }]);
  expect(at.catalog.node('n1')).toMatchObject({ id: TEST_NODE.id });
  expect(at.catalog.kv('k')).toBeDefined();
});

describe('among agents that live', () => {
  const OTHER = '22222222-2222-4222-8222-222222222222';
  const theirs = { origin: OTHER, hlc: 7 };

  test('a restore leaves alone what others say, and takes over what nobody says any more', async () => {
    await using at = await startedRegistry();
    const { syncHost } = at.registry;
    const target = { type: 'local' } as const;
    const merge = (changes: readonly Change[]) => syncHost.merge({ target, changes, durability: 'lazy' });
    const orphan = nodeRow('orphan', { origin: '33333333-3333-4333-8333-333333333333' });
    await at.registry.registerCatalog({ Node: 'mine', Address: '1.1.1.1' });
    await merge([nodeRow('n2', theirs), serviceRow('n2', 'then', theirs), orphan].map(put));
    const { rows } = at.registry.snapshot();
    await merge([put(serviceRow('n2', 'now', theirs)), remove('service', 'then', 'n2'), remove('node', '', 'mine')]);
    await merge([put(nodeRow('mine', { ...theirs, address: '2.2.2.2' })), put({ ...orphan, address: '9.9.9.9' })]);
    syncHost.judgeOrigins((origin) => origin === OTHER);

    const told: LocalSet[] = [];
    syncHost.onLocal((set) => told.push(set));
    await at.registry.restore([...rows, syncDocument('stream/x', 1)]);
    expect([...at.catalog.servicesOf('n2')]).toMatchObject([{ id: 'now', ...theirs }]);
    expect(at.catalog.node('mine')).toMatchObject({ address: '2.2.2.2', origin: OTHER });
    expect(at.catalog.node('orphan')).toMatchObject({ address: '10.0.0.1', origin: TEST_NODE.id });
    expect([...at.catalog.documents()]).toEqual([]);
    expect(told.flatMap(({ changes }) => changes.map(({ ref }) => ref.node))).toEqual(['orphan']);
    expect(told[0]?.space).toBe(at.registry.indexSpace);
  });

  test('an archive that another agent made does not bring its definitions, though our node is in it', async () => {
    await using other = await startedRegistry({ node: { name: 'n2', address: '10.0.0.2' } });
    await other.registry.registerService({ Name: 'theirs', Check: CHECK });
    await using at = await startedRegistry();
    await at.registry.registerService({ Name: 'ours' });
    const rows = [...other.registry.snapshot().rows, ...at.catalog.servicesOf('n1'), at.catalog.node('n1')];
    await at.registry.restore(rows as Row[], undefined, 'n2');
    expect([...at.registry.localServices().keys()]).toEqual(['ours']);
    expect(at.catalog.serviceView('theirs').instances).toMatchObject([{ service: { origin: TEST_NODE.id } }]);
  });
});

test('a registry over a data dir is the same node with the same state when opened again', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'registry-'));
  try {
    const first = await createRegistry({ dataDir, node: { name: 'n1' } });
    await first.registerService({ Name: 'web', Port: 80, Check: { TTL: '1h' } });
    await first.updateTtl('service:web', 'passing', 'well');
    const { nodeId } = first;
    const { index } = first.catalog;
    await first.close();

    await using again = await createRegistry({ dataDir, node: { name: 'n1' } });
    expect([again.nodeId, again.catalog.index >= index]).toEqual([nodeId, true]);
    expect(again.localCheck('service:web')).toMatchObject({ status: 'passing', output: 'well' });
    expect(again.catalog.serviceView('web').instances).toMatchObject([{ service: { port: 80 }, status: 'passing' }]);
  } finally {
    await rm(dataDir, { recursive: true });
  }
});

test('instances are found by what they say about themselves', async () => {
  await using at = await startedRegistry({ registrationPolicy: { privateMetaKeys: ['cost'] } });
  await at.registry.registerService({ ID: 'a', Name: 'web', Meta: { version: '1.2.0', cost: '9' } });
  await at.registry.registerService({ ID: 'b', Name: 'db', Meta: { version: '2.0.0' } });
  const found = at.registry.findInstances('version == "1.2.0"');
  expect(found.map(({ service }) => service.id)).toEqual(['a']);
  expect(at.registry.findInstances({ field: 'version', semver: '>=2' })).toHaveLength(1);
  expect(at.registry.explainSearch({ field: 'version', equals: '1.2.0' })).toMatchObject({ plan: 'index', results: 1 });
  const costly = { field: 'cost', equals: '9' };
  expect(() => at.registry.findInstances(costly)).toThrow();
  expect(() => at.registry.explainSearch(costly)).toThrow();
  expect(at.registry.findInstances(costly, { includePrivate: true })).toHaveLength(1);
  expect(at.registry.explainSearch(costly, { includePrivate: true })).toMatchObject({ results: 1 });
});

test('user events reach an agent that matches, and are kept up to the bound', async () => {
  await using at = await startedRegistry();
  await at.registry.registerService({ Name: 'web', Tags: ['v1'] });
  const event = { name: 'deploy', payload: '', node: '', service: '', tag: '' };
  await at.registry.fireEvent({ ...event, service: '^we', tag: 'v1' });
  await at.registry.fireEvent({ ...event, name: 'unseen', node: 'nobody' });
  await at.registry.fireEvent({ ...event, name: 'unseen', service: 'web', tag: 'v2' });
  expect(at.catalog.events().map(({ name, ltime }) => [name, ltime])).toEqual([['deploy', 1]]);
  for (let n = 0; n < 260; n++) await at.registry.fireEvent({ ...event, name: `e${n}` });
  const ring = at.catalog.events();
  expect([ring.length, ring[0]?.name, ring.at(-1)?.name]).toEqual([256, 'e4', 'e259']);
  await expect(at.registry.fireEvent({ ...event, node: '[' })).rejects.toThrow(/^Invalid node filter: /);
  await expect(at.registry.fireEvent({ ...event, tag: 'x' })).rejects.toThrow(
    'Cannot provide tag filter without service filter',
  );
  const payload = Buffer.alloc(600).toString('base64');
  await expect(at.registry.fireEvent({ ...event, payload })).rejects.toThrow(/exceeds configured limit of 512 bytes/);
});

test('prepared queries are written and executed', async () => {
  await using at = await startedRegistry();
  await at.registry.registerService({ Name: 'web', Check: CHECK });
  const id = await at.registry.createQuery({ Name: 'q', Service: { Service: 'web' } });
  expect(at.registry.executeQuery('q').nodes).toHaveLength(1);
  expect(at.registry.explainQuery(id)).toMatchObject({ name: 'q' });
  await at.registry.updateQuery(id, { Name: 'q', Service: { Service: 'none' } });
  expect(at.registry.executeQuery('q').nodes).toEqual([]);
  await at.registry.deleteQuery(id);
  expect(() => at.registry.executeQuery('q')).toThrow('Query not found');
});

test('small documents are written with or without a condition', async () => {
  await using at = await startedRegistry();
  expect(await at.registry.putConfig('autopilot', '', { a: 1 }, 5)).toBe(false);
  expect(await at.registry.putConfig('autopilot', '', { a: 1 })).toBe(true);
  const row = at.catalog.config('autopilot', '');
  expect(await at.registry.putConfig('autopilot', '', { a: 2 }, row?.modifyIndex)).toBe(true);
  expect(at.catalog.config('autopilot', '')?.body).toEqual({ a: 2 });
});
