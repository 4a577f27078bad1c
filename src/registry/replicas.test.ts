import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Change, Row } from '../model/index.js';
import { put, remove, topic } from '../model/index.js';
import type { LocalSet, Merge, MergeTarget } from '../sync/index.js';
import { nodeRow, serviceRow, sessionRow } from '../testing/catalog-world.js';
import { startedRegistry } from '../testing/started-registry.js';
import { kv, syncDocument } from '../testing/store-suite.js';

const HOME = '22222222-2222-4222-8222-222222222222';
const state = (space: string): MergeTarget & { type: 'state' } => ({ type: 'state', home: HOME, space });
const dc2: MergeTarget = { type: 'datacenter', datacenter: 'dc2' };

let parent: string;
beforeAll(async () => (parent = await mkdtemp(join(tmpdir(), 'datapunk-copies-'))));
afterAll(() => rm(parent, { recursive: true }));

let lives = 0;
const freshDirectory = (): string => join(parent, `copies-${++lives}`);

function into(target: MergeTarget, changes: readonly Change[], at?: number): Merge {
  return { target, changes, durability: 'synced', ...(at !== undefined && { at }) };
}

function restored(row: Row, createIndex: number, modifyIndex: number): Change {
  return put({ ...row, createIndex, modifyIndex });
}

describe.each(['memory', 'disk'])('copies of the facts of others, in %s', (where) => {
  const options = (): { readonly copiesDir?: string } => (where === 'disk' ? { copiesDir: freshDirectory() } : {});

  test('of a home’s state are at its indexes, in its index space', async () => {
    await using at = await startedRegistry(options());
    const { syncHost } = at.registry;
    const told: LocalSet[] = [];
    syncHost.onLocal((set) => told.push(set));
    const target = state('space-1');
    expect(syncHost.copyOf(target)).toBeUndefined();
    const { index } = at.catalog;
    const merges = [
      syncHost.merge(into(target, [restored(kv('a'), 3, 90), restored(sessionRow('s'), 50, 50)], 100)),
      syncHost.merge(into(target, [remove('kv', 'a'), restored(kv('b'), 120, 120)], 120)),
      syncHost.merge(into(target, [put(syncDocument(`stream/${HOME}/state`, { ver: 3 }))])),
    ];
    await Promise.all(merges);
    const copy = syncHost.copyOf(target);
    expect([copy?.indexSpace, copy?.catalog.index, copy?.catalog.datacenter]).toEqual(['space-1', 120, 'dc1']);
    expect(copy?.catalog.kvList('')).toMatchObject({ index: 120, value: [{ key: 'b', createIndex: 120 }] });
    expect(copy?.catalog.session('s')).toMatchObject({ modifyIndex: 50 });
    expect([at.catalog.index, at.catalog.kv('b'), told]).toEqual([index, undefined, []]);
    const held = syncHost.held().find((one) => one.target.type === 'state');
    expect([...(held?.rows ?? [])]).toHaveLength(2);
    expect([...(held?.documents ?? [])]).toMatchObject([{ body: { ver: 3 } }]);
  });

  test('refuse an index that is not above the last one, and go on', async () => {
    await using at = await startedRegistry(options());
    const { syncHost } = at.registry;
    const target = state('space-1');
    await syncHost.merge(into(target, [restored(kv('a'), 5, 5)], 5));
    await expect(syncHost.merge(into(target, [restored(kv('a'), 5, 5)], 5))).rejects.toMatchObject({
      code: 'CONFLICT',
    });
    await expect(syncHost.merge(into(target, [put(kv('a'))]))).rejects.toMatchObject({ code: 'CONFLICT' });
    await syncHost.merge(into(target, [restored(kv('a'), 5, 6)], 6));
    expect(syncHost.copyOf(target)?.catalog.kv('a')?.modifyIndex).toBe(6);
  });

  test('of another datacenter have an order of their own, and wake their readers', async () => {
    await using at = await startedRegistry(options());
    const { syncHost } = at.registry;
    const rows = [nodeRow('far', { datacenter: 'dc2' }), serviceRow('far', 'web', { datacenter: 'dc2' })];
    await syncHost.merge(into(dc2, rows.map(put)));
    const copy = syncHost.copyOf(dc2);
    expect(copy?.catalog.datacenter).toBe('dc2');
    expect(copy?.catalog.serviceView('web').instances).toHaveLength(1);
    let woken = 0;
    copy?.catalog.subscribe(topic.service('web'), () => woken++);
    await syncHost.merge(into(dc2, [remove('service', 'web', 'far')]));
    expect([woken, copy?.catalog.hasService('web'), at.catalog.node('far')]).toEqual([1, false, undefined]);
    expect(copy?.indexSpace).not.toBe(at.registry.indexSpace);
  });

  test('of a home’s state begin anew when its indexes do, or when the home is another agent', async () => {
    const where = options();
    await using at = await startedRegistry(where);
    const { syncHost } = at.registry;
    await syncHost.merge(into(state('space-1'), [restored(kv('a'), 500, 500)], 500));
    await syncHost.merge(into(dc2, [put(nodeRow('far'))]));
    await syncHost.merge(into(state('space-2'), [restored(kv('b'), 7, 7)], 7));
    expect(syncHost.copyOf(state('space-1'))).toBeUndefined();
    expect(syncHost.copyOf(state('space-2'))?.catalog.kvUnder('')).toMatchObject([{ key: 'b' }]);
    const other = { ...state('space-2'), home: '33333333-3333-4333-8333-333333333333' };
    const merges = [
      syncHost.merge(into(other, [restored(kv('c'), 3, 3)], 3)),
      syncHost.merge(into(other, [restored(kv('d'), 4, 4)], 4)),
    ];
    await Promise.all(merges);
    expect(syncHost.copyOf(other)?.catalog.kvUnder('')).toMatchObject([{ key: 'c' }, { key: 'd' }]);
    expect(syncHost.held().map(({ target }) => target)).toEqual([{ type: 'local' }, dc2, other]);
    if (where.copiesDir) expect(await readdir(where.copiesDir)).toHaveLength(2);
  });
});

