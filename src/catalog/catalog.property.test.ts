/** The catalog against a naive one that recomputes every read from all rows, over random change sets in any order. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { put, remove, topic } from '../model/index.js';
import type { Change, CheckDefinition, LocalCheckRow, Row, StateReader, Topic } from '../model/index.js';
import { checkRow, nodeRow, queryRow, serviceRow, sessionRow } from '../testing/catalog-world.js';
import { NaiveCatalog } from '../testing/naive-catalog.js';
import { Catalog, Head } from './index.js';

const NODES = ['n1', 'N1', 'n2', '__proto__', 'constructor'];
const SERVICES = ['web', 'Web', 'db', '__proto__', 'toString'];
const IDS = ['a', 'b', '__proto__'];
const CHECKS = ['c1', 'c2', '_node_maintenance', '__proto__'];
const KEYS = ['a', 'a/b', 'a/c', 'ab', '__proto__', '\u00ff', '\u0000'];
const PREFIXES = ['', 'a', 'a/', '__proto__', 'z', '\u00ff'];

const anyNode = fc.constantFrom(...NODES);
const anyId = fc.constantFrom(...IDS);
const anyTags = fc.array(fc.constantFrom('v1', 'v2', '__proto__', '1:a', 'a'), { maxLength: 3 });
const anyMeta = fc.option(
  fc.dictionary(fc.constantFrom('k', 'region', '__proto__'), fc.constantFrom('', 'x', '__proto__')),
);

function localCheckRow(fields: { checkId: string; serviceId: string }): LocalCheckRow {
  const definition: CheckDefinition = {
    ...({ type: 'ttl', target: '', intervalMs: 0, timeoutMs: 0, ttlMs: 10_000, method: '', header: null } as const),
    ...{
      body: '',
      disableRedirects: false,
      tlsServerName: '',
      tlsSkipVerify: false,
      useTls: false,
      args: [],
      shell: '',
    },
    ...{ aliasNode: '', successBeforePassing: 0, failuresBeforeWarning: 0, failuresBeforeCritical: 0 },
    ...{ deregisterCriticalServiceAfterMs: 0, outputMaxSizeBytes: 4096, runner: '' },
  };
  const shown = { name: 'check', notes: '', interval: '', timeout: '', token: '', fromConfig: false };
  return { kind: 'local-check', ...fields, ...shown, definition, createIndex: 0, modifyIndex: 0 };
}

const anyRow: fc.Arbitrary<Row> = fc.oneof(
  fc
    .record({
      node: anyNode,
      address: fc.constantFrom('', '10.0.0.1', '10.0.0.2'),
      meta: anyMeta,
      id: fc.constantFrom('', 'AB', 'cd'),
    })
    .map(({ node, ...fields }) => nodeRow(node, fields)),
  fc
    .record({ node: anyNode, id: anyId, service: fc.constantFrom(...SERVICES), tags: anyTags, meta: anyMeta })
    .map(({ node, id, ...fields }) => serviceRow(node, id, fields)),
  fc
    .record({
      node: anyNode,
      id: fc.constantFrom(...CHECKS),
      serviceId: fc.constantFrom('', ...IDS),
      status: fc.constantFrom('passing', 'warning', 'critical', 'odd'),
    })
    .map(({ node, id, ...fields }) => checkRow(node, id, fields)),
  fc
    .record({
      key: fc.constantFrom(...KEYS),
      value: fc.constantFrom('', 'eA=='),
      session: fc.constantFrom('', 's1', 's2'),
    })
    .map((fields) => ({ kind: 'kv', flags: 0n, lockIndex: 0, createIndex: 0, modifyIndex: 0, ...fields }) as const),
  fc.record({ id: fc.constantFrom('s1', 's2'), node: anyNode }).map(({ id, node }) => sessionRow(id, { node })),
  fc.constantFrom('q1', '__proto__').map((id) => queryRow(id)),
  fc.nat(3).map((ltime) => ({
    ...({ kind: 'event', id: 'e', name: 'x', payload: '', nodeFilter: '', serviceFilter: '', tagFilter: '' } as const),
    ...{ ltime, createIndex: 0, modifyIndex: 0 },
  })),
  fc.constantFrom('x', '__proto__').map((name) => ({
    ...({ kind: 'config', configKind: 'kind', body: null } as const),
    ...{ name, createIndex: 0, modifyIndex: 0 },
  })),
  anyId.map((id) => {
    const { node: _, datacenter: __, origin: ___, ...fields } = serviceRow('n1', id);
    return { ...fields, kind: 'local-service', token: '', fromConfig: false } as const;
  }),
  fc.record({ checkId: fc.constantFrom(...CHECKS), serviceId: fc.constantFrom('', ...IDS) }).map(localCheckRow),
);

const anyDelete: fc.Arbitrary<Change> = fc.oneof(
  anyNode.map((node) => remove('node', '', node)),
  fc.tuple(anyNode, anyId).map(([node, id]) => remove('service', id, node)),
  fc.tuple(anyNode, fc.constantFrom(...CHECKS)).map(([node, id]) => remove('check', id, node)),
  fc.constantFrom(...KEYS).map((key) => remove('kv', key)),
  fc.constantFrom('s1', 's2').map((id) => remove('session', id)),
  fc.constantFrom('q1', '__proto__').map((id) => remove('query', id)),
  anyId.map((id) => remove('local-service', id)),
  fc.constantFrom(...CHECKS).map((id) => remove('local-check', id)),
);

const anyChange = fc.oneof({ weight: 3, arbitrary: anyRow.map(put) }, { weight: 2, arbitrary: anyDelete });
const anySet = fc.array(anyChange, { minLength: 1, maxLength: 4 });
const anyStep = fc.oneof(
  { weight: 12, arbitrary: anySet.map((changes) => ({ type: 'changes', changes }) as const) },
  { weight: 1, arbitrary: fc.constant({ type: 'prune' } as const) },
  { weight: 1, arbitrary: fc.constant({ type: 'snapshot' } as const) },
  {
    weight: 1,
    arbitrary: anyRow.map((row) => ({ type: 'restore', row: { ...row, createIndex: 1, modifyIndex: 2 } }) as const),
  },
);
const anyHistory = fc.array(anyStep, { minLength: 1, maxLength: 20 });

const TOPICS: readonly Topic[] = [
  ...[topic.nodes, topic.services, topic.checks, topic.sessions, topic.queries, topic.events, topic.configs, topic.all],
  ...NODES.map(topic.node),
  ...[...SERVICES, 'absent'].map(topic.service),
  ...KEYS.map(topic.key),
  ...PREFIXES.map(topic.keyPrefix),
  ...IDS.map(topic.local),
].filter((name, at, all) => all.indexOf(name) === at);

/** Every read that has an index, by a name. */
function indexesOf(catalog: Catalog): Map<string, number> {
  const { index } = catalog;
  expect(index).toBeGreaterThan(0);
  return new Map<string, number>([
    ...[...SERVICES, 'absent'].map((name) => [`service ${name}`, catalog.serviceView(name).index] as const),
    ...[...SERVICES, 'absent'].map((name) => [`checks of ${name}`, catalog.serviceChecks(name).index] as const),
    ...NODES.map((name) => [`node ${name}`, catalog.nodeView(name).index] as const),
    ...NODES.map((name) => [`checks on ${name}`, catalog.nodeChecks(name).index] as const),
    ...KEYS.map((key) => [`key ${key}`, catalog.kvAnswer(key).index] as const),
    ...PREFIXES.map((prefix) => [`prefix ${prefix}`, catalog.kvList(prefix).index] as const),
    ['nodes', catalog.allNodes().index],
    ['services', catalog.serviceTags().index],
    ['state', catalog.checksInState('critical').index],
    ['sessions', catalog.sessionsAnswer().index],
    ['queries', catalog.queriesAnswer().index],
    ['configs', catalog.configsAnswer().index],
  ]);
}

