import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import * as fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import type { Cache, CacheEntry } from '../../model/index.js';
import { cacheSuite, type CachedSample } from '../../testing/cache-suite.js';
import { FakeClock } from '../../testing/fake-clock.js';
import { createMemoryCache } from '../memory/index.js';
import { createSealedCache } from './index.js';
import { readSealKeys } from './seal-keys.js';
import { Sealer } from './sealer.js';

const KEY = Buffer.alloc(32, 1);
const OTHER = Buffer.alloc(32, 2);

function entryOf(value: string, fields: Partial<CacheEntry<string>> = {}): CacheEntry<string> {
  const now = Date.now();
  const times = { storedAt: now, freshUntil: now + 30_000, staleUntil: now + 60_000, loadMs: 1 };
  return { value, index: 1, indexSpace: 's', negative: false, ...times, ...fields };
}

test('printed or sent it shows no key', () => {
  const key = KEY.toString('base64');
  const cache = createSealedCache({ cache: createMemoryCache(), name: 'samples', keys: [key] });
  expect(inspect(cache, { depth: 20, showHidden: true })).not.toContain(key);
  expect(JSON.stringify(cache)).not.toContain(key);
});

describe('a sealed cache', () => {
  const exam = cacheSuite(async () => {
    const clock = new FakeClock();
    return {
      open: async () =>
        createSealedCache<CachedSample>({ cache: createMemoryCache({ clock }), name: 'samples', keys: [KEY] }),
      seesOthers: false,
      keepsSpaces: false,
      wall: () => clock.wall(),
      advance: (ms: number) => clock.advance(ms),
      dispose: async () => {},
    };
  });
  for (const { name, run } of exam) test(name, run);

  interface World {
    readonly inner: Cache<Uint8Array>;
    readonly cache: Cache<string>;
    readonly rejected: [string, string][];
  }

  function world(keys: readonly (string | Uint8Array)[] = [KEY], inner = createMemoryCache<Uint8Array>()): World {
    const rejected: [string, string][] = [];
    const onRejected = (key: string, why: string): void => void rejected.push([key, why]);
    return { inner, rejected, cache: createSealedCache<string>({ cache: inner, name: 'things', keys, onRejected }) };
  }

  async function sealed(world: World, key: string): Promise<CacheEntry<Uint8Array>> {
    const entry = await world.inner.get(key);
    if (!entry) throw new Error('not there');
    return entry;
  }

  test('what is kept shows nothing of the value', async () => {
    const all = world();
    await all.cache.set('a', entryOf('a secret'));
    const { value } = await sealed(all, 'a');
    expect(Buffer.from(value).toString('latin1')).not.toContain('secret');
    expect(value.length).toBe(1 + 4 + 12 + JSON.stringify('a secret').length + 16);
    expect(value[0]).toBe(1);
  });

  test.each<[string, Partial<CacheEntry<Uint8Array>>]>([
    ['a higher index', { index: 2 }],
    ['another space', { indexSpace: 't' }],
    ['an earlier beginning', { storedAt: 0 }],
    ['a longer life', { freshUntil: Date.now() + 10 ** 9, staleUntil: Date.now() + 10 ** 9 }],
    ['a longer stale time', { staleUntil: Date.now() + 10 ** 9 }],
    ['another load time', { loadMs: 0 }],
    ['another meaning', { negative: true }],
  ])('given %s, it is a miss and a count', async (_, change) => {
    const all = world();
    await all.cache.set('a', entryOf('x'));
    const entry = await sealed(all, 'a');
    await all.inner.delete('a');
    await all.inner.set('a', { ...entry, ...change });
    expect(await all.cache.get('a')).toBeUndefined();
    expect(all.rejected).toEqual([['a', 'forged']]);
    expect(all.cache.stats?.()).toMatchObject({ rejected: 1 });
  });

  test('any byte changed, anywhere, is a miss', async () => {
    const all = world();
    await all.cache.set('a', entryOf('some value'));
    const entry = await sealed(all, 'a');
    for (let at = 0; at < entry.value.length; at += 1) {
      const value = Uint8Array.from(entry.value);
      value[at] = (value[at] ?? 0) ^ 0x10;
      await all.inner.set('a', { ...entry, value });
      expect(await all.cache.get('a')).toBeUndefined();
    }
    expect(all.rejected).toHaveLength(entry.value.length);
  });

  test('cut at any length, or longer, it is a miss', async () => {
    const all = world();
    await all.cache.set('a', entryOf('some value'));
    const entry = await sealed(all, 'a');
    const wrong = [...entry.value.keys()].map((length) => entry.value.subarray(0, length));
    wrong.push(Buffer.concat([entry.value, Buffer.alloc(1)]));
    for (const value of wrong) {
      await all.inner.set('a', { ...entry, value });
      expect(await all.cache.get('a')).toBeUndefined();
    }
    expect(all.rejected).toHaveLength(wrong.length);
  });

  test('noise is a miss', async () => {
    const all = world();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (value) => {
        await all.inner.set('a', { ...entryOf(''), value });
        expect(await all.cache.get('a')).toBeUndefined();
      }),
    );
  });

  test('two entries changed for each other are misses', async () => {
    const all = world();
    await all.cache.set('a', entryOf('of a'));
    await all.cache.set('b', entryOf('of b'));
    const [a, b] = [await sealed(all, 'a'), await sealed(all, 'b')];
    await all.inner.set('a', b);
    await all.inner.set('b', a);
    expect(await all.cache.get('a')).toBeUndefined();
    expect(await all.cache.get('b')).toBeUndefined();
  });

  test('one of another cache with the same key is a miss', async () => {
    const all = world();
    const other = createSealedCache<string>({ cache: all.inner, name: 'others', keys: [KEY] });
    await other.set('a', entryOf('x'));
    expect(await all.cache.get('a')).toBeUndefined();
  });

  test('one that was refused does not stand in the way of a right one', async () => {
    const all = world();
    await all.inner.set('a', { ...entryOf(''), index: Number.MAX_SAFE_INTEGER, value: randomBytes(100) });
    expect(await all.cache.get('a')).toBeUndefined();
    expect(await all.cache.set('a', entryOf('right'))).toBe(true);
    expect(await all.cache.get('a')).toMatchObject({ value: 'right' });
  });

  test('keys change without a miss: first added, then first, then the old one gone', async () => {
    const inner = createMemoryCache<Uint8Array>();
    const steps = [[KEY], [KEY, OTHER], [OTHER, KEY], [OTHER]].map((keys) => world(keys, inner));
    const [old, added, first, last] = steps as [World, World, World, World];
    await old.cache.set('a', entryOf('1'));
    expect(await added.cache.get('a')).toMatchObject({ value: '1' });
    expect(await first.cache.get('a')).toMatchObject({ value: '1' });
    await first.cache.set('b', entryOf('2'));
    expect(await added.cache.get('b')).toMatchObject({ value: '2' });
    expect(await last.cache.get('b')).toMatchObject({ value: '2' });
    expect(await last.cache.get('a')).toBeUndefined();
    expect(last.rejected).toEqual([['a', 'unknown-key']]);
    expect(await first.cache.get('a')).toMatchObject({ value: '1' });
  });

  test('a value that cannot be written is not kept, and breaks nothing', async () => {
    const cache = createSealedCache<unknown>({ cache: createMemoryCache(), name: 'things', keys: [KEY] });
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    expect(await cache.set('a', { ...entryOf(''), value: cycle })).toBe(false);
    expect(cache.stats?.()).toMatchObject({ unencodable: 1 });
  });

  test.each<[string, readonly unknown[]]>([
    ['none', []],
    ['31 bytes', [Buffer.alloc(31)]],
    ['33 bytes', [Buffer.alloc(33)]],
    ['text that is no base64', ['not base64!']],
    ['base64 of 16 bytes', [Buffer.alloc(16).toString('base64')]],
    ['a number', [7]],
    ['the same twice', [KEY, OTHER, KEY.toString('base64')]],
  ])('keys: %s is refused', (_, keys) => {
    const options = { cache: createMemoryCache<Uint8Array>(), name: 'x', keys: keys as readonly Uint8Array[] };
    expect(() => createSealedCache(options)).toThrowError(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });

  test('a key in base64 is the same key', async () => {
    const inner = createMemoryCache<Uint8Array>();
    await world([KEY], inner).cache.set('a', entryOf('x'));
    expect(await world([KEY.toString('base64')], inner).cache.get('a')).toMatchObject({ value: 'x' });
  });
});

describe('nonces', () => {
  test('do not repeat', () => {
    const sealer = new Sealer(readSealKeys([KEY]));
    const nonces = Array.from({ length: 10_000 }, () =>
      Buffer.from(sealer.seal(new Uint8Array(), new Uint8Array()).subarray(5, 17)).toString('hex'),
    );
    expect(new Set(nonces).size).toBe(10_000);
    expect(new Set(nonces.map((nonce) => nonce.slice(0, 8))).size).toBe(1);
  });

  test('after 2^32 records another key is asked for, once', () => {
    const mustRotate = vi.fn();
    const sealer = new Sealer(readSealKeys([KEY]), mustRotate, 2 ** 32 - 2);
    const seal = (): unknown => sealer.seal(new Uint8Array(), new Uint8Array());
    seal();
    expect(mustRotate).not.toHaveBeenCalled();
    seal();
    seal();
    expect(mustRotate.mock.calls).toEqual([[2 ** 32]]);
  });
});
