import { describe, expect, test } from 'vitest';
import type { Cache, CacheEntry } from '../../model/index.js';
import { cacheSuite, type CachedSample } from '../../testing/cache-suite.js';
import { FakeClock, settle } from '../../testing/fake-clock.js';
import { createMemoryCache } from '../memory/index.js';
import { createTieredCache } from './index.js';

/** A second level whose answers the test lets through, and which can tell of changes. */
function world() {
  const clock = new FakeClock();
  const far = createMemoryCache<string>({ clock });
  const listeners = new Set<(key: string, space: string) => void>();
  const answers: (() => void)[] = [];
  const held = { back: false, asked: 0 };
  const second: Cache<string> = {
    get: async (key, lookup) => {
      held.asked += 1;
      const entry = await far.get(key, lookup);
      if (held.back) await new Promise<void>((resolve) => answers.push(resolve));
      return entry;
    },
    set: (key, entry) => far.set(key, entry),
    delete: (key, space) => far.delete(key, space),
    onInvalidate: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close: () => far.close(),
  };
  const first = createMemoryCache<string>({ clock });
  const cache = createTieredCache({ first, second, clock });
  const entry = (value: string, fields: Partial<CacheEntry<string>> = {}): CacheEntry<string> => {
    const now = clock.wall();
    const times = { storedAt: now, freshUntil: now + 1_000, staleUntil: now + 60_000, loadMs: 0 };
    return { value, index: 1, indexSpace: 's', negative: false, ...times, ...fields };
  };
  const invalidate = (key: string, space: string): void => listeners.forEach((told) => told(key, space));
  const letThrough = (): void => answers.splice(0).forEach((answer) => answer());
  return { clock, cache, first, far, held, entry, invalidate, letThrough, listeners };
}

describe('a cache of two levels', () => {
  const exam = cacheSuite(async () => {
    const clock = new FakeClock();
    return {
      open: async () =>
        createTieredCache<CachedSample>({
          first: createMemoryCache({ clock }),
          second: createMemoryCache({ clock }),
          clock,
        }),
      seesOthers: false,
      keepsSpaces: false,
      wall: () => clock.wall(),
      advance: (ms: number) => clock.advance(ms),
      dispose: async () => {},
    };
  });
  for (const { name, run } of exam) test(name, run);

  const inS = { indexSpace: 's' };

  test('what the second has fills the first', async () => {
    const { cache, far, held, entry } = world();
    await far.set('a', entry('far'));
    expect(cache.peek('a')).toBeUndefined();
    expect(await cache.get('a', inS)).toMatchObject({ value: 'far' });
    expect(cache.peek('a')).toMatchObject({ value: 'far' });
    await cache.get('a', inS);
    expect(held.asked).toBe(1);
  });

  test('the second is asked again when the first is out of date, and the better one is answered', async () => {
    const { cache, clock, far, first, entry } = world();
    await first.set('a', entry('near', { index: 5 }));
    await far.set('a', entry('far', { index: 4, freshUntil: clock.wall() + 50_000 }));
    await clock.advance(1_000);
    expect(await cache.get('a', inS)).toMatchObject({ value: 'near' });
    await far.set('a', entry('renewed', { index: 5, freshUntil: clock.wall() + 50_000 }));
    expect(await cache.get('a', inS)).toMatchObject({ value: 'renewed' });
    expect(cache.peek('a')).toMatchObject({ value: 'renewed' });
  });

  test('who has a fresh one and wants a fresher one is answered from the second', async () => {
    const { cache, clock, far, first, entry } = world();
    const near = entry('near');
    await first.set('a', near);
    await clock.advance(900);
    await far.set('a', entry('far'));
    expect(await cache.get('a', inS)).toMatchObject({ value: 'near' });
    expect(await cache.get('a', { ...inS, freshBeyond: near.freshUntil })).toMatchObject({ value: 'far' });
  });

  test('an entry of whichever space is answered, and does not fill the first', async () => {
    const { cache, far, entry } = world();
    await far.set('a', entry('theirs', { indexSpace: 'other' }));
    expect(await cache.get('a', inS)).toBeUndefined();
    expect(await cache.get('a')).toMatchObject({ value: 'theirs' });
    expect(cache.peek('a')).toBeUndefined();
  });

  test('told of a change, it asks again, and keeps what it has to fall back to', async () => {
    const { cache, far, entry, invalidate } = world();
    await cache.set('a', entry('old'));
    invalidate('a', 'another space');
    expect(cache.peek('a')).toMatchObject(entry('old'));
    await far.set('a', entry('new', { index: 2 }));
    invalidate('a', 's');
    expect(cache.peek('a')).toMatchObject({ value: 'old', freshUntil: entry('old').storedAt });
    expect(await cache.get('a', inS)).toMatchObject({ value: 'new' });
    expect(cache.stats?.()).toMatchObject({ invalidations: 2 });
  });

  test.each([
    ['a message', ({ invalidate }: ReturnType<typeof world>) => invalidate('a', 's')],
    ['a deletion', ({ cache }: ReturnType<typeof world>) => void cache.delete('a')],
  ])('an answer overtaken by %s is not kept', async (_, overtake) => {
    const all = world();
    await all.far.set('a', all.entry('before'));
    all.held.back = true;
    const call = all.cache.get('a', inS);
    await settle();
    overtake(all);
    const later = all.cache.get('b', inS);
    all.letThrough();
    await call;
    await settle();
    all.letThrough();
    await later;
    expect(all.cache.peek('a')).toBeUndefined();
  });

  test('an answer overtaken by a newer value does not replace it', async () => {
    const { cache, far, held, entry, letThrough } = world();
    await far.set('a', entry('before', { index: 1 }));
    held.back = true;
    const call = cache.get('a', inS);
    await settle();
    await cache.set('a', entry('newer', { index: 2 }));
    letThrough();
    expect(await call).toMatchObject({ value: 'newer' });
    expect(cache.peek('a')).toMatchObject({ value: 'newer' });
  });

  test('closed, it listens no more', async () => {
    const { cache, listeners } = world();
    expect(listeners.size).toBe(1);
    await cache.close();
    expect(listeners.size).toBe(0);
  });
});