/** Which topics the changes touch, one by one, for a reader who recomputes everything. */
function applyNaively(naive: NaiveCatalog, changes: readonly Change[], index: number): ReadonlySet<Topic> {
  const touched = new Set<Topic>();
  for (const change of changes) {
    const before = TOPICS.map((name) => naive.fingerprint(name));
    naive.apply(change, index);
    for (const [at, name] of TOPICS.entries()) if (naive.fingerprint(name) !== before[at]) touched.add(name);
  }
  return touched;
}

function expectSameReads(catalog: Catalog, naive: NaiveCatalog): void {
  for (const name of SERVICES) {
    const view = catalog.serviceView(name);
    expect(view.instances.map(({ status: _, ...rest }) => rest)).toEqual(naive.instances(name));
    expect(catalog.hasService(name)).toBe(view.instances.length > 0);
    expect(catalog.serviceView(name).instances).toEqual(view.instances);
    if (view.instances.length > 0) expect(catalog.serviceView(name)).toBe(view);
    const checks = naive.instances(name).flatMap((one) => one.checks.filter((check) => check.serviceId !== ''));
    expect(catalog.serviceChecks(name).value).toEqual(checks);
    const tags = new Set(naive.instances(name).flatMap((one) => one.service.tags));
    const told = [...catalog.serviceTags().value].find(([spelt]) => spelt.toLowerCase() === name.toLowerCase());
    expect(new Set(told?.[1])).toEqual(tags);
    expect(told !== undefined).toBe(view.instances.length > 0);
  }
  for (const name of NODES) {
    const node = naive.node(name);
    expect(catalog.node(name)).toEqual(node);
    expect(catalog.nodeView(name).value).toEqual(node && { node, services: naive.servicesOn(name) });
    expect(catalog.nodeChecks(name).value).toEqual(naive.checksOn(name));
    expect([...catalog.sessionsOf(name)].map((row) => row.id).sort()).toEqual(
      naive
        .of('session')
        .filter((row) => row.node.toLowerCase() === name.toLowerCase())
        .map((row) => row.id)
        .sort(),
    );
  }
  for (const prefix of PREFIXES) expect(catalog.kvList(prefix).value).toEqual(naive.under(prefix));
  for (const session of ['s1', 's2']) {
    expect(new Set(catalog.keysHeldBy(session))).toEqual(
      new Set(naive.under('').filter((row) => row.session === session)),
    );
  }
  expect(new Set(catalog.checksInState('CRITICAL').value)).toEqual(
    new Set(naive.of('check').filter((row) => row.status === 'critical')),
  );
  for (const address of ['10.0.0.1', '10.0.0.2']) {
    const names = naive
      .of('node')
      .filter((row) => row.address === address)
      .map((row) => row.node.toLowerCase());
    expect(catalog.nodeByAddress(address)?.node.toLowerCase()).toBe(names.sort()[0]);
  }
  expect(new Set(catalog.rows().rows)).toEqual(new Set(naive.rows.values()));
  expect(catalog.counts()).toMatchObject({
    nodes: naive.of('node').length,
    instances: SERVICES.slice(1).reduce((sum, name) => sum + naive.instances(name).length, 0),
    checks: naive.of('check').length,
    keys: naive.of('kv').length,
    sessions: naive.of('session').length,
  });
}

