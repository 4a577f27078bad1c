import { describe, expect, test, vi } from 'vitest';
import { ServiceDiscoveryError } from '../../model/index.js';
import type { Cache, CacheEntry, Loaded } from '../../model/index.js';
import { FakeClock, settle } from '../../testing/fake-clock.js';
import { seededRandom } from '../../testing/seeded-random.js';
import { createMemoryCache } from '../memory/index.js';
import { createLoadingCache } from './index.js';
import type { LoadingCacheEvent, LoadingCacheOptions } from './index.js';

/** A loading cache over memory and a source whose answers the test gives by hand. */
function world(options: Partial<LoadingCacheOptions<string>> = {}) {
  const clock = new FakeClock();
  const events: LoadingCacheEvent[] = [];
  const cache = createLoadingCache<string>({
    name: 'things',
    cache: createMemoryCache({ clock }),
    clock,
    random: seededRandom(1),
    ttlMs: 10_000,
    ttlJitter: 0,
    xfetchBeta: 0,
    onEvent: (event) => events.push(event),
    ...options,
  });
  const asked: Question[] = [];
  const load = (signal: AbortSignal): Promise<Loaded<string>> =>
    new Promise((resolve, reject) => {
      asked.push({ signal, answer: resolve, fail: reject });
    });
  return { clock, cache, asked, load, events };
}

function is(value: string, rest: Partial<Loaded<string>> = {}): () => Promise<Loaded<string>> {
  return async () => ({ value, ...rest });
}

interface Question {
  readonly signal: AbortSignal;
  answer(loaded: Loaded<string>): void;
  fail(error: unknown): void;
}

const down = new ServiceDiscoveryError('UNAVAILABLE', 'nobody there');
const failing = async (): Promise<never> => {
  throw down;
};

describe('fresh values', () => {
  test('are loaded once and then served from memory', async () => {
    const { cache, clock, load, asked } = world();
    expect(cache.peek('a')).toBeUndefined();
    expect(await cache.get('a', is('one', { index: 3, indexSpace: 's' }))).toEqual({
      value: 'one',
      index: 3,
      indexSpace: 's',
      ageMs: 0,
      stale: false,
      from: 'load',
    });
    await clock.advance(9_999);
    const hit = { value: 'one', index: 3, indexSpace: 's', ageMs: 9_999, stale: false, from: 'memory' };
    expect(await cache.get('a', load)).toEqual(hit);
    expect(cache.peek('a')).toEqual(hit);
    expect(asked).toHaveLength(0);
    expect(cache.stats()).toMatchObject({ memoryHits: 2, misses: 1, loads: 1 });
  });

  test('last as long as the load says, and never longer for jitter', async () => {
    const { cache, clock } = world({ ttlJitter: 0.1, random: { next: () => 0.5 } });
    await cache.get('a', is('x', { ttlMs: 1_000 }));
    await clock.advance(949);
    expect(cache.peek('a')).toBeDefined();
    await clock.advance(1);
    expect(cache.peek('a')).toBeUndefined();
  });

  test.each([
    [0, 9_000],
    [0.5, 10_000],
    [1 - 2 ** -53, 11_000],
  ])('the usual time varies by a tenth: draw %d', async (draw, ttlMs) => {
    const { cache, clock } = world({ ttlJitter: 0.1, random: { next: () => draw } });
    await cache.get('a', is('x'));
    await clock.advance(ttlMs - 1);
    expect(cache.peek('a')).toBeDefined();
    await clock.advance(2);
    expect(cache.peek('a')).toBeUndefined();
  });

  test('that say there is none last 5 s at most', async () => {
    const { cache, clock } = world();
    await cache.get('a', is('', { negative: true, ttlMs: 60_000 }));
    await cache.get('b', is('', { negative: true, ttlMs: 2_000 }));
    await clock.advance(1_999);
    expect(cache.peek('b')).toBeDefined();
    await clock.advance(1);
    expect(cache.peek('b')).toBeUndefined();
    await clock.advance(2_999);
    expect(cache.peek('a')).toBeDefined();
    await clock.advance(1);
    expect(cache.peek('a')).toBeUndefined();
  });

  test('a clock set back by a year does not keep them for a year', async () => {
    const { cache, clock } = world();
    await cache.get('a', is('old'));
    clock.jumpWall(-365 * 86_400_000);
    expect(cache.peek('a')).toBeUndefined();
    expect(await cache.get('a', is('new'))).toMatchObject({ value: 'new', stale: false });
    expect(cache.peek('a')).toMatchObject({ value: 'new', ageMs: 0 });
  });
});

