import { describe, expect, test } from 'vitest';
import type { CacheEntry } from '../../model/index.js';
import { cacheSuite } from '../../testing/cache-suite.js';
import { FakeClock } from '../../testing/fake-clock.js';
import { createMemoryCache } from './index.js';
import { sizeOfValue } from './size-of.js';

function entryOf<V>(value: V): CacheEntry<V> {
  const times = { storedAt: 0, freshUntil: 1e15, staleUntil: 1e15, loadMs: 0 };
  return { value, index: 1, indexSpace: '', negative: false, ...times };
}

const subject = async () => {
  const clock = new FakeClock();
  return {
    open: async () => createMemoryCache<never>({ clock }),
    seesOthers: false,
    keepsSpaces: false,
    wall: () => clock.wall(),
    advance: (ms: number) => clock.advance(ms),
    dispose: async () => {},
  };
};
describe('the memory cache', () => {
  for (const { name, run } of cacheSuite(subject)) test(name, run);

  test('the least recently used goes when the bytes are more than allowed', async () => {
    const cache = createMemoryCache<string>({ maxBytes: 4_000, sizeOf: () => 1_000 - 240 - 1 });
    for (const key of ['a', 'b', 'c', 'd']) expect(await cache.set(key, entryOf(key))).toBe(true);
    cache.peek?.('a');
    await cache.set('e', entryOf('e'));
    expect(cache.peek?.('b')).toBeUndefined();
    for (const key of ['a', 'c', 'd', 'e']) expect(cache.peek?.(key)?.value).toBe(key);
    expect(cache.stats?.()).toEqual({ memoryEntries: 4, memoryBytes: 4_000, memoryEvictions: 1 });
  });

  test('what is larger than the whole cache is not kept, and drives nothing out', async () => {
    const cache = createMemoryCache<string>({ maxBytes: 2_000 });
    await cache.set('a', entryOf('a'));
    expect(await cache.set('b', entryOf('b'.repeat(3_000)))).toBe(false);
    expect(cache.peek?.('a')?.value).toBe('a');
    expect(cache.peek?.('b')).toBeUndefined();
  });

  test.each([0, -1, 1.5, NaN, Infinity])('%d bytes are refused', (maxBytes) => {
    expect(() => createMemoryCache({ maxBytes })).toThrowError(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});

describe('the size of a value', () => {
  test('grows with what is in it', () => {
    const one = sizeOfValue({ tags: ['a'], meta: { version: '1' } });
    expect(sizeOfValue({ tags: ['a'.repeat(1_001)], meta: { version: '1' } })).toBe(one + 1_000);
    expect(sizeOfValue([1, 2, 3])).toBeLessThan(sizeOfValue([1, 2, 3, 4]));
  });

  test('counts bytes, maps and sets, and ends on cycles', () => {
    expect(sizeOfValue(new Uint8Array(5_000))).toBeGreaterThanOrEqual(5_000);
    expect(sizeOfValue(new Map([['a', 'x'.repeat(500)]]))).toBeGreaterThan(500);
    expect(sizeOfValue(new Set(['x'.repeat(500)]))).toBeGreaterThan(500);
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    expect(sizeOfValue(cycle)).toBeLessThan(200);
    expect(sizeOfValue(undefined)).toBe(sizeOfValue(null));
  });
});
