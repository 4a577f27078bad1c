import { EventEmitter, once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { put } from '../../model/index.js';
import type { ServiceDiscoveryError } from '../../model/index.js';
import { kv } from '../../testing/store-suite.js';
import { stateOf, temporaryDirectory } from '../../testing/store-tools.js';
import { openLevelEngine } from './engine.js';
import type { Engine } from './engine.js';
import { openEmbeddedStore } from './index.js';

let dataDir: string;
let remove: () => Promise<void>;
beforeEach(async () => {
  ({ path: dataDir, remove } = await temporaryDirectory());
});
afterEach(() => remove());

/** A disk whose next operations can be made to fail, or to wait. */
function faultyDisk() {
  const disk = {
    writeError: undefined as Error | undefined,
    readError: undefined as Error | undefined,
    gate: undefined as Promise<unknown> | undefined,
    writes: 0,
    async open(...parameters: Parameters<typeof openLevelEngine>): Promise<Engine> {
      const engine = await openLevelEngine(...parameters);
      return {
        get: (key) => {
          if (disk.readError) throw disk.readError;
          return engine.get(key);
        },
        write: async (ops) => {
          disk.writes++;
          await disk.gate;
          if (disk.writeError) throw disk.writeError;
          await engine.write(ops);
        },
        pin: () => engine.pin(),
        close: () => engine.close(),
      };
    },
  };
  return disk;
}

async function openOn(disk: ReturnType<typeof faultyDisk>) {
  const fatal = vi.fn<(error: ServiceDiscoveryError) => void>();
  const store = await openEmbeddedStore({ dataDir, onFatal: fatal, openEngine: disk.open });
  return { store, fatal };
}

const full = new Error(`IO error: 000007.log: No space left on device`);

describe('a disk that fails', () => {
  test('rejects the batch and everything after it, and keeps what was acknowledged', async () => {
    const disk = faultyDisk();
    const { store, fatal } = await openOn(disk);
    await store.commit([put(kv('a', '1'))]);
    disk.writeError = full;
    const outcomes = await Promise.allSettled([
      store.commit([put(kv('a', '2'))]),
      store.commit([put(kv('b'))]),
      store.commit([put(kv('c'))], { durability: 'lazy' }),
    ]);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({
        reason: { code: 'UNAVAILABLE', message: `cannot write to data directory ${dataDir}: ${full.message}` },
      });
    }
    disk.writeError = undefined;
    await expect(store.commit([put(kv('d'))])).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(fatal).toHaveBeenCalledTimes(1);
    expect(fatal.mock.calls[0]?.[0].message).toContain(`cannot write to data directory ${dataDir}`);
    expect(fatal.mock.calls[0]?.[0].message).toContain('No space left on device');
    await store.close();

    const again = await openEmbeddedStore({ dataDir });
    const { rows } = await stateOf(again);
    expect([...rows.values()]).toEqual([kv('a', '1', { createIndex: 1, modifyIndex: 1 })]);
    await again.close();
  });

  test('ends followers with the error, after what is durable', async () => {
    const disk = faultyDisk();
    const { store } = await openOn(disk);
    const seen: string[] = [];
    const following = (async () => {
      for await (const update of store.follow(0, new AbortController().signal))
        seen.push(`${update.type} ${update.index}`);
    })();
    const ended = expect(following).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await store.commit([put(kv('a'))]);
    disk.writeError = full;
    await expect(store.commit([put(kv('b'))])).rejects.toThrow();
    await ended;
    expect(seen).toEqual(['snapshot 0', 'changes 1']);
    await store.close();
  });

  test('shows nobody what is not on disk yet, and syncs together what arrived meanwhile', async () => {
    const disk = faultyDisk();
    const { store } = await openOn(disk);
    const seen: number[] = [];
    const abort = new AbortController();
    const following = (async () => {
      for await (const update of store.follow(0, abort.signal)) seen.push(update.index);
    })();
    const gate = new EventEmitter();
    disk.gate = once(gate, 'open');
    const first = store.commit([put(kv('a'))]);
    await vi.waitFor(() => expect(disk.writes).toBe(2));
    const others = Array.from({ length: 10 }, (_, n) => store.commit([put(kv(`b${n}`))]));
    await new Promise((resolve) => setImmediate(resolve));
    expect(seen).toEqual([0]);
    expect(disk.writes).toBe(2);
    gate.emit('open');
    expect(await Promise.all([first, ...others])).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(disk.writes).toBe(3);
    await vi.waitFor(() => expect(seen).toHaveLength(12));
    abort.abort();
    await following;
    await store.close();
  });

  test('that cannot be read while deciding stops the store rather than write half a commit', async () => {
    const disk = faultyDisk();
    const { store, fatal } = await openOn(disk);
    await store.commit([put(kv('a'))]);
    disk.readError = new Error('Corruption: block checksum mismatch');
    await expect(store.commit([put(kv('a'))])).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    disk.readError = undefined;
    await expect(store.commit([put(kv('b'))])).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(fatal).toHaveBeenCalledTimes(1);
    await store.close();
  });
});

describe('lazy commits', () => {
  test('start no batch, are seen at once, and are written with the next one', async () => {
    const disk = faultyDisk();
    const store = await openEmbeddedStore({ dataDir, openEngine: disk.open, lazyDelayMs: 60_000 });
    await store.commit([put(kv('first'))]);
    const before = disk.writes;
    expect(await store.commit([put(kv('a'))], { durability: 'lazy' })).toBe(2);
    expect(await store.commit([put(kv('b'))], { durability: 'lazy' })).toBe(3);
    expect(disk.writes).toBe(before);
    expect(await store.commit([put(kv('c'))])).toBe(4);
    expect(disk.writes).toBe(before + 1);
    await store.close();
    const again = await openEmbeddedStore({ dataDir });
    expect((await stateOf(again)).rows.size).toBe(4);
    await again.close();
  });

  test('are written after their delay when nothing else comes', async () => {
    const disk = faultyDisk();
    const store = await openEmbeddedStore({ dataDir, openEngine: disk.open, lazyDelayMs: 5 });
    await store.commit([put(kv('first'))]);
    const before = disk.writes;
    await store.commit([put(kv('a'))], { durability: 'lazy' });
    await vi.waitFor(() => expect(disk.writes).toBe(before + 1));
    await store.close();
  });

  test('do not wait for the disk while nothing but lazy ones is being written; after a synced one they do', async () => {
    const disk = faultyDisk();
    const store = await openEmbeddedStore({ dataDir, openEngine: disk.open, lazyDelayMs: 1 });
    await store.commit([put(kv('first'))]);
    const gate = new EventEmitter();
    disk.gate = once(gate, 'open');
    const before = disk.writes;
    await store.commit([put(kv('a'))], { durability: 'lazy' });
    await vi.waitFor(() => expect(disk.writes).toBe(before + 1));
    expect(await store.commit([put(kv('b'))], { durability: 'lazy' })).toBe(3);
    const shown: number[] = [];
    const note = (index: number): void => void shown.push(index);
    const waiting = [store.commit([put(kv('c'))]), store.commit([put(kv('d'))], { durability: 'lazy' })];
    for (const one of waiting) void one.then(note);
    await new Promise((resolve) => void setImmediate(resolve));
    expect(shown).toEqual([]);
    gate.emit('open');
    await Promise.all(waiting);
    expect(shown).toEqual([4, 5]);
    await store.close();
    const again = await openEmbeddedStore({ dataDir });
    expect((await stateOf(again)).rows.size).toBe(5);
    await again.close();
  });
});
