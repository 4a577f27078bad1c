/**
 * Commands and merges given at once, over a disk that answers whenever it likes, come to what the same ones come to one
 * after another: same answers, same rows, same indexes. Afterwards our own node's rows are what the definitions say, and
 * whoever listened to what is local knows what is ours.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Change, CheckRegistration, Row } from '../model/index.js';
import { isCatalogRow, put, refKey, refOf, remove } from '../model/index.js';
import type { LocalSet } from '../sync/index.js';
import { checkRow, nodeRow, serviceRow } from '../testing/catalog-world.js';
import type { StartedRegistry } from '../testing/started-registry.js';
import { startedRegistry, TEST_NODE } from '../testing/started-registry.js';

type Command = (at: StartedRegistry) => Promise<unknown>;

const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const SESSIONS = 3;

const id = fc.constantFrom('a', 'b');
const checkId = fc.constantFrom('service:a', 'service:b', 'x', 'serfHealth');
const status = fc.constantFrom('passing' as const, 'warning' as const, 'critical' as const);
const node = fc.constantFrom('n1', 'far');
const session = fc.integer({ min: 1, max: SESSIONS }).map(uuid);
const key = fc.constantFrom('k', 'k/1', 'l');
const check: fc.Arbitrary<CheckRegistration> = fc.record({ TTL: fc.constant('1h'), Status: status });

const local: fc.Arbitrary<Command> = fc.oneof(
  fc
    .record({
      ID: id,
      Name: fc.constantFrom('web', 'db'),
      Tags: fc.subarray(['t', 'u']),
      EnableTagOverride: fc.boolean(),
      Check: fc.option(check, { nil: undefined }),
    })
    .map(
      (body): Command =>
        ({ registry }) =>
          registry.registerService(body),
    ),
  id.map(
    (one): Command =>
      ({ registry }) =>
        registry.deregisterService(one),
  ),
  fc.record({ ID: checkId, Name: fc.constant('c'), ServiceID: fc.constantFrom('', 'a'), TTL: fc.constant('1h') }).map(
    (body): Command =>
      ({ registry }) =>
        registry.registerCheck(body),
  ),
  checkId.map(
    (one): Command =>
      ({ registry }) =>
        registry.deregisterCheck(one),
  ),
  fc.tuple(checkId, status).map(
    ([one, to]): Command =>
      ({ registry }) =>
        registry.updateTtl(one, to, to),
  ),
  fc.tuple(id, fc.boolean()).map(
    ([one, on]): Command =>
      ({ registry }) =>
        registry.setServiceMaintenance(one, on, ''),
  ),
);

const catalog: fc.Arbitrary<Command> = fc.oneof(
  fc
    .record({
      Node: node,
      Address: fc.constantFrom('1.1.1.1', '2.2.2.2'),
      SkipNodeUpdate: fc.boolean(),
      Service: fc.option(fc.record({ ID: id, Service: fc.constant('web'), Tags: fc.subarray(['v']) }), {
        nil: undefined,
      }),
      Check: fc.option(fc.record({ CheckID: checkId, ServiceID: fc.constantFrom('', 'a'), Status: status }), {
        nil: undefined,
      }),
    })
    .map(
      (body): Command =>
        ({ registry }) =>
          registry.registerCatalog(body),
    ),
  fc.tuple(node, fc.constantFrom({}, { ServiceID: 'a' }, { CheckID: 'x' })).map(
    ([Node, what]): Command =>
      ({ registry }) =>
        registry.deregisterCatalog({ Node, ...what }),
  ),
);

const mode = fc.oneof(
  fc.constant({ type: 'set' as const }),
  fc.constant({ type: 'cas' as const, index: 0 }),
  session.map((one) => ({ type: 'acquire' as const, session: one })),
  session.map((one) => ({ type: 'release' as const, session: one })),
);

const state: fc.Arbitrary<Command> = fc.oneof(
  fc.tuple(key, mode, fc.constantFrom('', 'dg==')).map(
    ([one, how, value]): Command =>
      ({ registry }) =>
        registry.kvPut({ key: one, value, flags: 0n, mode: how }),
  ),
  key.map(
    (one): Command =>
      ({ registry }) =>
        registry.kvDelete({ key: one, mode: { type: 'prefix' } }),
  ),
  fc
    .record({
      Node: node,
      Checks: fc.subarray(['serfHealth', 'x', 'service:a']),
      Behavior: fc.constantFrom('release', 'delete'),
    })
    .map(
      (body): Command =>
        ({ registry }) =>
          registry.createSession(body),
    ),
  session.map(
    (one): Command =>
      ({ registry }) =>
        registry.destroySession(one),
  ),
  fc.tuple(key, node, id).map(
    ([one, Node, service]): Command =>
      ({ registry }) =>
        registry.transaction([
          { KV: { Verb: 'set', Key: one, Value: '' } },
          { KV: { Verb: 'check-not-exists', Key: 'other' } },
          { Service: { Verb: 'set', Node, Service: { ID: service, Service: 'web' } } },
          { Check: { Verb: 'delete', Check: { Node, CheckID: 'x' } } },
        ]),
  ),
);

const theirs = { origin: uuid(99), hlc: 7 };
const theirRow: fc.Arbitrary<Row> = fc.oneof(
  fc.tuple(node, fc.constantFrom('3.3.3.3', '4.4.4.4')).map(([one, address]) => nodeRow(one, { ...theirs, address })),
  fc.tuple(node, id, fc.nat(2)).map(([one, service, port]) => serviceRow(one, service, { ...theirs, port })),
  fc
    .tuple(node, checkId, status, fc.constantFrom('', 'a'))
    .map(([one, check, word, serviceId]) => checkRow(one, check, { ...theirs, status: word, serviceId })),
);
/** At most one change of each row, as sync merges them. */
const theirChanges = fc
  .uniqueArray(fc.tuple(theirRow, fc.boolean()), {
    minLength: 1,
    maxLength: 4,
    selector: ([row]) => refKey(refOf(row)),
  })
  .map((rows) => rows.map(([row, isThere]): Change => (isThere ? put(row) : { op: 'delete', ref: refOf(row) })));