describe('one load at a time', () => {
  test('10,000 calls for an unknown key make one load', async () => {
    const { cache, load, asked } = world();
    const calls = Array.from({ length: 10_000 }, () => cache.get('a', load));
    await settle();
    expect(asked).toHaveLength(1);
    asked[0]?.answer({ value: 'x' });
    expect(new Set((await Promise.all(calls)).map(({ value }) => value))).toEqual(new Set(['x']));
    expect(cache.stats()).toMatchObject({ loads: 1, coalesced: 9_999, misses: 10_000 });
  });

  test('10,000 calls for an expired one make one load, and none waits for it', async () => {
    const { cache, clock, load, asked } = world();
    await cache.get('a', is('old'));
    await clock.advance(10_000);
    const hits = await Promise.all(Array.from({ length: 10_000 }, () => cache.get('a', load)));
    expect(hits.every(({ value, stale, ageMs }) => value === 'old' && stale && ageMs === 10_000)).toBe(true);
    await settle();
    expect(asked).toHaveLength(1);
    asked[0]?.answer({ value: 'new' });
    await settle();
    expect(cache.peek('a')).toMatchObject({ value: 'new', stale: false });
    expect(clock.pending).toBe(0);
  });

  test('keys do not wait for each other', async () => {
    const { cache, load } = world();
    void cache.get('a', load);
    expect(await cache.get('b', is('b'))).toMatchObject({ value: 'b' });
  });

  test('a load is aborted when the last of its callers gives up, not before', async () => {
    const { cache, load, asked, clock } = world();
    const [one, two] = [new AbortController(), new AbortController()];
    const first = cache.get('a', load, { signal: one.signal });
    const second = cache.get('a', load, { signal: two.signal });
    await settle();
    one.abort(new Error('enough'));
    await expect(first).rejects.toMatchObject({ code: 'ABORTED', cause: new Error('enough') });
    expect(asked[0]?.signal.aborted).toBe(false);
    two.abort();
    await expect(second).rejects.toMatchObject({ code: 'ABORTED' });
    expect(asked[0]?.signal.aborted).toBe(true);
    const third = cache.get('a', load);
    await settle();
    expect(asked).toHaveLength(2);
    asked[1]?.answer({ value: 'x' });
    expect(await third).toMatchObject({ value: 'x' });
    expect(cache.stats()).toMatchObject({ loadFailures: 0 });
    expect(clock.pending).toBe(0);
  });

  test('a call whose time is up does no harm to the others', async () => {
    const { cache, load, asked, clock } = world();
    const short = cache.get('a', load, { timeoutMs: 50 });
    const long = cache.get('a', load, { timeoutMs: 5_000 });
    const rejected = expect(short).rejects.toMatchObject({ code: 'TIMEOUT' });
    await clock.advance(50);
    await rejected;
    asked[0]?.answer({ value: 'x' });
    expect(await long).toMatchObject({ value: 'x' });
    expect(clock.pending).toBe(0);
  });

  test('an aborted signal is refused before anything is asked', async () => {
    const { cache, load, asked } = world();
    await expect(cache.get('a', load, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' });
    expect(asked).toHaveLength(0);
  });

  test('one that hangs has failed after its time, and the key is free again', async () => {
    const { cache, load, asked, clock } = world({ loadTimeoutMs: 3_000 });
    const call = cache.get('a', load);
    const rejected = expect(call).rejects.toMatchObject({ code: 'TIMEOUT' });
    await clock.advance(3_000);
    await rejected;
    expect(asked[0]?.signal.aborted).toBe(true);
    await clock.advance(1_000);
    expect(await cache.get('a', is('x'))).toMatchObject({ value: 'x' });
    asked[0]?.answer({ value: 'too late' });
    await settle();
    expect(cache.peek('a')).toMatchObject({ value: 'x' });
  });

  test('one that throws at once is a failure like any other', async () => {
    const { cache } = world();
    const error = new TypeError('not even a promise');
    await expect(
      cache.get('a', () => {
        throw error;
      }),
    ).rejects.toBe(error);
  });
});

describe('stale values', () => {
  test('soon after their time they are served while a new one is fetched; later calls wait for it', async () => {
    const { cache, clock, load, asked } = world();
    await cache.get('a', is('old'));
    await clock.advance(19_999);
    expect(await cache.get('a', load)).toMatchObject({ value: 'old', stale: true });
    await settle();
    asked[0]?.answer({ value: 'newer' });
    await settle();
    await clock.advance(20_000);
    const call = cache.get('a', load);
    await settle();
    asked[1]?.answer({ value: 'newest' });
    expect(await call).toMatchObject({ value: 'newest', stale: false, from: 'load' });
  });

  test('a slow load is waited for 1.8 s, then goes on alone', async () => {
    const { cache, clock, load, asked } = world();
    await cache.get('a', is('old'));
    await clock.advance(3_600_000);
    let served: unknown;
    const call = cache.get('a', load).then((hit) => (served = hit));
    await clock.advance(1_799);
    expect(served).toBeUndefined();
    await clock.advance(1);
    await call;
    expect(served).toMatchObject({ value: 'old', stale: true, ageMs: 3_601_800 });
    expect(await cache.get('a', load)).toMatchObject({ value: 'old', stale: true });
    expect(asked).toHaveLength(1);
    expect(asked[0]?.signal.aborted).toBe(false);
    asked[0]?.answer({ value: 'new' });
    await settle();
    expect(cache.peek('a')).toMatchObject({ value: 'new' });
  });

  test('a call with less time than that is served stale rather than refused', async () => {
    const { cache, clock, load, asked } = world();
    await cache.get('a', is('old'));
    await clock.advance(3_600_000);
    const call = cache.get('a', load, { timeoutMs: 100 });
    await clock.advance(100);
    expect(await call).toMatchObject({ value: 'old', stale: true });
    expect(asked[0]?.signal.aborted).toBe(false);
  });

  test('an hour without the source: every call is answered, with its age and the reason', async () => {
    const { cache, clock } = world();
    await cache.get('a', is('old'));
    const load = vi.fn(failing);
    for (let second = 0; second < 3_600; second += 5) {
      await clock.advance(5_000);
      const hit = await cache.get('a', load);
      await settle();
      expect(hit).toMatchObject({ value: 'old' });
      if (second >= 15) expect(hit).toMatchObject({ stale: true, ageMs: second * 1_000 + 5_000, error: down });
    }
    expect(load.mock.calls.length).toBeGreaterThan(500);
  });

  test('end with their budget: then the failure is told', async () => {
    const { cache, clock } = world({ staleMs: 60_000 });
    await cache.get('a', is('old'));
    await clock.advance(69_999);
    expect(await cache.get('a', failing)).toMatchObject({ value: 'old', stale: true, error: down });
    await clock.advance(1);
    await expect(cache.get('a', failing)).rejects.toBe(down);
  });

  test('a refusal is an answer: nothing stale is served in its place', async () => {
    const { cache, clock } = world();
    await cache.get('a', is('old'));
    await clock.advance(40_000);
    const refused = new ServiceDiscoveryError('PERMISSION_DENIED', 'no');
    const load = async (): Promise<never> => {
      throw refused;
    };
    await expect(cache.get('a', load)).rejects.toBe(refused);
    await expect(cache.get('a', load)).rejects.toBe(refused);
  });

  test('"there is none" is not served stale at once, for something may have come up', async () => {
    const { cache, clock, load, asked } = world();
    await cache.get('a', is('none', { negative: true }));
    await clock.advance(5_000);
    const call = cache.get('a', load);
    await settle();
    asked[0]?.answer({ value: 'some' });
    expect(await call).toMatchObject({ value: 'some', stale: false });
  });

  test('with no window of revalidation, every call after the time waits', async () => {
    const { cache, clock, load, asked } = world({ revalidateMs: 0 });
    await cache.get('a', is('old'));
    await clock.advance(10_000);
    const call = cache.get('a', load);
    await settle();
    asked[0]?.answer({ value: 'new' });
    expect(await call).toMatchObject({ value: 'new', stale: false });
  });

  test('what was kept of earlier days is served when the source fails at the start', async () => {
    const clock = new FakeClock();
    const now = clock.wall();
    const times = { storedAt: now - 7_000, freshUntil: now + 3_000, staleUntil: now + 60_000, loadMs: 1 };
    const kept = new Map<string, CacheEntry<string>>([
      ['a', { value: 'kept', index: 5, indexSpace: 's', negative: false, ...times }],
    ]);
    const lastKnownGood = {
      get: (key: string) => kept.get(key),
      put: (key: string, entry: CacheEntry<string>) => void kept.set(key, entry),
      delete: (key: string) => void kept.delete(key),
    };
    const cache = createLoadingCache<string>({
      name: 'things',
      cache: createMemoryCache({ clock }),
      clock,
      lastKnownGood,
    });
    expect(cache.peek('a')).toBeUndefined();
    expect(await cache.get('a', failing)).toMatchObject({ value: 'kept', stale: true, ageMs: 7_000, error: down });
    await expect(cache.get('b', failing)).rejects.toBe(down);
    await clock.advance(5_000);
    await cache.get('b', is('learnt'));
    expect(kept.get('b')?.value).toBe('learnt');
    cache.put('b', { value: 'none', negative: true });
    expect(kept.has('b')).toBe(false);
    await cache.evict('a');
    expect(kept.has('a')).toBe(false);
    await expect(cache.get('a', failing)).rejects.toBe(down);
  });
});

describe('failures', () => {
  test('are remembered for 1 s, then 2, 4 and 5 s at most, and forgotten by a success', async () => {
    const { cache, clock } = world();
    const load = vi.fn(failing);
    const times: number[] = [];
    for (let step = 0; step < 200; step += 1) {
      const before = load.mock.calls.length;
      await expect(cache.get('a', load)).rejects.toBe(down);
      if (load.mock.calls.length > before) times.push(clock.now());
      await clock.advance(100);
    }
    expect(times.map((at) => Math.round(at / 100) * 100)).toEqual([0, 1_000, 3_000, 7_000, 12_000, 17_000]);
    await clock.advance(5_000);
    await cache.get('a', is('x'));
    cache.invalidate('a');
    await cache.get('a', load);
    const before = load.mock.calls.length;
    await clock.advance(1_000);
    await cache.get('a', load);
    expect(load.mock.calls.length).toBe(before + 1);
  });

  test('do not harm what is known', async () => {
    const { cache, clock } = world();
    await cache.get('a', is('old'));
    await clock.advance(30_000);
    expect(await cache.get('a', failing)).toMatchObject({ value: 'old', stale: true, error: down });
    cache.put('a', { value: 'new' });
    expect(await cache.get('a', failing)).toMatchObject({ value: 'new', stale: false });
  });

  test('foreign errors are handed on as they are, and told as ours beside a stale value', async () => {
    const { cache, clock, events } = world();
    const foreign = new Error('socket hang up');
    const load = async (): Promise<never> => {
      throw foreign;
    };
    await expect(cache.get('a', load)).rejects.toBe(foreign);
    await cache.get('b', is('old'));
    await clock.advance(30_000);
    const { error } = await cache.get('b', load);
    expect(error).toMatchObject({ code: 'UNAVAILABLE', cause: foreign });
    expect(events.filter(({ type }) => type === 'failed')).toHaveLength(2);
  });
});

describe('early refresh', () => {
  test('XFetch fetches before the end, and the caller does not wait', async () => {
    const { cache, clock, load, asked } = world({ xfetchBeta: 1, random: { next: () => 1 - Math.exp(-3) } });
    const first = cache.get('a', load);
    await clock.advance(500);
    asked[0]?.answer({ value: 'old' });
    await first;
    await clock.advance(8_499);
    expect(cache.peek('a')).toBeDefined();
    await clock.advance(1);
    expect(cache.peek('a')).toBeUndefined();
    expect(await cache.get('a', load)).toMatchObject({ value: 'old', stale: false });
    await settle();
    expect(cache.peek('a')).toMatchObject({ value: 'old' });
    expect(asked).toHaveLength(2);
    asked[1]?.answer({ value: 'new' });
    await settle();
    expect(cache.peek('a')).toMatchObject({ value: 'new' });
    expect(cache.stats()).toMatchObject({ earlyRefreshes: 1, loads: 2 });
  });

  test('happens about once for each expiry, however many read', async () => {
    const { cache, clock } = world({ xfetchBeta: 1, random: seededRandom(7) });
    const load = async (): Promise<Loaded<string>> => {
      await clock.sleep(50);
      return { value: 'x' };
    };
    const first = cache.get('a', load);
    await clock.advance(50);
    await first;
    let waited = 0;
    for (let step = 0; step < 20_000; step += 1) {
      if (!cache.peek('a') && (await cache.get('a', load)).stale) waited += 1;
      await clock.advance(5);
    }
    const { loads } = cache.stats();
    expect(loads).toBeGreaterThanOrEqual(10);
    expect(loads).toBeLessThanOrEqual(12);
    expect(waited).toBe(0);
  });

  test('prefetch renews what was asked for twice in the last tenth of its time', async () => {
    const { cache, clock, load, asked } = world({ prefetch: true });
    await cache.get('rare', is('x'));
    await cache.get('popular', is('x'));
    cache.peek('popular');
    cache.peek('popular');
    await clock.advance(8_999);
    expect(cache.peek('popular')).toBeDefined();
    await clock.advance(1);
    expect(cache.peek('popular')).toBeUndefined();
    expect(await cache.get('popular', load)).toMatchObject({ value: 'x', stale: false });
    expect(await cache.get('rare', load)).toMatchObject({ value: 'x', stale: false });
    await settle();
    expect(asked).toHaveLength(1);
  });

  test('one that fails leaves the value fresh until its end', async () => {
    const { cache, clock } = world({ prefetch: true });
    await cache.get('a', is('x'));
    cache.peek('a');
    cache.peek('a');
    await clock.advance(9_500);
    await cache.get('a', failing);
    await settle();
    expect(cache.peek('a')).toMatchObject({ value: 'x', stale: false });
    await clock.advance(500);
    expect(cache.peek('a')).toBeUndefined();
  });
});

describe('order', () => {
  test('a load overtaken by a put does not overwrite it, and its callers get the put', async () => {
    const { cache, load, asked } = world();
    const call = cache.get('a', load);
    await settle();
    cache.put('a', { value: 'watched' });
    expect(await call).toMatchObject({ value: 'watched', stale: false });
    asked[0]?.answer({ value: 'loaded' });
    await settle();
    expect(cache.peek('a')).toMatchObject({ value: 'watched' });
    expect(asked[0]?.signal.aborted).toBe(true);
  });

  test('a load overtaken by an invalidation answers those who waited and is not kept', async () => {
    const { cache, load, asked } = world();
    const call = cache.get('a', load);
    await settle();
    cache.invalidate('a');
    const later = cache.get('a', is('new'));
    expect(await later).toMatchObject({ value: 'new' });
    asked[0]?.answer({ value: 'old' });
    expect(['old', 'new']).toContain((await call).value);
    expect(cache.peek('a')).toMatchObject({ value: 'new' });
    expect(cache.stats()).toMatchObject({ overtaken: 1 });
  });

  test('the later of two loads stays, whichever ends first', async () => {
    const { cache, load, asked } = world();
    const first = cache.get('a', load, { fresh: true });
    const second = cache.get('a', load, { fresh: true });
    await settle();
    asked[1]?.answer({ value: 'second' });
    expect(await second).toMatchObject({ value: 'second' });
    asked[0]?.answer({ value: 'first' });
    expect(await first).toMatchObject({ value: 'second' });
    expect(cache.peek('a')).toMatchObject({ value: 'second' });
  });

  test('two answers that crossed: the newer one is what both are told, and nothing has failed', async () => {
    const { cache, load, asked } = world();
    const [first, second] = [cache.get('a', load, { fresh: true }), cache.get('a', load, { fresh: true })];
    await settle();
    asked[0]?.answer({ value: 'eleven', index: 11, indexSpace: 's' });
    expect(await first).toMatchObject({ value: 'eleven' });
    asked[1]?.answer({ value: 'ten', index: 10, indexSpace: 's' });
    expect(await second).toMatchObject({ value: 'eleven', stale: false });
    expect(cache.stats()).toMatchObject({ belowFloor: 0, loadFailures: 0, overtaken: 1 });
  });

  test('a newer index is kept although a watch brought an older one meanwhile', async () => {
    const { cache, load, asked } = world();
    const call = cache.get('a', load, { fresh: true });
    await settle();
    cache.put('a', { value: 'ten', index: 10, indexSpace: 's' });
    asked[0]?.answer({ value: 'eleven', index: 11, indexSpace: 's' });
    expect(await call).toMatchObject({ value: 'eleven' });
    expect(cache.peek('a')).toMatchObject({ value: 'eleven' });
  });

  test('what was handed out after an invalidation is the least that is seen later', async () => {
    const { cache, load, asked } = world();
    const call = cache.get('a', load);
    await settle();
    cache.invalidate('a');
    asked[0]?.answer({ value: 'eleven', index: 11, indexSpace: 's' });
    expect(await call).toMatchObject({ value: 'eleven' });
    expect(cache.peek('a')).toBeUndefined();
    cache.put('a', { value: 'ten', index: 10, indexSpace: 's' });
    expect(cache.peek('a')).toBeUndefined();
    expect(await cache.get('a', failing)).toMatchObject({ value: 'eleven', stale: true });
  });

  test('a value below the index of its space is refused, and what is known is served', async () => {
    const { cache, clock, events } = world();
    await cache.get('a', is('ten', { index: 10, indexSpace: 's' }));
    cache.put('a', { value: 'nine', index: 9, indexSpace: 's' });
    expect(await cache.get('a', is('ten again', { index: 10, indexSpace: 's' }))).toMatchObject({ value: 'ten again' });
    await clock.advance(30_000);
    const behind = await cache.get('a', is('nine', { index: 9, indexSpace: 's' }));
    expect(behind).toMatchObject({ value: 'ten again', stale: true, error: { code: 'UNAVAILABLE' } });
    expect(cache.stats()).toMatchObject({ belowFloor: 2 });
    expect(events).toContainEqual({ type: 'below-floor', key: 'a', index: 9, floor: 10 });
  });

  test('a space whose answers stay below for 5 s has begun anew', async () => {
    const { cache, clock } = world();
    await cache.get('a', is('before', { index: 900, indexSpace: 'dc1' }));
    await clock.advance(30_000);
    const restarted = is('after', { index: 12, indexSpace: 'dc1' });
    const seen: string[] = [];
    for (let second = 0; second <= 8; second += 1) {
      seen.push((await cache.get('a', restarted)).value);
      await settle();
      await clock.advance(1_000);
    }
    expect(seen.slice(0, 5)).toEqual(Array(5).fill('before'));
    expect(seen.at(-1)).toBe('after');
    expect(cache.stats()).toMatchObject({ resets: 1 });
  });

  test('another space replaces, and its floor is remembered when the first comes back', async () => {
    const { cache } = world();
    cache.put('a', { value: 'A5', index: 5, indexSpace: 'A' });
    cache.put('a', { value: 'B1', index: 1, indexSpace: 'B' });
    expect(cache.peek('a')).toMatchObject({ value: 'B1' });
    cache.put('a', { value: 'A3', index: 3, indexSpace: 'A' });
    expect(cache.peek('a')).toBeUndefined();
    cache.put('a', { value: 'A6', index: 6, indexSpace: 'A' });
    expect(cache.peek('a')).toMatchObject({ value: 'A6' });
  });

  test('fresh: always loads, and falls back only when the load fails', async () => {
    const { cache, clock, load, asked } = world();
    await cache.get('a', is('old'));
    const call = cache.get('a', load, { fresh: true });
    let ended = false;
    void call.then(() => (ended = true));
    await clock.advance(5_000);
    expect(ended).toBe(false);
    asked[0]?.answer({ value: 'new' });
    expect(await call).toMatchObject({ value: 'new', from: 'load' });
    expect(await cache.get('a', failing, { fresh: true })).toMatchObject({ value: 'new', stale: true, error: down });
    expect(await cache.get('a', is('newest'), { fresh: true })).toMatchObject({ value: 'newest', stale: false });
  });

  test('invalidated: the next call loads, and falls back to what is known', async () => {
    const { cache } = world();
    await cache.get('a', is('old'));
    cache.invalidate('a');
    expect(cache.peek('a')).toBeUndefined();
    expect(await cache.get('a', failing)).toMatchObject({ value: 'old', stale: true, error: down });
    cache.invalidate('a');
    expect(await cache.get('a', is('new'))).toMatchObject({ value: 'new', stale: false });
  });

  test('evicted: nothing is left to fall back to', async () => {
    const { cache, load, asked } = world();
    await cache.get('a', is('old', { index: 9, indexSpace: 's' }));
    const call = cache.get('a', load, { fresh: true });
    await settle();
    await cache.evict('a');
    asked[0]?.answer({ value: 'seen before', index: 9, indexSpace: 's' });
    await call;
    await expect(cache.get('a', failing)).rejects.toBe(down);
  });
});

describe('the TTL follows the rate of change', () => {
  const adaptive = { minMs: 1_000, maxMs: 60_000 };

  /** TTLs that one value after the other gets, loaded as soon as the one before is out of date. */
  async function ttlsOf(value: (atMs: number) => Loaded<string>, steps: number): Promise<number[]> {
    const { cache, clock } = world({ adaptive, ttlMs: 2_000, revalidateMs: 0 });
    const ttls: number[] = [];
    for (let step = 0; step < steps; step += 1) {
      await cache.get('a', async () => value(clock.now()));
      const from = clock.now();
      while (cache.peek('a')) await clock.advance(100);
      ttls.push(clock.now() - from);
    }
    return ttls;
  }

  test('longer and longer for one that does not change', async () => {
    expect(await ttlsOf(() => ({ value: 'x' }), 8)).toEqual([
      2_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000,
    ]);
  });

  test('equal indexes are equal values', async () => {
    const ttls = await ttlsOf((at) => ({ value: `at ${at}`, index: 4, indexSpace: 's' }), 6);
    expect(ttls.at(-1)).toBe(32_000);
  });

  test('a tenth of the time between changes for one that does', async () => {
    const ttls = await ttlsOf((at) => ({ value: `${Math.floor(at / 30_000)}` }), 100);
    const settled = ttls.slice(20);
    expect(Math.max(...settled)).toBeLessThanOrEqual(24_000);
    expect(Math.min(...settled)).toBeGreaterThanOrEqual(2_000);
  });

  test('never below the least', async () => {
    const ttls = await ttlsOf((at) => ({ value: `at ${at}` }), 10);
    expect(ttls.slice(1)).toEqual(Array(9).fill(1_000));
  });
});

/** One level without `peek`, as a shared one is. */
function shared(clock: FakeClock) {
  const memory = createMemoryCache<string>({ clock });
  const get = vi.fn<Cache<string>['get']>((...arguments_) => memory.get(...arguments_));
  const cache: Cache<string> = {
    get,
    set: (key, entry) => memory.set(key, entry),
    delete: (key, space) => memory.delete(key, space),
    close: () => memory.close(),
  };
  return { cache, get, memory };
}

describe('a shared cache below', () => {
  test('is asked before the source once the space is known', async () => {
    const clock = new FakeClock();
    const { cache: below, memory } = shared(clock);
    const options = { name: 'things', cache: below, clock, xfetchBeta: 0, ttlJitter: 0 };
    const cache = createLoadingCache<string>(options);
    const load = vi.fn(async () => ({ value: 'mine', index: 1, indexSpace: 's' }));
    const now = clock.wall();
    const times = { storedAt: now, freshUntil: now + 30_000, staleUntil: now + 60_000, loadMs: 0, negative: false };
    await memory.set('a', { value: 'theirs', index: 5, indexSpace: 'other', ...times });
    await memory.set('b', { value: 'theirs', index: 5, indexSpace: 's', ...times });
    expect(await cache.get('a', load)).toMatchObject({ value: 'mine', from: 'load' });
    expect(await cache.get('b', load)).toMatchObject({ value: 'theirs', from: 'shared', stale: false });
    expect(load).toHaveBeenCalledTimes(1);
    expect(cache.stats()).toMatchObject({ sharedHits: 1, loads: 1 });
  });

  test('its entry of another space is served when the source fails, marked stale', async () => {
    const clock = new FakeClock();
    const { cache: below, memory } = shared(clock);
    const cache = createLoadingCache<string>({ name: 'things', cache: below, clock });
    const now = clock.wall();
    const times = { storedAt: now - 60, freshUntil: now + 30_000, staleUntil: now + 60_000, loadMs: 0 };
    await memory.set('a', { value: 'theirs', index: 5, indexSpace: 'other', negative: false, ...times });
    expect(await cache.get('a', failing)).toMatchObject({ value: 'theirs', stale: true, ageMs: 60, error: down });
    expect(await cache.get('a', failing)).toMatchObject({ value: 'theirs', stale: true });
    await cache.evict('a');
    await expect(cache.get('a', failing)).rejects.toBe(down);
  });

  test('one that breaks its word and rejects is a miss', async () => {
    const clock = new FakeClock();
    const broken: Cache<string> = {
      get: () => Promise.reject(new Error('broken')),
      set: () => Promise.reject(new Error('broken')),
      delete: () => Promise.resolve(),
      close: () => Promise.resolve(),
    };
    const cache = createLoadingCache<string>({ name: 'things', cache: broken, clock, indexSpace: '' });
    expect(await cache.get('a', async () => ({ value: 'x' }))).toMatchObject({ value: 'x' });
    await settle();
  });
});

describe('closing', () => {
  test('ends calls under way with CLOSED and aborts their loads', async () => {
    const { cache, clock, load, asked } = world();
    await cache.get('b', is('x'));
    const call = cache.get('a', load, { timeoutMs: 60_000 });
    const rejected = expect(call).rejects.toMatchObject({ code: 'CLOSED' });
    await settle();
    await cache.close();
    await cache.close();
    await rejected;
    expect(asked[0]?.signal.aborted).toBe(true);
    await expect(cache.get('a', load)).rejects.toMatchObject({ code: 'CLOSED' });
    expect(cache.peek('b')).toBeUndefined();
    cache.put('b', { value: 'x' });
    cache.invalidate('b');
    await cache.evict('b');
    await settle();
    expect(clock.pending).toBe(0);
  });
});

describe('options', () => {
  test.each([
    { ttlMs: -1 },
    { staleMs: NaN },
    { negativeTtlMs: -1 },
    { failure: { minMs: 0, maxMs: 5 } },
    { failure: { minMs: 10, maxMs: 5 } },
    { staleAfterMs: -1 },
    { xfetchBeta: -1 },
    { ttlJitter: 0.6 },
    { adaptive: { minMs: 10, maxMs: 5 } },
    { loadTimeoutMs: 0 },
  ])('%j is refused', (options) => {
    expect(() => world(options)).toThrowError(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});
