import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Change, Row, ServiceRow } from '../model/index.js';
import { put, refOf, remove } from '../model/index.js';
import type { LocalSet, Merge } from '../sync/index.js';
import { checkRow, nodeRow, serviceRow } from '../testing/catalog-world.js';
import { FakeClock, settle } from '../testing/fake-clock.js';
import { startedRegistry, TEST_NODE } from '../testing/started-registry.js';
import { syncDocument } from '../testing/store-suite.js';
import { copyOf, temporaryDirectory } from '../testing/store-tools.js';
import { createRegistry } from './index.js';

const OTHER = '22222222-2222-4222-8222-222222222222';
const THIRD = '33333333-3333-4333-8333-333333333333';
const KV = { key: 'k', value: 'dg==', flags: 0n, mode: { type: 'set' } } as const;

function theirs<R extends Row>(row: R): R {
  return { ...row, origin: OTHER, hlc: 7 };
}

function merge(changes: readonly Change[], durability: Merge['durability'] = 'lazy'): Merge {
  return { target: { type: 'local' }, changes, durability };
}

/** Another agent's node with an instance, as it tells of them. */
const node2 = theirs(nodeRow('n2', { address: '10.0.0.2' }));
const web2 = theirs(serviceRow('n2', 'web', { service: 'web' }));
const alive2 = theirs(checkRow('n2', 'serfHealth'));
const check2 = theirs(checkRow('n2', 'c', { serviceId: 'web', serviceName: 'web' }));
const rowsOf2 = [node2, web2, alive2, check2];

async function started(...options: Parameters<typeof startedRegistry>) {
  const at = await startedRegistry(...options);
  const host = at.registry.syncHost;
  const sets: LocalSet[] = [];
  host.onLocal((set) => sets.push(set));
  return Object.assign(at, { host, sets });
}

/** What was told, as `kind ref+` for a row there, `kind ref-` for one that went. */
function said(sets: readonly LocalSet[]): readonly string[] {
  return sets.map(({ kind, changes }) =>
    [kind, ...changes.map(({ ref, after }) => `${ref.kind}:${ref.node}/${ref.id}${after ? '+' : '-'}`)].join(' '),
  );
}