const merge: fc.Arbitrary<Command> = fc.tuple(theirChanges, fc.constantFrom('lazy', 'volatile', 'synced')).map(
  ([changes, durability]): Command =>
    ({ registry }) =>
      registry.syncHost.merge({ target: { type: 'local' }, changes, durability }),
);

/** A command, and whether the disk answers something before the next one. */
const script = fc.array(fc.tuple(fc.oneof(local, catalog, state, merge), fc.integer({ min: 0, max: 3 })), {
  minLength: 2,
  maxLength: 30,
});

function shown(rows: readonly { readonly id: string; readonly service: string; readonly tags: readonly string[] }[]) {
  return new Map(rows.map((row) => [row.id, { service: row.service, tags: row.tags }]));
}

async function started(): Promise<StartedRegistry> {
  let ids = 0;
  return startedRegistry({ newId: () => uuid(++ids) });
}

function plain(key: string, value: unknown): unknown {
  if (key === 'createIndex') return undefined;
  return typeof value === 'bigint' ? String(value) : value;
}

/** What a caller is told; but for the createIndex of rows that a transaction shows while they are made. */
function told(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    (result): unknown => JSON.parse(JSON.stringify({ result }, plain)),
    (error: unknown) => (error as Error).message,
  );
}

function rowsOf(at: StartedRegistry): readonly Row[] {
  const { rows } = at.catalog.rows();
  return rows.toSorted((a, b) => (refKey(refOf(a)) < refKey(refOf(b)) ? -1 : 1));
}

test('commands and merges at once come to what they come to one by one', async () => {
  await fc.assert(
    fc.asyncProperty(script, async (commands) => {
      await using serial = await started();
      const expected: unknown[] = [];
      for (const [command] of commands) expected.push(await told(command(serial)));

      await using atOnce = await started();
      atOnce.store.lag();
      const answers: Promise<unknown>[] = [];
      for (const [command, released] of commands) {
        answers.push(told(command(atOnce)));
        if (released === 0) continue;
        atOnce.store.release(released);
        await Promise.resolve();
      }
      atOnce.store.catchUp();
      expect(await Promise.all(answers)).toEqual(expected);
      expect(rowsOf(atOnce)).toEqual(rowsOf(serial));
    }),
    { numRuns: 150 },
  );
});

test('after the comparison our own rows are what the definitions say', async () => {
  await fc.assert(
    fc.asyncProperty(script, async (commands) => {
      await using at = await started();
      await Promise.all(commands.map(([command]) => told(command(at))));
      await at.registry.reconcile();
      const { catalog, registry } = at;
      const services = [...catalog.servicesOf('n1')].filter((row) => row.id !== 'consul');
      expect(shown(services)).toEqual(shown([...registry.localServices().values()]));
      for (const [checkId, { row, status, serviceName }] of registry.localChecks()) {
        expect(catalog.check('n1', checkId)).toMatchObject({ status, serviceName, serviceId: row.serviceId });
      }
      const explained = new Set([...registry.localChecks().keys(), 'serfHealth']);
      expect([...catalog.checksOf('n1')].filter((row) => !explained.has(row.checkId))).toEqual([]);
      const { index } = catalog;
      await registry.reconcile();
      expect(catalog.index).toBe(index);
    }),
    { numRuns: 100 },
  );
});

function ours(at: StartedRegistry): readonly Row[] {
  return rowsOf(at).filter((row) => (isCatalogRow(row) ? row.origin === TEST_NODE.id : !row.kind.startsWith('local')));
}

test('who replays what was told has every row of ours as it is', async () => {
  await fc.assert(
    fc.asyncProperty(script, async (commands) => {
      await using at = await started();
      const known = new Map(ours(at).map((row) => [refKey(refOf(row)), row]));
      const sets: LocalSet[] = [];
      at.registry.syncHost.onLocal((set) => {
        sets.push(set);
        for (const { ref, after } of set.changes) {
          if (after) known.set(refKey(ref), after);
          else known.delete(refKey(ref));
        }
      });
      await Promise.all(commands.map(([command]) => told(command(at))));
      expect(sets.map(({ index }) => index)).toEqual(sets.map(({ index }) => index).toSorted((a, b) => a - b));
      const here = new Map(ours(at).map((row) => [refKey(refOf(row)), row]));
      for (const [key, row] of here) expect(known.get(key)).toEqual(row);
      for (const [key, row] of known) if (!isCatalogRow(row)) expect(here.has(key)).toBe(true);
      for (const { changes } of sets) {
        for (const { after } of changes) if (after && isCatalogRow(after)) expect(after.origin).toBe(TEST_NODE.id);
      }
    }),
    { numRuns: 100 },
  );
});

test('merges alone are told to nobody, and a session that ends with one is', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(merge, { minLength: 1, maxLength: 12 }), async (merges) => {
      await using at = await started();
      const session = await at.registry.createSession({ Node: 'n1' });
      const sets: LocalSet[] = [];
      at.registry.syncHost.onLocal((set) => sets.push(set));
      await Promise.all(merges.map((one) => one(at)));
      const ended = sets.flatMap(({ changes }) => changes);
      expect(ended.map(({ ref }) => ref)).toEqual(at.catalog.session(session) ? [] : [remove('session', session).ref]);
    }),
    { numRuns: 60 },
  );
});
