/** The catalog against a naive one that recomputes every read from all rows, over random change sets in any order. */
import { array, assert, constant, oneof, property } from 'fast-check';
import type { Arbitrary } from 'fast-check';
import { expect, test } from 'vitest';
import { topic } from '../model/index.js';
import type { Change, Row, RowKind, Topic } from '../model/index.js';
import { anyChangesOf, anyRowOf, everyKind, names } from '../testing/arbitrary-changes.js';
import { NaiveCatalog } from '../testing/naive-catalog.js';
import { Catalog } from './index.js';

type Step =
  | { readonly type: 'changes'; readonly changes: readonly Change[] }
  | { readonly type: 'restore'; readonly row: Row }
  | { readonly type: 'prune' }
  | { readonly type: 'snapshot' };

const SERVICES = [...names.services, 'absent'];
const TOPICS: readonly Topic[] = [
  ...new Set<Topic>([
    ...Object.values(topic).filter((name) => typeof name === 'string'),
    ...names.nodes.map(topic.node),
    ...SERVICES.map(topic.service),
    ...names.keys.map(topic.key),
    ...names.prefixes.map(topic.keyPrefix),
    ...names.ids.map(topic.local),
  ]),
];

function anyHistory(kinds: readonly RowKind[]): Arbitrary<readonly Step[]> {
  const step: Arbitrary<Step> = oneof(
    { weight: 10, arbitrary: anyChangesOf(kinds).map((changes): Step => ({ type: 'changes', changes })) },
    { weight: 2, arbitrary: constant<Step>({ type: 'prune' }) },
    { weight: 1, arbitrary: constant<Step>({ type: 'snapshot' }) },
    {
      weight: 1,
      arbitrary: anyRowOf(kinds).map((row): Step => ({
        type: 'restore',
        row: { ...row, createIndex: 1, modifyIndex: 2 },
      })),
    },
  );
  return array(step, { minLength: 1, maxLength: 24 });
}

