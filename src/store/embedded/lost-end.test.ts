/** What a death of the process leaves of commits that were not to be on disk, or not yet. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { put } from '../../model/index.js';
import type { KvRow } from '../../model/index.js';
import { FakeClock } from '../../testing/fake-clock.js';
import { kv, syncDocument } from '../../testing/store-suite.js';
import { copyOf, stateOf, temporaryDirectory } from '../../testing/store-tools.js';
import { openEmbeddedStore } from './index.js';

let parent: string;
let cleanUp: () => Promise<void>;
beforeAll(async () => ({ path: parent, remove: cleanUp } = await temporaryDirectory()));
afterAll(() => cleanUp());

function at(index: number): KvRow {
  return kv('a', String(index), { createIndex: 10, modifyIndex: index });
}

/** As the death of the process would leave it now. */
async function dead(name: string): Promise<string> {
  const to = join(parent, `${name}-dead`);
  await copyOf(join(parent, name), to);
  return to;
}

test('volatile commits are gone, and no index that was seen comes again', async () => {
  const store = await openEmbeddedStore({ dataDir: join(parent, 'volatile'), lazyDelayMs: 1 });
  await store.commit([put(kv('a', '1'))]);
  let last = 0;
  for (let n = 0; n < 5_000; n++) last = await store.commit([put(kv('a', '2'))], { durability: 'volatile' });
  const again = await openEmbeddedStore({ dataDir: await dead('volatile') });
  const { rows } = await stateOf(again);
  expect([...rows.values()]).toMatchObject([{ key: 'a', value: '1', modifyIndex: 1 }]);
  expect(await again.commit([put(kv('b'))])).toBeGreaterThan(last);
  await again.close();
  await store.close();
});

test('a copy that lost its end is at the index of what it still has, and is brought forward from there', async () => {
  // Lazy commits stay where they are for as long as the test takes.
  const store = await openEmbeddedStore({ dataDir: join(parent, 'copy'), clock: new FakeClock() });
  await store.commit([put(at(10)), put(syncDocument('stream/home', { ver: 1 }))], { at: 10 });
  await store.commit([put(at(11)), put(syncDocument('stream/home', { ver: 2 }))], { at: 11, durability: 'lazy' });
  expect((await stateOf(store)).index).toBe(11);
  const lazily = store.commit([put(at(9_000)), put(syncDocument('stream/home', { ver: 3 }))], {
    at: 9_000,
    durability: 'lazy',
  });
  expect(await lazily).toBe(9_000);

  const again = await openEmbeddedStore({ dataDir: await dead('copy') });
  const { index, rows } = await stateOf(again);
  // The snapshot above had 11 written. Rows and document are of one commit.
  expect([index, ...[...rows.values()].map((row) => (row.kind === 'sync' ? row.body : row.modifyIndex))]).toEqual([
    11,
    11,
    { ver: 2 },
  ]);
  expect(await again.commit([put(at(9_000)), put(syncDocument('stream/home', { ver: 3 }))], { at: 9_000 })).toBe(9_000);
  await again.close();
  await store.close();
});