describe('what is merged', () => {
  test('is shown as it is, with its owner and clock, and told to nobody as ours', async () => {
    await using at = await started();
    await at.host.merge(merge([...rowsOf2.map(put), put(syncDocument(`stream/${OTHER}`, { ver: 4 }))]));
    expect(at.catalog.service('n2', 'web')).toMatchObject({ origin: OTHER, hlc: 7, modifyIndex: at.catalog.index });
    expect(at.catalog.serviceView('web').instances).toMatchObject([{ status: 'passing', node: { node: 'n2' } }]);
    await at.host.merge(merge([remove('service', 'web', 'n2'), remove('check', 'c', 'n2')]));
    expect(at.catalog.hasService('web')).toBe(false);
    await at.host.merge(merge([put({ ...alive2, status: 'critical' })], 'volatile'));
    expect(at.catalog.check('n2', 'serfHealth')?.status).toBe('critical');
    expect(at.sets).toEqual([]);
    const [local] = at.host.held();
    expect(local?.target).toEqual({ type: 'local' });
    expect([...(local?.documents ?? [])]).toMatchObject([{ id: `stream/${OTHER}`, body: { ver: 4 } }]);
    expect([...(local?.rows ?? [])].map((row) => refOf(row)).filter((ref) => ref.node === 'n2')).toHaveLength(2);
  });

  test('is in the order of commands, which see it before it is on disk', async () => {
    await using at = await started();
    at.store.lag();
    const registered = at.registry.registerCatalog({ Node: 'n2', Address: '10.0.0.9' });
    const merged = at.host.merge(merge([put(node2)]));
    const deregistered = at.registry.deregisterCatalog({ Node: 'n2' });
    at.store.catchUp();
    await Promise.all([registered, merged, deregistered]);
    expect(at.catalog.node('n2')).toBeUndefined();
    expect(said(at.sets)).toEqual(['catalog node:n2/+', 'catalog node:n2/-']);
    expect(at.sets[1]?.changes[0]?.before).toMatchObject({ origin: OTHER });
  });

  test('of a name that no key can hold is refused, and nothing else is', async () => {
    await using at = await started();
    await expect(at.host.merge(merge([put({ ...node2, node: 'a\u0000b' })]))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    await at.host.merge(merge([put(node2)]));
    expect(at.catalog.node('n2')).toBeDefined();
  });
});

/** A session on the other agent's node that holds a lock. */
async function lockedBy(at: Awaited<ReturnType<typeof started>>, body = {}) {
  await at.host.merge(merge(rowsOf2.map(put)));
  const id = await at.registry.createSession({ Node: 'n2', LockDelay: '15s', ...body });
  await at.registry.kvPut({ ...KV, mode: { type: 'acquire', session: id } });
  at.sets.length = 0;
  return id;
}

describe('sessions at their home end with what is merged', () => {
  test.each<[string, readonly Change[], object]>([
    ['its check turns critical', [put({ ...check2, status: 'critical' })], { NodeChecks: ['c'] }],
    ['its check goes', [remove('check', 'c', 'n2')], { NodeChecks: ['c'] }],
    ['its node goes', [remove('node', '', 'n2')], { NodeChecks: [] }],
  ])('when %s: for good, told as state, its keys under lock delay', async (_, changes, body) => {
    await using at = await started();
    const id = await lockedBy(at, body);
    const { index } = at.catalog;
    await at.host.merge(merge(changes));
    expect([at.catalog.session(id), at.catalog.kv('k')?.session, at.catalog.index]).toEqual([undefined, '', index + 1]);
    expect(said(at.sets)).toEqual([`state session:/${id}- kv:/k+`]);
    const other = await at.registry.createSession({});
    expect(await at.registry.kvPut({ ...KV, mode: { type: 'acquire', session: other } })).toBe(false);
  });

  test('when its node is held dead: the view is not written, the end of the session is', async () => {
    await using at = await started();
    const id = await lockedBy(at);
    const commits: unknown[] = [];
    const commit = at.store.commit.bind(at.store);
    at.store.commit = (changes, options) => {
      commits.push([changes.length, options?.durability ?? 'synced']);
      return commit(changes, options);
    };
    await at.host.merge(
      merge([put({ ...alive2, status: 'critical', output: 'Agent not live or unreachable' })], 'volatile'),
    );
    expect(at.catalog.session(id)).toBeUndefined();
    expect(commits).toEqual([
      [1, 'volatile'],
      [2, 'synced'],
    ]);
    expect(said(at.sets)).toEqual([`state session:/${id}- kv:/k+`]);
  });

  test('and not otherwise', async () => {
    await using at = await started();
    const id = await lockedBy(at, { NodeChecks: ['c'] });
    await at.host.merge(merge([put({ ...check2, status: 'warning' }), put({ ...alive2, status: 'critical' })]));
    expect(at.catalog.session(id)).toBeDefined();
    expect(at.sets).toEqual([]);
  });
});

describe('what commands change is told', () => {
  test('in order, in the turn in which the catalog shows it, by kind', async () => {
    await using at = await started();
    const seen: boolean[] = [];
    at.host.onLocal(({ index, space }) => seen.push(index === at.catalog.index && space === at.registry.indexSpace));
    await at.registry.registerService({ Name: 'web', Check: { TTL: '1h', Status: 'passing' } });
    await at.registry.kvPut(KV);
    const id = await at.registry.createSession({ Checks: ['service:web'] });
    await at.registry.updateTtl('service:web', 'critical', '');
    await at.registry.deregisterService('web');
    expect(said(at.sets)).toEqual([
      'catalog service:n1/web+ check:n1/service:web+',
      'state kv:/k+',
      `state session:/${id}+`,
      'catalog check:n1/service:web+',
      `state session:/${id}-`,
      'catalog service:n1/web- check:n1/service:web-',
    ]);
    expect(seen).toEqual(seen.map(() => true));
    expect(at.sets[3]?.changes[0]).toMatchObject({ before: { status: 'passing' }, after: { status: 'critical' } });
    expect(at.sets[3]?.index).toBe(at.sets[4]?.index);
  });

  test('but for what changes nothing, and after the listener left', async () => {
    await using at = await started();
    const more: LocalSet[] = [];
    const stop = at.host.onLocal((set) => more.push(set));
    await at.registry.registerService({ Name: 'web' });
    await at.registry.registerService({ Name: 'web' });
    stop();
    await at.registry.kvPut(KV);
    expect([more.length, at.sets.length]).toEqual([1, 2]);
  });
});

describe('rows of other agents', () => {
  const external = { Node: 'far', Address: '1.1.1.1', Service: { Service: 'db' } };
  const far = theirs(nodeRow('far', { address: '1.1.1.1' }));
  const db = theirs(serviceRow('far', 'db', { service: 'db' }));

  test('are taken over by a repeated registration when nobody speaks for them any more', async () => {
    await using at = await started();
    at.host.judgeOrigins((origin) => origin === OTHER);
    await at.host.merge(merge([far, db].map(put)));
    await at.registry.registerCatalog(external);
    expect([at.catalog.node('far')?.origin, at.sets]).toEqual([OTHER, []]);
    at.host.judgeOrigins(() => false);
    await at.registry.registerCatalog(external);
    expect(said(at.sets)).toEqual(['catalog node:far/+ service:far/db+']);
    const { before, after } = at.sets[0]?.changes[1] ?? {};
    expect([before, after]).toMatchObject([{ origin: OTHER, hlc: 7 }, { origin: TEST_NODE.id }]);
    expect((after as ServiceRow).hlc).toBeGreaterThan(7);
    const { index } = at.catalog;
    await at.registry.registerCatalog(external);
    expect(at.catalog.index).toBe(index);
  });

  test('are held to be spoken for by everybody that was ever known, until sync says who lives', async () => {
    await using at = await started();
    await at.host.merge(merge([...[far, db].map(put), put(syncDocument(`member/${OTHER}`, {}))]));
    await at.registry.registerCatalog(external);
    expect(at.catalog.node('far')?.origin).toBe(OTHER);
    await at.host.merge(merge([remove('sync', `member/${OTHER}`)]));
    await at.registry.registerCatalog(external);
    expect(at.catalog.node('far')?.origin).toBe(TEST_NODE.id);
  });

  test('are ours when a transaction repeats them, too', async () => {
    await using at = await started();
    await at.host.merge(merge([far, db].map(put)));
    const set = { Verb: 'set', Node: 'far', Service: { Service: 'db' } };
    await at.registry.transaction([{ Service: set }]);
    expect(at.catalog.service('far', 'db')?.origin).toBe(TEST_NODE.id);
  });

  test('stay known, hidden, in the commit that takes them over, and so does what deletes them', async () => {
    await using at = await started();
    const check = theirs(checkRow('far', 'c', { serviceId: 'db', serviceName: 'db' }));
    const position = put(syncDocument(`stream/${OTHER}`, { inc: 1, ver: 3 }));
    await at.host.merge(merge([...[far, db, check].map(put), position]));
    await at.registry.deregisterCatalog({ Node: 'far', ServiceID: 'db' });
    await at.registry.registerCatalog({ Node: 'far', Address: '2.2.2.2' });
    const documents = [...(at.host.held()[0]?.documents ?? [])].filter(({ id }) => id.startsWith('shadow/'));
    expect(documents.map(({ id }) => id.replaceAll('\0', ' ')).toSorted()).toEqual([
      `shadow/${TEST_NODE.id}/check far c`,
      `shadow/${TEST_NODE.id}/service far db`,
      `shadow/${OTHER}/check far c`,
      `shadow/${OTHER}/node far `,
      `shadow/${OTHER}/service far db`,
    ]);
    const ours = documents.find(({ id }) => id.includes(`${TEST_NODE.id}/check`));
    // Later than the service that the check belonged to.
    expect(ours?.body).toMatchObject({ origin: TEST_NODE.id, hlc: 8, row: null });
  });

  test('do not become a mixture with ours: checks follow their service to its new owner', async () => {
    await using at = await started();
    const check = theirs(checkRow('far', 'c', { serviceId: 'db', serviceName: 'db' }));
    await at.host.merge(merge([far, db, check].map(put)));
    await at.registry.registerCatalog({ Node: 'far', SkipNodeUpdate: true, Service: { Service: 'db', Tags: ['v2'] } });
    expect(at.catalog.check('far', 'c')).toMatchObject({ origin: TEST_NODE.id, serviceTags: ['v2'] });
  });

  test('are left to their owners by a deregistration, and go when nobody speaks for them', async () => {
    await using at = await started();
    at.host.judgeOrigins((origin) => origin === OTHER);
    await at.registry.registerCatalog({
      Node: 'far',
      Address: '1.1.1.1',
      Service: { Service: 'ours' },
      Check: { CheckID: 'x', ServiceID: 'ours', Status: 'passing' },
    });
    const [checkOnOurs, checkOnDb] = [theirs(checkRow('far', 'y', { serviceId: 'ours' })), checkRow('far', 'z')];
    const orphan = { ...serviceRow('far', 'orphan'), origin: THIRD };
    await at.host.merge(merge([db, checkOnOurs, orphan, theirs({ ...checkOnDb, serviceId: 'db' })].map(put)));
    at.sets.length = 0;
    await at.registry.deregisterCatalog({ Node: 'far', ServiceID: 'ours' });
    await at.registry.deregisterCatalog({ Node: 'far', ServiceID: 'db' });
    await at.registry.deregisterCatalog({ Node: 'far', CheckID: 'z' });
    await at.registry.deregisterCatalog({ Node: 'far' });
    expect(said(at.sets)).toEqual(['catalog check:far/x- service:far/ours-', 'catalog service:far/orphan- node:far/-']);
    at.host.judgeOrigins(() => false);
    await at.registry.deregisterCatalog({ Node: 'far' });
    expect(said(at.sets).at(-1)).toBe('catalog check:far/y- check:far/z- service:far/db-');
  });

  test('under our own node’s name are left alone while their owner lives, and removed when nobody speaks for them', async () => {
    await using at = await started();
    at.host.judgeOrigins((origin) => origin === OTHER);
    const rows = [serviceRow('n1', 'x'), checkRow('n1', 'y')].map(theirs);
    const orphan = { ...serviceRow('n1', 'z'), origin: THIRD };
    await at.host.merge(merge([...rows, orphan].map(put)));
    await at.registry.reconcile();
    expect([at.catalog.service('n1', 'x'), at.catalog.check('n1', 'y')]).toMatchObject([{}, {}]);
    expect(at.catalog.service('n1', 'z')).toBeUndefined();
    expect(said(at.sets)).toEqual(['catalog service:n1/z-']);
  });
});

describe('rows of our own node', () => {
  test('that another agent wrote are said again by the comparison', async () => {
    await using at = await started();
    await at.registry.registerService({ Name: 'web', Port: 1 });
    const row = at.catalog.service('n1', 'web') as ServiceRow;
    await at.host.merge(merge([put(theirs(row))]));
    at.sets.length = 0;
    await at.registry.reconcile();
    expect(said(at.sets)).toEqual(['catalog service:n1/web+']);
    expect(at.catalog.service('n1', 'web')).toMatchObject({ origin: TEST_NODE.id, port: 1 });
    const { index } = at.catalog;
    await at.registry.reconcile();
    expect(at.catalog.index).toBe(index);
  });

  test('are said again under a larger clock when they are reclaimed, whatever the catalog shows', async () => {
    await using at = await started();
    await at.registry.registerService({ Name: 'web', Check: { TTL: '1h' } });
    const row = at.catalog.service('n1', 'web') as ServiceRow;
    const heard = (row.hlc ?? 0) + 1000;
    at.host.clock.observe(heard, at.clock.wall());
    await at.host.reclaim(refOf(row));
    expect(at.catalog.service('n1', 'web')?.hlc).toBe(heard + 1);
    await at.host.reclaim(remove('check', 'service:web', 'n1').ref);
    await at.host.reclaim(remove('check', 'serfHealth', 'n1').ref);
    await at.host.reclaim(remove('node', '', 'n1').ref);
    await at.host.merge(merge([remove('service', 'web', 'n1')]));
    await at.host.reclaim(refOf(row));
    await at.host.reclaim(remove('service', 'unknown', 'n1').ref);
    expect(said(at.sets).slice(1)).toEqual([
      'catalog service:n1/web+',
      'catalog check:n1/service:web+',
      'catalog check:n1/serfHealth+',
      'catalog node:n1/+',
      'catalog service:n1/web+',
    ]);
  });
});

test('an event is kept when an agent is meant, though it is another one', async () => {
  await using at = await started();
  await at.host.merge(merge([put({ ...node2, id: OTHER }), put({ ...web2, tags: ['v1'] })]));
  const event = { name: 'deploy', payload: '', node: '', service: '', tag: '' };
  await at.registry.fireEvent({ ...event, node: '^n2$' });
  await at.registry.fireEvent({ ...event, service: '^web$', tag: 'v1' });
  await at.registry.fireEvent({ ...event, node: '^n3$' });
  await at.registry.fireEvent({ ...event, service: '^web$', tag: 'v2' });
  expect(at.catalog.events().map(({ nodeFilter, tagFilter }) => [nodeFilter, tagFilter])).toEqual([
    ['^n2$', ''],
    ['', 'v1'],
  ]);
});

describe('a row of ours that lost', () => {
  const external = { Node: 'far', Address: '1.1.1.1', Service: { Service: 'db' } };
  const ref = remove('service', 'db', 'far').ref;

  test('goes by itself', async () => {
    await using at = await started();
    await at.registry.registerCatalog(external);
    await at.host.yieldRow(ref);
    expect([at.catalog.service('far', 'db'), at.catalog.node('far')]).toMatchObject([undefined, {}]);
    expect(said(at.sets).slice(1)).toEqual(['catalog service:far/db-']);
    expect(at.sets[1]?.changes[0]?.before).toMatchObject({ origin: TEST_NODE.id });
  });

  test('is told as gone when the winner stands in its place, after every command before', async () => {
    await using at = await started();
    await at.registry.registerCatalog(external);
    await at.host.merge(merge([put(theirs(serviceRow('far', 'db', { service: 'db' })))]));
    at.sets.length = 0;
    at.store.lag();
    const write = at.registry.kvPut(KV);
    const yielded = at.host.yieldRow(ref);
    await settle();
    expect(at.sets).toEqual([]);
    at.store.catchUp();
    await Promise.all([write, yielded]);
    expect(said(at.sets)).toEqual(['state kv:/k+', 'catalog service:far/db-']);
    expect(at.sets[1]?.changes[0]).toEqual({ ref });
    expect(at.catalog.service('far', 'db')?.origin).toBe(OTHER);
  });
});

function opened(dataDir: string) {
  // Its time stands still, so nothing is written while a directory is copied.
  return createRegistry({ dataDir, node: { name: 'n1' }, clock: new FakeClock() });
}

test('whenever the process dies, rows and the document that came with them are of one merge afterwards', async () => {
  const { path, remove: cleanUp } = await temporaryDirectory();
  try {
    const registry = await opened(join(path, 'live'));
    let written = 0;
    for (let ver = 1; ver <= 24; ver++) {
      const changes = [put({ ...web2, port: ver }), put(syncDocument(`stream/${OTHER}`, { ver }))];
      await registry.syncHost.merge(merge(changes));
      await registry.syncHost.merge(merge([put({ ...web2, port: 0 })], 'volatile'));
      if (ver % 4 === 0) {
        await registry.kvPut({ ...KV, key: `k${ver}` });
        written = ver;
      }
      if (ver % 3 !== 0) continue;
      const dead = join(path, `dead-${ver}`);
      await copyOf(join(path, 'live'), dead);
      const again = await opened(dead);
      const [document] = again.catalog.documents('stream/');
      expect([document?.body ?? { ver: 0 }, again.catalog.service('n2', 'web')?.port ?? 0]).toEqual([
        { ver: written },
        written,
      ]);
      await again.close();
    }
    await registry.close();
  } finally {
    await cleanUp();
  }
});
