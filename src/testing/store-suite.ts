import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { isDiscoveryError, put, refKey, refOf, remove } from '../model/index.js';
import type { Change, ChangeSet, ErrorCode, Json, KvRow, Row, Snapshot, Store, SyncDocument } from '../model/index.js';
import { sampleRows } from './sample-rows.js';
import { seededRandom } from './seeded-random.js';

/** A store with nothing in it, made anew for every case. */
export interface StoreSubject {
  /**
   * Over the same storage each time, after the one before was closed. Its history for followers must hold between 8
   * and 64 change sets, so that the suite can outrun it.
   */
  open(): Promise<Store>;
  /** Whether what was committed is there again after closing and opening. */
  readonly persistent: boolean;
  dispose(): Promise<void>;
}

export interface StoreCase {
  readonly name: string;
  run(): Promise<void>;
}

/**
 * The exam of every Store, ours and others', for any test framework:
 *
 *   for (const { name, run } of storeSuite(openSubject)) test(name, run);
 */
export function storeSuite(subject: () => Promise<StoreSubject>): readonly StoreCase[] {
  return Object.entries(CASES).map(([name, examine]) => ({
    name,
    run: async () => {
      const exam = new Exam(await subject());
      try {
        await examine(exam);
      } finally {
        await exam.end();
      }
    },
  }));
}

class Exam {
  private readonly abort = new AbortController();
  private readonly opened: Store[] = [];

  constructor(readonly subject: StoreSubject) {}

  get signal(): AbortSignal {
    return this.abort.signal;
  }

  async open(): Promise<Store> {
    const store = await this.subject.open();
    this.opened.push(store);
    return store;
  }

  follow(store: Store, from = 0): Follower {
    return new Follower(store, from, this.signal);
  }

  /** What is there now, without indexes' order: rows by key. */
  async rows(store: Store): Promise<{ index: number; rows: Map<string, Row> }> {
    const { index, rows } = await this.follow(store).snapshot();
    const byKey = new Map<string, Row>();
    for (const row of rows) {
      const key = refKey(refOf(row));
      assert.ok(!byKey.has(key), `${key} is there twice`);
      byKey.set(key, row);
    }
    return { index, rows: byKey };
  }

  async kv(store: Store, key: string): Promise<KvRow | undefined> {
    return (await this.rows(store)).rows.get(refKey(remove('kv', key).ref)) as KvRow | undefined;
  }

  async end(): Promise<void> {
    this.abort.abort();
    for (const store of this.opened) await store.close();
    await this.subject.dispose();
  }
}

class Follower {
  private readonly updates: AsyncIterator<Snapshot | ChangeSet>;

  constructor(store: Store, from: number, signal: AbortSignal) {
    this.updates = store.follow(from, signal)[Symbol.asyncIterator]();
  }

  async next(): Promise<Snapshot | ChangeSet | undefined> {
    const { value, done } = await this.updates.next();
    return done ? undefined : value;
  }

  async snapshot(): Promise<Snapshot> {
    const update = await this.next();
    assert.ok(update?.type === 'snapshot', `${update?.type} instead of a snapshot`);
    return update;
  }

  async changes(): Promise<ChangeSet> {
    const update = await this.next();
    assert.ok(update?.type === 'changes', `${update?.type} instead of changes`);
    return update;
  }
}

export function kv(key: string, value = '', fields: Partial<KvRow> = {}): KvRow {
  return {
    kind: 'kv',
    key,
    value,
    flags: 0n,
    lockIndex: 0,
    session: '',
    createIndex: 0,
    modifyIndex: 0,
    ...fields,
  };
}

export function syncDocument(id: string, body: Json): SyncDocument {
  return { kind: 'sync', id, body, createIndex: 0, modifyIndex: 0 };
}

const putKv = (key: string, value = ''): Change => put(kv(key, value));
const removeKv = (key: string): Change => remove('kv', key);

async function rejectsWith(code: ErrorCode, work: Promise<unknown>): Promise<void> {
  await assert.rejects(work, (error) => isDiscoveryError(error, code));
}

