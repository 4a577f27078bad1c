import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { put } from '../../model/index.js';
import { kv } from '../../testing/store-suite.js';
import { copyOf, stateOf, temporaryDirectory } from '../../testing/store-tools.js';
import { openEmbeddedStore, readOrCreateNodeId } from './index.js';

let parent: string;
let remove: () => Promise<void>;
beforeEach(async () => {
  ({ path: parent, remove } = await temporaryDirectory());
});
afterEach(() => remove());

describe('a data directory', () => {
  test('is made with its parents, for its owner only', async () => {
    const dataDir = join(parent, 'a', 'b', 'data');
    const store = await openEmbeddedStore({ dataDir });
    expect(statSync(dataDir).mode & 0o777).toBe(0o700);
    expect(readFileSync(join(dataDir, 'FORMAT'), 'utf8')).toBe('datapunk discovery data, format 3\n');
    expect(readFileSync(join(dataDir, 'owner'), 'utf8')).toBe(`${process.pid}\n`);
    await store.close();
    expect(existsSync(join(dataDir, 'owner'))).toBe(false);
  });

  test('in use is refused to a second agent, naming directory and process', async () => {
    const dataDir = join(parent, 'data');
    const store = await openEmbeddedStore({ dataDir });
    await store.commit([put(kv('a'))]);
    await expect(openEmbeddedStore({ dataDir })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: `data directory ${dataDir} is in use by another agent, process ${process.pid}`,
    });
    expect(existsSync(join(dataDir, 'evidence'))).toBe(false);
    await store.commit([put(kv('b'))]);
    await store.close();
    const again = await openEmbeddedStore({ dataDir });
    expect((await stateOf(again)).rows.size).toBe(2);
    await again.close();
  });

  test('of a newer format is refused, naming both formats', async () => {
    writeFileSync(join(parent, 'FORMAT'), 'datapunk discovery data, format 4\n');
    await expect(openEmbeddedStore({ dataDir: parent })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: `data directory ${parent} has format 4, made by a newer version; this one reads up to 3`,
    });
    expect(readdirSync(parent)).toEqual(['FORMAT']);
  });

  test('that is no directory is refused in one line', async () => {
    writeFileSync(join(parent, 'file'), '');
    for (const dataDir of [join(parent, 'file'), join(parent, 'file', 'data')]) {
      const error = await openEmbeddedStore({ dataDir }).catch((reason: unknown) => reason as Error);
      expect(error).toMatchObject({ code: 'UNAVAILABLE' });
      expect((error as Error).message).toMatch(/^cannot use data directory .*not a directory$/);
    }
  });

  test('left behind half made is made anew', async () => {
    const dataDir = join(parent, 'data');
    const store = await openEmbeddedStore({ dataDir });
    await store.close();
    // As a crash just before FORMAT leaves it: only the first state record is there.
    const bare = join(parent, 'bare');
    await copyOf(dataDir, bare);
    const { rmSync } = await import('node:fs');
    for (const name of ['FORMAT', 'acknowledged']) rmSync(join(bare, name));
    const again = await openEmbeddedStore({ dataDir: bare });
    expect(await again.commit([put(kv('a'))])).toBe(1);
    await again.close();
    mkdirSync(join(parent, 'empty', 'store'), { recursive: true });
    await (await openEmbeddedStore({ dataDir: join(parent, 'empty') })).close();
  });

  test('keeps the agent’s id', async () => {
    const dataDir = join(parent, 'x', 'y');
    const id = await readOrCreateNodeId(dataDir);
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/);
    expect(await readOrCreateNodeId(dataDir)).toBe(id);
    writeFileSync(join(dataDir, 'node-id'), 'garbage');
    await expect(readOrCreateNodeId(dataDir)).rejects.toMatchObject({ code: 'CORRUPT' });
  });
});
