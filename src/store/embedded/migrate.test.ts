import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { put } from '../../model/index.js';
import { kv, syncDocument } from '../../testing/store-suite.js';
import { copyOf, stateOf, temporaryDirectory } from '../../testing/store-tools.js';
import { openEmbeddedStore, readOrCreateNodeId } from './index.js';

const FIXTURES = join(import.meta.dirname, '../../../test/fixtures');
const NODE_ID = '5b0f7f0e-3c1d-4a55-9d57-1f1a2b3c4d5e';

let dataDir: string;
let remove: () => Promise<void>;
beforeEach(async () => {
  const parent = await temporaryDirectory();
  remove = parent.remove;
  dataDir = join(parent.path, 'data');
});
afterEach(() => remove());

const at = (name: string): string => join(dataDir, name);

async function migrated() {
  const store = await openEmbeddedStore({ dataDir, datacenter: 'dc9' });
  try {
    return await stateOf(store);
  } finally {
    await store.close();
  }
}

describe('a data directory of format 1', () => {
  beforeEach(() => copyOf(join(FIXTURES, 'data-dir-v1'), dataDir));

  test('is brought over whole, with what format 1 did not say', async () => {
    const { index, rows } = await migrated();
    expect(index).toBe(212);
    expect(rows.size).toBe(206);
    expect(rows.get('service\0node-1\0web-1')).toMatchObject({ createIndex: 2, modifyIndex: 5, port: 8080 });
    for (const kind of ['node', 'service', 'check']) {
      const row = [...rows.values()].find((some) => some.kind === kind);
      expect(row).toMatchObject({ datacenter: 'dc9', origin: NODE_ID });
    }
    expect(rows.get('local-check\0\0service:web-1')).not.toHaveProperty('origin');
    expect(rows.get('kv\0\0config/limit')).toMatchObject({ value: 'NDI=', flags: 2n ** 64n - 1n, modifyIndex: 9 });
    expect(rows.has('kv\0\0many/0')).toBe(false);
    expect(rows.get('kv\0\0late')).toMatchObject({ createIndex: 212 });
    expect(await readOrCreateNodeId(dataDir)).toBe(NODE_ID);
  });

  test('goes on with the next index, and is of the new format ever after', async () => {
    await migrated();
    expect(readFileSync(join(dataDir, 'FORMAT'), 'utf8')).toBe('datapunk discovery data, format 3\n');
    const store = await openEmbeddedStore({ dataDir });
    expect(await store.commit([put(kv('config/limit', 'x'))])).toBe(213);
    expect((await stateOf(store)).rows.get('kv\0\0config/limit')).toMatchObject({ createIndex: 7, modifyIndex: 213 });
    await store.close();
  });

  test('is kept as a backup that an older version could open', async () => {
    await migrated();
    const backup = new ClassicLevel(join(dataDir, 'backup-format-1'));
    expect(await backup.get('index')).toBe('212');
    await backup.close();
    expect(readdirSync(dataDir).toSorted()).toEqual(['FORMAT', 'acknowledged', 'backup-format-1', 'node-id', 'store']);
  });

  test('does not overwrite a backup that is there', async () => {
    mkdirSync(join(dataDir, 'backup-format-1'));
    writeFileSync(join(dataDir, 'backup-format-1', 'mine'), '');
    await migrated();
    expect(existsSync(join(dataDir, 'backup-format-1', 'mine'))).toBe(true);
    expect(existsSync(join(dataDir, 'backup-format-1.2', 'CURRENT'))).toBe(true);
  });

  test('that is damaged is refused and left alone', async () => {
    const old = new ClassicLevel(join(dataDir, 'store'));
    await old.put('row/kv\0\0broken', '{"kind":"kv","key":"other"}');
    await old.close();
    await expect(migrated()).rejects.toMatchObject({ code: 'CORRUPT', message: expect.stringContaining('broken') });
    expect(readFileSync(join(dataDir, 'FORMAT'), 'utf8')).toContain('format 1');
    expect(existsSync(join(dataDir, 'store', 'CURRENT'))).toBe(true);
  });

  // What a crash between two steps of the migration leaves behind.
  test.each([
    ['the new store was half built', async () => mkdirSync(at('store.migrating'))],
    [
      'the stores had not changed places',
      async () => {
        await migrated();
        writeFileSync(at('FORMAT'), 'datapunk discovery data, format 1\n');
        renameSync(at('store'), at('store.migrating'));
      },
    ],
    [
      'FORMAT was not written',
      async () => {
        await migrated();
        writeFileSync(at('FORMAT'), 'datapunk discovery data, format 1\n');
      },
    ],
    ['nothing but the mark was written', async () => rmSync(at('acknowledged'), { force: true })],
  ])('is brought over after a crash when %s', async (_what, crash) => {
    await crash();
    const { index, rows } = await migrated();
    expect([index, rows.size]).toEqual([212, 206]);
    expect([...(await migrated()).rows.keys()]).toEqual([...rows.keys()]);
  });
});

describe('a data directory of format 2', () => {
  beforeEach(() => copyOf(join(FIXTURES, 'data-dir-v2'), dataDir));

  test('is opened as it is, and no longer by a version that could not read what may be written to it', async () => {
    const { index, rows } = await migrated();
    expect([index, rows.size]).toEqual([128, 53]);
    expect(rows.get('service\0node-1\0web-1')).toMatchObject({ port: 8080, hlc: 0 });
    expect(rows.get('node\0far\0')).toMatchObject({ address: '10.0.0.9', hlc: 0 });
    expect(rows.get('kv\0\0config/limit')).toMatchObject({ value: 'NDI=', flags: 2n ** 64n - 1n });
    expect(readFileSync(at('FORMAT'), 'utf8')).toBe('datapunk discovery data, format 3\n');
    const store = await openEmbeddedStore({ dataDir });
    expect(await store.commit([put(syncDocument('stream/a', 1))])).toBe(129);
    await store.close();
    expect((await migrated()).rows.get('sync\0\0stream/a')).toMatchObject({ body: 1 });
  });
});