/** The index of every read, by topic and read. */
function indexesOf(catalog: Catalog): readonly (readonly [Topic, string, number])[] {
  return [
    ...SERVICES.map((name) => [topic.service(name), 'view', catalog.serviceView(name).index] as const),
    ...SERVICES.map((name) => [topic.service(name), 'checks', catalog.serviceChecks(name).index] as const),
    ...names.keys.map((key) => [topic.key(key), 'key', catalog.kvAnswer(key).index] as const),
    ...names.prefixes.map((prefix) => [topic.keyPrefix(prefix), 'prefix', catalog.kvList(prefix).index] as const),
    ...names.nodes.map((name) => [topic.node(name), 'node', catalog.nodeView(name).index] as const),
    ...names.nodes.map((name) => [topic.node(name), 'checks on node', catalog.nodeChecks(name).index] as const),
    [topic.nodes, 'nodes', catalog.allNodes().index],
    [topic.services, 'services', catalog.serviceTags().index],
    [topic.checks, 'state', catalog.checksInState('critical').index],
    [topic.sessions, 'sessions', catalog.sessionsAnswer().index],
    [topic.queries, 'queries', catalog.queriesAnswer().index],
    [topic.configs, 'configs', catalog.configsAnswer().index],
  ];
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

function expectSameServices(catalog: Catalog, naive: NaiveCatalog): void {
  const told = new Map([...catalog.serviceTags().value].map(([name, tags]) => [name.toLowerCase(), tags]));
  for (const name of SERVICES) {
    const instances = naive.instances(name);
    const view = catalog.serviceView(name);
    expect(view.instances.map(({ node, service, checks }) => ({ node, service, checks }))).toEqual(instances);
    if (instances.length > 0) expect(catalog.serviceView(name)).toBe(view);
    expect(catalog.hasService(name)).toBe(instances.length > 0);
    expect(told.has(name.toLowerCase())).toBe(instances.length > 0);
    expect(new Set(told.get(name.toLowerCase()))).toEqual(new Set(instances.flatMap((one) => one.service.tags)));
    const checks = instances.flatMap((one) => one.checks.filter((check) => check.serviceId !== ''));
    expect(catalog.serviceChecks(name).value).toEqual(checks);
  }
}

function expectSameNodes(catalog: Catalog, naive: NaiveCatalog): void {
  for (const name of names.nodes) {
    const node = naive.node(name);
    expect(catalog.node(name)).toEqual(node);
    expect(catalog.nodeView(name).value).toEqual(node && { node, services: naive.servicesOn(name) });
    expect(catalog.nodeChecks(name).value).toEqual(naive.checksOn(name));
    const sessions = naive.of('session').filter((row) => row.node.toLowerCase() === name.toLowerCase());
    expect(new Set(catalog.sessionsOf(name))).toEqual(new Set(sessions));
  }
  const critical = naive.of('check').filter((row) => row.status === 'critical');
  expect(new Set(catalog.checksInState('CRITICAL').value)).toEqual(new Set(critical));
  for (const address of ['10.0.0.1', '10.0.0.2']) {
    expect(catalog.nodeByAddress(address)).toEqual(naive.nodeByAddress(address));
    expect(catalog.serviceByAddress(address)).toEqual(naive.serviceByAddress(address));
  }
}

function expectSameReads(catalog: Catalog, naive: NaiveCatalog): void {
  expectSameServices(catalog, naive);
  expectSameNodes(catalog, naive);
  for (const prefix of names.prefixes) expect(catalog.kvList(prefix).value).toEqual(naive.under(prefix));
  for (const session of names.sessions) {
    const held = naive.of('kv').filter((row) => row.session === session);
    expect(new Set(catalog.keysHeldBy(session))).toEqual(new Set(held));
  }
  expect(new Set(catalog.rows().rows)).toEqual(new Set(naive.shown()));
  expect(new Set(catalog.documents())).toEqual(new Set(naive.of('sync')));
  const distinct = new Set(SERVICES.map((name) => name.toLowerCase()));
  expect(catalog.counts()).toEqual({
    nodes: naive.of('node').length,
    services: [...distinct].filter((name) => naive.instances(name).length > 0).length,
    instances: [...distinct].reduce((sum, name) => sum + naive.instances(name).length, 0),
    checks: naive.of('check').length,
    keys: naive.of('kv').length,
    sessions: naive.of('session').length,
  });
}

function follow(history: readonly Step[]): void {
  const catalog = new Catalog({ datacenter: 'dc1' });
  const naive = new NaiveCatalog();
  catalog.apply({ type: 'snapshot', index: 10, rows: [] });
  const woken = new Map<Topic, number>();
  for (const name of TOPICS) catalog.subscribe(name, () => woken.set(name, (woken.get(name) ?? 0) + 1));

  for (const step of history) {
    woken.clear();
    const before = indexesOf(catalog);
    const seen = new Map(TOPICS.map((name) => [name, naive.fingerprint(name)]));
    const index = catalog.index + 1;
    take(step, catalog, naive, woken);
    for (const [at, [on, read, now]] of indexesOf(catalog).entries()) {
      const least = before[at]?.[2] ?? 0;
      expect(now, `${read} of ${on} fell`).toBeGreaterThanOrEqual(least);
      // A key and its prefixes, a service: what readers see has changed, so the index has. Checks of a node and tables
      // of everything share an index with others and may stay below.
      const exact = ['view', 'key', 'prefix', 'nodes', 'services', 'state'].includes(read);
      if (exact && naive.fingerprint(on) !== seen.get(on)) expect(now, `${read} of ${on}`).toBe(index);
    }
    expectSameReads(catalog, naive);
  }
}

function take(step: Step, catalog: Catalog, naive: NaiveCatalog, woken: ReadonlyMap<Topic, number>): void {
  const index = catalog.index + 1;
  switch (step.type) {
    case 'prune':
      catalog.pruneTombstones(index);
      expect([...woken]).toEqual([]);
      return;
    case 'snapshot':
      expect(catalog.apply({ type: 'snapshot', index, rows: [...naive.rows.values()] })).toEqual([]);
      for (const [, , at] of indexesOf(catalog)) expect(at).toBe(index);
      return;
    case 'restore': {
      const changes = [{ op: 'put', row: step.row, keepIndexes: true }] as const;
      const touched = applyNaively(naive, changes, index);
      catalog.apply({ type: 'changes', index, changes });
      // A row restored exactly as it is wakes its readers too.
      for (const name of touched) expect(woken.get(name)).toBe(1);
      return;
    }
    case 'changes': {
      const touched = applyNaively(naive, step.changes, index);
      catalog.apply({ type: 'changes', index, changes: step.changes });
      expect(new Map(woken)).toEqual(new Map([...touched].map((name) => [name, 1])));
    }
  }
}

test.each<[string, readonly RowKind[]]>([
  ['of nodes, services and checks', ['node', 'service', 'check']],
  ['of key-values', ['kv']],
  ['of everything', everyKind],
])(
  'after changes %s, reads equal a recomputation, no index fell, and each change woke its readers once and no others',
  (_, kinds) => {
    assert(property(anyHistory(kinds), follow), { numRuns: 120 });
  },
);