describe('copies on disk', () => {
  test('are there after a restart, rows and documents of the same commit', async () => {
    const copiesDir = freshDirectory();
    const datacenter = { type: 'datacenter', datacenter: '../öst,1' } as const;
    {
      await using at = await startedRegistry({ copiesDir });
      const { syncHost } = at.registry;
      await syncHost.merge(into(state('space-1'), [restored(kv('a'), 5, 5), put(syncDocument('s', 1))], 5));
      await syncHost.merge(into(datacenter, [put(nodeRow('far'))]));
    }
    expect(await readdir(copiesDir)).toEqual(['datacenter,..%2F%C3%B6st%2C1', `state,${HOME},space-1`]);
    await mkdir(join(copiesDir, 'lost+found'));
    await using at = await startedRegistry({ copiesDir });
    const { syncHost } = at.registry;
    const copy = syncHost.copyOf(state('space-1'));
    expect([copy?.indexSpace, copy?.catalog.index, copy?.catalog.kv('a')]).toMatchObject([
      'space-1',
      5,
      { modifyIndex: 5 },
    ]);
    expect(Array.from(syncHost.held(), ({ target, documents }) => [target, [...documents].length])).toEqual([
      [{ type: 'local' }, 0],
      [datacenter, 0],
      [state('space-1'), 1],
    ]);
  });

  test('that are damaged are begun anew: others still have what was in them', async () => {
    const copiesDir = freshDirectory();
    {
      await using at = await startedRegistry({ copiesDir });
      await at.registry.syncHost.merge(into(dc2, [put(nodeRow('far'))]));
    }
    await writeFile(join(copiesDir, 'datacenter,dc2', 'acknowledged'), 'garbage');
    await using at = await startedRegistry({ copiesDir });
    const { syncHost } = at.registry;
    expect(syncHost.copyOf(dc2)).toBeUndefined();
    await syncHost.merge(into(dc2, [put(nodeRow('other'))]));
    expect(syncHost.copyOf(dc2)?.catalog.node('far')).toBeUndefined();
  });

  test('that cannot be opened end the agent: of what is merged nothing may be left out', async () => {
    const copiesDir = freshDirectory();
    await using at = await startedRegistry({ copiesDir });
    const told: string[] = [];
    at.registry.on('fatal', ({ message }) => told.push(message));
    await mkdir(copiesDir);
    await writeFile(join(copiesDir, 'datacenter,dc2'), 'in the way');
    const merge = at.registry.syncHost.merge(into(dc2, [put(nodeRow('far'))]));
    await expect(merge).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(told).toEqual([expect.stringMatching(/^a copy cannot be opened: /)]);
  });

  test('are not begun once the registry is closed', async () => {
    const copiesDir = freshDirectory();
    const at = await startedRegistry({ copiesDir });
    const { syncHost } = at.registry;
    await at.registry.close();
    await expect(syncHost.merge(into(dc2, [put(nodeRow('far'))]))).rejects.toMatchObject({ code: 'CLOSED' });
    expect(existsSync(copiesDir)).toBe(false);
  });

  test('have names that a file can have', async () => {
    await using at = await startedRegistry({ copiesDir: freshDirectory() });
    const target = { type: 'datacenter', datacenter: 'x'.repeat(200) } as const;
    await expect(at.registry.syncHost.merge(into(target, []))).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});