test('reads equal a recomputation, indexes never fall, and each change wakes its readers once and no others', () => {
  fc.assert(
    fc.property(anyHistory, (history) => {
      const catalog = new Catalog({ datacenter: 'dc1' });
      const naive = new NaiveCatalog();
      catalog.apply({ type: 'snapshot', index: 10, rows: [] });
      const woken = new Map<Topic, number>();
      for (const name of TOPICS) catalog.subscribe(name, () => woken.set(name, (woken.get(name) ?? 0) + 1));

      for (const step of history) {
        const before = indexesOf(catalog);
        const fingerprints = new Map(TOPICS.map((name) => [name, naive.fingerprint(name)]));
        woken.clear();
        const index = catalog.index + 1;
        if (step.type === 'prune') {
          catalog.pruneTombstones(index);
          expect(woken.size).toBe(0);
        } else if (step.type === 'snapshot') {
          expect(catalog.apply({ type: 'snapshot', index, rows: [...naive.rows.values()] })).toEqual([]);
          for (const at of indexesOf(catalog).values()) expect(at).toBe(index);
        } else {
          const changes: readonly Change[] =
            step.type === 'changes' ? step.changes : [{ op: 'put', row: step.row, keepIndexes: true }];
          const expected = applyNaively(naive, changes, index);
          catalog.apply({ type: 'changes', index, changes });
          // Restoring a row exactly as it is changes nothing to see, yet its readers are woken: allowed, so not compared.
          if (step.type === 'changes') expect(new Set(woken.keys())).toEqual(expected);
          for (const count of woken.values()) expect(count).toBe(1);
        }
        const after = indexesOf(catalog);
        for (const [read, at] of after) expect(at, read).toBeGreaterThanOrEqual(before.get(read) as number);
        expectRaised(naive, fingerprints, after, index);
        expectSameReads(catalog, naive);
      }
    }),
    { numRuns: 150 },
  );
});