const CASES: Readonly<Record<string, (exam: Exam) => Promise<void>>> = {
  'indexes rise in the order of the calls': async (exam) => {
    const store = await exam.open();
    const commits = Array.from({ length: 50 }, (_, n) => store.commit([putKv(`k${n % 7}`)]));
    const indexes = await Promise.all(commits);
    assert.deepEqual(
      indexes,
      indexes.toSorted((a, b) => a - b),
    );
    assert.equal(new Set(indexes).size, 50);
    assert.ok((indexes[0] as number) > 0);
  },

  'a follower gets a snapshot first, then every commit in order': async (exam) => {
    const store = await exam.open();
    const first = await store.commit([putKv('a')]);
    const follower = exam.follow(store);
    const snapshot = await follower.snapshot();
    assert.equal(snapshot.index, first);
    assert.deepEqual([...snapshot.rows], [kv('a', '', { createIndex: first, modifyIndex: first })]);
    const later = await Promise.all([store.commit([putKv('b')]), store.commit([putKv('c'), removeKv('a')])]);
    const sets = [await follower.changes(), await follower.changes()];
    assert.deepEqual(
      sets.map((set) => set.index),
      later,
    );
    assert.deepEqual(
      sets.map((set) => set.changes.length),
      [1, 2],
    );
  },

  'an empty store has an empty snapshot': async (exam) => {
    const { rows } = await exam.rows(await exam.open());
    assert.equal(rows.size, 0);
  },

  'a row of every kind comes back as it was': async (exam) => {
    let store = await exam.open();
    const index = await store.commit(sampleRows.map(put));
    if (exam.subject.persistent) {
      await store.close();
      store = await exam.open();
    }
    const { rows } = await exam.rows(store);
    assert.deepEqual(
      sampleRows.map((row) => rows.get(refKey(refOf(row)))),
      sampleRows.map((row) => ({ ...row, createIndex: index, modifyIndex: index })),
    );
  },

  'createIndex survives a new put and is new after a deletion': async (exam) => {
    const store = await exam.open();
    const created = await store.commit([putKv('a', '1')]);
    const changed = await store.commit([putKv('a', '2')]);
    assert.deepEqual(await exam.kv(store, 'a'), kv('a', '2', { createIndex: created, modifyIndex: changed }));
    await store.commit([removeKv('a')]);
    assert.equal(await exam.kv(store, 'a'), undefined);
    const again = await store.commit([putKv('a', '3')]);
    assert.deepEqual(await exam.kv(store, 'a'), kv('a', '3', { createIndex: again, modifyIndex: again }));
  },

  'createIndex is right among commits that are all under way': async (exam) => {
    const store = await exam.open();
    const [a1, a2, , a4, a5] = await Promise.all([
      store.commit([putKv('a', '1'), putKv('b')]),
      store.commit([putKv('a', '2')]),
      store.commit([removeKv('a')]),
      store.commit([putKv('a', '4')]),
      store.commit([putKv('a', '5'), removeKv('b'), putKv('b', 'x')]),
    ]);
    assert.ok(a1 < a2);
    assert.deepEqual(await exam.kv(store, 'a'), kv('a', '5', { createIndex: a4, modifyIndex: a5 }));
    assert.deepEqual(await exam.kv(store, 'b'), kv('b', 'x', { createIndex: a5, modifyIndex: a5 }));
  },

  'a stale createIndex in a put is not believed': async (exam) => {
    const store = await exam.open();
    await store.commit([putKv('a')]);
    await store.commit([removeKv('a')]);
    const index = await store.commit([put(kv('a', '', { createIndex: 1, modifyIndex: 1 }))]);
    assert.equal((await exam.kv(store, 'a'))?.createIndex, index);
  },

  'node names are one identity in any case': async (exam) => {
    const store = await exam.open();
    const row = sampleRows.find((sample) => sample.kind === 'node');
    assert.ok(row?.kind === 'node');
    await store.commit([put({ ...row, node: 'Node-1' })]);
    await store.commit([put({ ...row, node: 'NODE-1' })]);
    assert.equal((await exam.rows(store)).rows.size, 1);
    await store.commit([remove('node', '', 'node-1')]);
    assert.equal((await exam.rows(store)).rows.size, 0);
  },

  'deleting what is not there changes nothing and has an index': async (exam) => {
    const store = await exam.open();
    const first = await store.commit([putKv('a')]);
    assert.ok((await store.commit([removeKv('b')])) > first);
    assert.equal((await exam.rows(store)).rows.size, 1);
  },

  'a follower resumes where it was': async (exam) => {
    const store = await exam.open();
    const indexes = [];
    for (const key of ['a', 'b', 'c']) indexes.push(await store.commit([putKv(key)]));
    const follower = exam.follow(store, indexes[0]);
    assert.equal((await follower.changes()).index, indexes[1]);
    assert.equal((await follower.changes()).index, indexes[2]);
    const newest = exam.follow(store, indexes[2]);
    const next = await store.commit([putKv('d')]);
    assert.equal((await newest.changes()).index, next);
  },

  'a follower from too far back, or from another life, gets a snapshot': async (exam) => {
    const store = await exam.open();
    const first = await store.commit([putKv('a')]);
    let last = first;
    for (let n = 0; n < 200; n++) last = await store.commit([putKv(`k${n}`)]);
    await turn();
    for (const from of [first, last + 1000]) {
      const snapshot = await exam.follow(store, from).snapshot();
      assert.equal(snapshot.index, last);
      assert.equal([...snapshot.rows].length, 201);
    }
  },

  'a slow follower holds nobody up and starts again from a snapshot': async (exam) => {
    const store = await exam.open();
    const slow = exam.follow(store);
    await slow.snapshot();
    let last = 0;
    for (let n = 0; n < 200; n++) last = await store.commit([putKv('a', String(n))]);
    await turn();
    const fresh = await slow.snapshot();
    assert.equal(fresh.index, last);
    assert.deepEqual(
      [...fresh.rows].map((row) => (row as KvRow).value),
      ['199'],
    );
    const next = await store.commit([putKv('b')]);
    assert.equal((await slow.changes()).index, next);
  },

  'a follower that keeps up misses nothing of a burst': async (exam) => {
    const store = await exam.open();
    const follower = exam.follow(store);
    await follower.snapshot();
    const burst = Array.from({ length: 300 }, (_, n) => store.commit([putKv('a', String(n))]));
    for (let n = 0; n < 300; n++) assert.equal((await follower.changes()).index, await burst[n]);
  },

  'a snapshot shows one moment, whatever is committed while it is read': async (exam) => {
    const store = await exam.open();
    await store.commit([putKv('a', '1')]);
    await exam.follow(store).snapshot();
    const follower = exam.follow(store);
    const reading = follower.snapshot();
    const index = await store.commit([putKv('a', '2'), putKv('b', '2')]);
    const snapshot = await reading;
    const values = [...snapshot.rows].map((row) => (row as KvRow).value);
    if (snapshot.index >= index) return assert.deepEqual(values, ['2', '2']);
    assert.deepEqual(values, ['1']);
    assert.equal((await follower.changes()).index, index);
  },

  'followers end when their signal does': async (exam) => {
    const store = await exam.open();
    const abort = new AbortController();
    const follower = new Follower(store, 0, abort.signal);
    await follower.snapshot();
    const waiting = follower.next();
    abort.abort();
    assert.equal(await waiting, undefined);
    assert.equal(await new Follower(store, 0, abort.signal).next(), undefined);
  },

  'a precondition that does not hold writes nothing': async (exam) => {
    const store = await exam.open();
    const index = await store.commit([putKv('a', '1')]);
    const { ref } = remove('kv', 'a');
    const absent = remove('kv', 'b').ref;
    await rejectsWith('CONFLICT', store.commit([putKv('a', '2')], { when: [{ ref, index: index + 1 }] }));
    await rejectsWith('CONFLICT', store.commit([putKv('a', '2')], { when: [{ ref, index: 0 }] }));
    const both = [
      { ref, index },
      { ref: absent, index },
    ];
    await rejectsWith('CONFLICT', store.commit([putKv('a', '2')], { when: both }));
    assert.equal((await exam.kv(store, 'a'))?.value, '1');
    const when = [
      { ref, index },
      { ref: absent, index: 0 },
    ];
    assert.equal(await store.commit([putKv('a', '2')], { when }), index + 1);
    assert.equal((await exam.kv(store, 'a'))?.value, '2');
  },

  'of commits under way with the same precondition one wins': async (exam) => {
    const store = await exam.open();
    const when = [{ ref: remove('kv', 'lock').ref, index: 0 }];
    const outcomes = await Promise.allSettled(
      ['a', 'b', 'c'].map((value) => store.commit([putKv('lock', value)], { when })),
    );
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'rejected', 'rejected'],
    );
    assert.equal((await exam.kv(store, 'lock'))?.value, 'a');
  },

  'lazy commits keep their order among the others': async (exam) => {
    const store = await exam.open();
    const follower = exam.follow(store);
    await follower.snapshot();
    const commits = Array.from({ length: 8 }, (_, n) =>
      store.commit([putKv('a', String(n))], { durability: n % 3 === 0 ? 'synced' : 'lazy' }),
    );
    const indexes = await Promise.all(commits);
    const seen: number[] = [];
    while (seen.length < 8) seen.push((await follower.changes()).index);
    assert.deepEqual(seen, indexes);
    assert.equal((await exam.kv(store, 'a'))?.value, '7');
  },

  'a lazy commit alone is seen, and is in later snapshots': async (exam) => {
    const store = await exam.open();
    const follower = exam.follow(store);
    await follower.snapshot();
    const index = await store.commit([putKv('a')], { durability: 'lazy' });
    assert.equal((await follower.changes()).index, index);
    assert.equal((await exam.rows(store)).index, index);
    assert.equal((await exam.kv(store, 'a'))?.modifyIndex, index);
  },

  'a volatile commit has an index, is seen, and is in later snapshots': async (exam) => {
    const store = await exam.open();
    const follower = exam.follow(store);
    await follower.snapshot();
    const [created, changed, gone] = await Promise.all([
      store.commit([putKv('a', '1'), putKv('b', '1')]),
      store.commit([putKv('a', '2'), putKv('c')], { durability: 'volatile' }),
      store.commit([removeKv('b')], { durability: 'volatile' }),
    ]);
    assert.deepEqual([changed, gone], [created + 1, created + 2]);
    for (const index of [created, changed, gone]) assert.equal((await follower.changes()).index, index);
    const { index, rows } = await exam.rows(store);
    assert.equal(index, gone);
    assert.deepEqual([...rows.values()].toSorted(byKey), [
      kv('a', '2', { createIndex: created, modifyIndex: changed }),
      kv('c', '', { createIndex: changed, modifyIndex: changed }),
    ]);
  },

  'after a restart rows are as if no volatile commit had been, and indexes go on': async (exam) => {
    if (!exam.subject.persistent) return;
    let store = await exam.open();
    const first = await store.commit([putKv('a', '1'), putKv('b', '1'), putKv('c', '1')]);
    await store.commit([putKv('a', '2'), removeKv('b'), removeKv('c'), putKv('d')], { durability: 'volatile' });
    const later = await store.commit([putKv('c', '3')]);
    const last = await store.commit([putKv('c', '4')], { durability: 'volatile' });
    await store.close();
    store = await exam.open();
    const { index, rows } = await exam.rows(store);
    assert.equal(index, last);
    const then = { createIndex: first, modifyIndex: first };
    assert.deepEqual(
      [...rows.values()].toSorted(byKey),
      // The row of c that was seen had gone, so the one written over it is a new one.
      [kv('a', '1', then), kv('b', '1', then), kv('c', '3', { createIndex: later, modifyIndex: later })],
    );
    assert.equal(await store.commit([putKv('a', '5')]), last + 1);
    assert.deepEqual(await exam.kv(store, 'a'), kv('a', '5', { createIndex: first, modifyIndex: last + 1 }));
  },

  'a commit replaces what a volatile one left, for good': async (exam) => {
    let store = await exam.open();
    await store.commit([putKv('b', '1')]);
    const created = await store.commit([putKv('a', '1')], { durability: 'volatile' });
    await store.commit([putKv('b', '2')], { durability: 'volatile' });
    const { ref } = remove('kv', 'a');
    await rejectsWith('CONFLICT', store.commit([putKv('a', '2')], { when: [{ ref, index: 0 }] }));
    const index = await store.commit([putKv('a', '2'), removeKv('b')], { when: [{ ref, index: created }] });
    if (exam.subject.persistent) {
      await store.close();
      store = await exam.open();
    }
    const { rows } = await exam.rows(store);
    assert.deepEqual([...rows.values()], [kv('a', '2', { createIndex: created, modifyIndex: index })]);
    await store.commit([putKv('x')], { durability: 'volatile' });
    await store.commit([removeKv('x'), removeKv('a')]);
    assert.equal((await exam.rows(store)).rows.size, 0);
    const restored: Change = { op: 'put', row: kv('a'), keepIndexes: true };
    await rejectsWith('INVALID_ARGUMENT', store.commit([restored], { durability: 'volatile' }));
  },

  'a copy takes the indexes of the order that it copies': async (exam) => {
    let store = await exam.open();
    const { indexSpace } = store;
    const follower = exam.follow(store);
    await follower.snapshot();
    const [a, b] = [
      kv('a', '1', { createIndex: 3, modifyIndex: 90 }),
      kv('b', '1', { createIndex: 50, modifyIndex: 50 }),
    ];
    assert.equal(await store.commit([put(a), put(b)], { at: 100 }), 100);
    const seen = await follower.changes();
    assert.deepEqual([seen.index, seen.keepIndexes], [100, true]);
    const c = kv('c', '1', { createIndex: 20_000, modifyIndex: 20_000 });
    assert.equal(await store.commit([put(c), removeKv('a')], { at: 20_000, durability: 'lazy' }), 20_000);
    assert.equal((await follower.changes()).index, 20_000);
    if (exam.subject.persistent) {
      await store.close();
      store = await exam.open();
    }
    const { index, rows } = await exam.rows(store);
    assert.equal(index, 20_000);
    assert.deepEqual([...rows.values()].toSorted(byKey), [b, c]);
    assert.equal(store.indexSpace, indexSpace);
    assert.equal(await store.commit([putKv('b', '2')], { at: 20_001 }), 20_001);
  },

  'a copy goes forward only; documents may join the index before them': async (exam) => {
    const store = await exam.open();
    await store.commit([put(kv('a', '1', { createIndex: 7, modifyIndex: 7 }))], { at: 7 });
    await rejectsWith('CONFLICT', store.commit([putKv('a', '2')], { at: 7 }));
    await rejectsWith('CONFLICT', store.commit([put(syncDocument('d', 1)), putKv('a', '2')], { at: 7 }));
    await rejectsWith('CONFLICT', store.commit([put(syncDocument('d', 1))], { at: 6 }));
    assert.equal(await store.commit([put(syncDocument('d', 1))], { at: 7 }), 7);
    assert.equal(await store.commit([put(syncDocument('d', 2))], { at: 7, durability: 'lazy' }), 7);
    const { index, rows } = await exam.rows(store);
    assert.equal(index, 7);
    assert.deepEqual([...rows.values()].toSorted(byKey), [
      kv('a', '1', { createIndex: 7, modifyIndex: 7 }),
      syncDocument('d', 2),
    ]);
    assert.equal(await store.commit([putKv('a', '2')], { at: 8 }), 8);
  },

  'restored rows keep their indexes, and the next index is above them': async (exam) => {
    const store = await exam.open();
    await store.commit([putKv('old'), putKv('a', '1')]);
    const space = store.indexSpace;
    const restored = kv('a', '2', { createIndex: 50, modifyIndex: 70 });
    const index = await store.commit([removeKv('old'), { op: 'put', row: restored, keepIndexes: true }]);
    assert.ok(index > 70);
    assert.deepEqual(await exam.kv(store, 'a'), restored);
    assert.equal(await exam.kv(store, 'old'), undefined);
    assert.notEqual(store.indexSpace, space);
    const next = await store.commit([putKv('a', '3')]);
    assert.deepEqual(await exam.kv(store, 'a'), kv('a', '3', { createIndex: 50, modifyIndex: next }));
  },

  'names of properties of objects are plain data': async (exam) => {
    const store = await exam.open();
    const keys = ['__proto__', 'constructor', 'toString', '', 'a\u0000b', 'ÿ'];
    await store.commit(keys.map((key) => putKv(key, key === '' ? '' : 'x')));
    const { rows } = await exam.rows(store);
    assert.deepEqual(new Set([...rows.values()].map((row) => (row as KvRow).key)), new Set(keys));
    await store.commit(keys.slice(1).map(removeKv));
    assert.deepEqual(
      [...(await exam.rows(store)).rows.values()].map((row) => (row as KvRow).key),
      ['__proto__'],
    );
  },

  'an identity that is not Unicode is refused and changes nothing': async (exam) => {
    const store = await exam.open();
    const row = sampleRows.find((sample) => sample.kind === 'local-service');
    assert.ok(row?.kind === 'local-service');
    await rejectsWith('INVALID_ARGUMENT', store.commit([putKv('a'), put({ ...row, id: 'x\ud800' })]));
    assert.equal((await exam.rows(store)).rows.size, 0);
    await store.commit([putKv('a')]);
  },

  'closing finishes what is under way, ends followers and refuses more': async (exam) => {
    const store = await exam.open();
    const follower = exam.follow(store);
    await follower.snapshot();
    const underWay = [store.commit([putKv('a')]), store.commit([putKv('b')], { durability: 'lazy' })];
    const closing = store.close();
    const [a, b] = await Promise.all(underWay);
    await closing;
    await store.close();
    assert.equal((await follower.changes()).index, a);
    assert.equal((await follower.changes()).index, b);
    assert.equal(await follower.next(), undefined);
    await rejectsWith('CLOSED', store.commit([putKv('c')]));
    if (!exam.subject.persistent) return;
    assert.equal((await exam.rows(await exam.open())).rows.size, 2);
  },

  'closing an idle store twice is harmless': async (exam) => {
    const store = await exam.open();
    await Promise.all([store.close(), store.close()]);
    await store.close();
  },

  'indexes go on after closing and opening': async (exam) => {
    if (!exam.subject.persistent) return;
    let store = await exam.open();
    const space = store.indexSpace;
    let last = 0;
    for (let life = 0; life < 3; life++) {
      const index = await store.commit([putKv('a', String(life))]);
      assert.equal(index, last + 1);
      const lazy = await store.commit([putKv('b')], { durability: 'lazy' });
      last = lazy;
      await store.close();
      store = await exam.open();
      assert.equal(store.indexSpace, space);
      assert.equal((await exam.rows(store)).index, last);
    }
    assert.equal((await exam.kv(store, 'a'))?.createIndex, 1);
    assert.equal((await exam.follow(store, last - 1).snapshot()).index, last);
  },

  'an index space is a store’s own': async (exam) => {
    const store = await exam.open();
    assert.match(store.indexSpace, /^[0-9a-f-]{36}$/);
    const other = await exam.subject.open().catch(() => undefined);
    if (other) assert.notEqual(other.indexSpace, store.indexSpace);
    await other?.close();
  },

  'any sequence of commits leaves what plain maps would hold': async (exam) => {
    for (const seed of [1, 2, 3, 4, 5, 6]) await randomCommits(exam, seed);
  },
};