/** A read that shows something else than before has the index of the change. */
function expectRaised(
  naive: NaiveCatalog,
  before: ReadonlyMap<Topic, string>,
  indexes: ReadonlyMap<string, number>,
  index: number,
): void {
  const changed = (to: Topic): boolean => naive.fingerprint(to) !== before.get(to);
  for (const name of SERVICES) if (changed(topic.service(name))) expect(indexes.get(`service ${name}`)).toBe(index);
  for (const key of KEYS) if (changed(topic.key(key))) expect(indexes.get(`key ${key}`)).toBe(index);
  for (const prefix of PREFIXES) {
    if (changed(topic.keyPrefix(prefix))) expect(indexes.get(`prefix ${prefix}`)).toBe(index);
  }
  if (changed(topic.nodes)) expect(indexes.get('nodes')).toBe(index);
  if (changed(topic.services)) expect(indexes.get('services')).toBe(index);
  if (changed(topic.checks)) expect(indexes.get('state')).toBe(index);
}

/** Every read of a state by identity, without the indexes, which a row in flight does not have. */
function everythingIn(state: StateReader): unknown {
  const bare = (row: Row | undefined): unknown => row && { ...row, createIndex: 0, modifyIndex: 0 };
  const list = (rows: Iterable<Row>): unknown => [...rows].map(bare);
  const set = (rows: Iterable<Row>): unknown => new Set([...rows].map(bare));
  return {
    nodes: set(state.nodes()),
    byName: NODES.map((name) => bare(state.node(name))),
    byId: ['ab', 'CD', ''].map((id) => bare(state.nodeById(id))),
    services: NODES.map((name) => set(state.servicesOf(name))),
    service: NODES.flatMap((name) => IDS.map((id) => bare(state.service(name, id)))),
    checks: NODES.map((name) => set(state.checksOf(name))),
    check: NODES.flatMap((name) => CHECKS.map((id) => bare(state.check(name, id)))),
    local: [set(state.localServices()), set(state.localChecks()), IDS.map((id) => bare(state.localService(id)))],
    kv: [KEYS.map((key) => bare(state.kv(key))), PREFIXES.map((prefix) => list(state.kvUnder(prefix)))],
    held: ['s1', 's2'].map((id) => set(state.keysHeldBy(id))),
    sessions: [set(state.sessions()), bare(state.session('s1')), NODES.map((name) => set(state.sessionsOf(name)))],
    queries: [set(state.queries()), bare(state.query('__proto__'))],
    events: list(state.events()),
    configs: [set(state.configs()), bare(state.config('kind', '__proto__'))],
  };
}

// One id on two nodes is refused before it gets here; which of them an id finds is not defined.
const anyHeadSet = anySet.map((changes) =>
  changes.filter((change) => change.op === 'delete' || change.row.kind !== 'node' || change.row.id === ''),
);

test('the head shows what the catalog will, however many change sets are in flight', () => {
  fc.assert(
    fc.property(
      fc.array(anyHeadSet, { maxLength: 4 }),
      fc.array(anyHeadSet, { minLength: 1, maxLength: 5 }),
      (past, flight) => {
        const catalog = new Catalog({ datacenter: 'dc1' });
        const finished = new Catalog({ datacenter: 'dc1' });
        const commit = (changes: readonly Change[], to = catalog): void =>
          void to.apply({ type: 'changes', index: to.index + 1, changes });
        for (const changes of past) for (const to of [catalog, finished]) commit(changes, to);

        const head = new Head(catalog);
        const releases = flight.map((changes) => {
          commit(changes, finished);
          const release = head.stage(changes);
          expect(everythingIn(head)).toEqual(everythingIn(finished));
          return release;
        });
        // The store yields them one by one; the head's answer never changes meanwhile.
        for (const [at, changes] of flight.entries()) {
          commit(changes);
          releases[at]?.();
          expect(everythingIn(head)).toEqual(everythingIn(finished));
          releases[at]?.();
        }
        expect([...head.nodes()]).toEqual([...catalog.nodes()]);
      },
    ),
    { numRuns: 150 },
  );
});