function byKey(a: Row, b: Row): number {
  return refKey(refOf(a)) < refKey(refOf(b)) ? -1 : 1;
}

interface Held {
  readonly value: string;
  readonly createIndex: number;
  readonly modifyIndex: number;
}

/** Random puts and deletes of a few keys, in bursts, with reopening between; a follower and snapshots must agree with a Map. */
async function randomCommits(exam: Exam, seed: number): Promise<void> {
  const random = seededRandom(seed);
  const below = (bound: number): number => Math.floor(random.next() * bound);
  let seen = new Map<string, Held>();
  /** What of it a restart leaves. */
  const written = new Map<string, Held>();
  let store = await exam.open();
  for (const row of (await exam.rows(store)).rows.values()) await store.commit([removeKv((row as KvRow).key)]);
  for (let burst = 0; burst < 12; burst++) {
    const planned = Array.from({ length: 1 + below(12) }, () => ({
      durability: (['synced', 'synced', 'lazy', 'volatile'] as const)[below(4)],
      changes: Array.from({ length: 1 + below(4) }, () => ({
        key: `k${below(6)}`,
        value: below(3) === 0 ? undefined : `${below(1000)}`,
      })),
    }));
    const indexes = await Promise.all(
      planned.map(({ changes, durability }) =>
        store.commit(
          changes.map(({ key, value }) => (value === undefined ? removeKv(key) : putKv(key, value))),
          { durability },
        ),
      ),
    );
    planned.forEach(({ changes, durability }, at) => {
      const index = indexes[at] as number;
      for (const { key, value } of changes) {
        const createIndex = seen.get(key)?.createIndex ?? index;
        for (const rows of durability === 'volatile' ? [seen] : [seen, written]) {
          if (value === undefined) rows.delete(key);
          else rows.set(key, { value, createIndex, modifyIndex: index });
        }
      }
    });
    if (exam.subject.persistent && below(3) === 0) {
      await store.close();
      store = await exam.open();
      seen = new Map(written);
    }
    const { rows } = await exam.rows(store);
    const expected = [...seen].map(([key, { value, ...indexes }]) => kv(key, value, indexes));
    assert.deepEqual([...rows.values()].toSorted(byKey), expected.toSorted(byKey), `seed ${seed}, burst ${burst}`);
  }
  await store.close();
}
