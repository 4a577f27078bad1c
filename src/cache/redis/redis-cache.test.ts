import { createClient } from '@redis/client';
import { once } from 'node:events';
import { inspect } from 'node:util';
import { Worker } from 'node:worker_threads';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { hasRedis, RedisServer } from '../../../test/support/redis-server.js';
import type { Cache, CacheEntry } from '../../model/index.js';
import { realClock } from '../../runtime/index.js';
import { cacheSuite, type CachedSample } from '../../testing/cache-suite.js';
import { FakeClock } from '../../testing/fake-clock.js';
import { createMemoryCache } from '../memory/index.js';
import { createSealedCache } from '../sealed/index.js';
import { createTieredCache } from '../tiered/index.js';
import { bytesCodec } from '../codec.js';
import { createRedisCache } from './index.js';
import type { RedisEvent } from './index.js';

test('redis-server is here where it must be', () => {
  if (process.env['CI'] === 'true')
    expect(hasRedis, 'redis-server is not installed: run scripts/test-setup').toBe(true);
});

test('printed or sent it shows no password', async () => {
  const cache = createRedisCache({ url: 'redis://:pass-word@127.0.0.1:1' });
  await cache.get('a');
  expect(inspect(cache, { depth: 20, showHidden: true })).not.toContain('pass-word');
  expect(JSON.stringify(cache)).not.toContain('pass-word');
  await cache.close();
});

/** Wall time turns by hand; deadlines and back-offs are real, for a real server is asked. */
class HandTurnedWall {
  private offsetMs = 0;
  readonly now = realClock.now;
  readonly sleep = realClock.sleep;
  readonly after = realClock.after;

  wall(): number {
    return Date.UTC(2024, 0, 1) + this.offsetMs;
  }

  async advance(ms: number): Promise<void> {
    this.offsetMs += ms;
  }
}

function entryOf<V>(value: V, fields: Partial<CacheEntry<V>> = {}): CacheEntry<V> {
  const now = Date.now();
  const times = { storedAt: now, freshUntil: now + 30_000, staleUntil: now + 600_000, loadMs: 1 };
  return { value, index: 1, indexSpace: 's', negative: false, ...times, ...fields };
}

/** The exam over clients of one Redis, each case under a prefix of its own. */
function examOver(open: (prefix: string, clock: HandTurnedWall) => Cache<CachedSample>, seesOthers = true) {
  return cacheSuite(async () => {
    const clock = new HandTurnedWall();
    const prefix = freshPrefix();
    return {
      open: async () => open(prefix, clock),
      seesOthers,
      keepsSpaces: true,
      wall: () => clock.wall(),
      advance: (ms) => clock.advance(ms),
      dispose: async () => {},
    };
  });
}

let prefixes = 0;
const freshPrefix = (): string => `test-${(prefixes += 1)}:`;

function isFresh(entry: CacheEntry<string> | undefined): boolean {
  return (entry?.freshUntil ?? 0) > Date.now();
}

/** Looks until it is so, for at most twenty seconds: back-offs are real, and the machine may be busy. */
async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let look = 0; look < 2_000; look += 1) {
    if (await holds()) return;
    await realClock.sleep(10);
  }
  throw new Error('it never came to be so');
}

describe.skipIf(!hasRedis)(
  hasRedis ? 'with a redis-server' : 'redis-server is not installed',
  { timeout: 60_000 },
  () => {
    let server: RedisServer;
    const closers: (() => Promise<unknown>)[] = [];

    beforeAll(async () => {
      server = await RedisServer.start();
    });
    afterAll(() => server.kill());
    afterEach(async () => {
      server.thaw();
      for (const close of closers.splice(0)) await close();
    });

    function redis<V>(options: Partial<Parameters<typeof createRedisCache<V>>[0]> = {}) {
      const events: RedisEvent[] = [];
      const onEvent = (event: RedisEvent): void => void events.push(event);
      const cache = createRedisCache<V>({
        url: options.client ? undefined : server.url,
        prefix: 'discovery:',
        onEvent,
        // Generous where it must answer: the machine may be busy.
        commandTimeoutMs: 5_000,
        ...options,
      });
      closers.push(() => cache.close());
      return { cache, events };
    }

    function tiered(prefix: string) {
      const { cache: second, events } = redis<string>({ prefix });
      const cache = createTieredCache<string>({ first: createMemoryCache(), second });
      closers.push(() => cache.close());
      return { cache, events };
    }

    describe('the exam', () => {
      const key = Buffer.alloc(32, 7);
      const sealedRedis = (prefix: string, clock: HandTurnedWall) =>
        createSealedCache<CachedSample>({
          cache: createRedisCache({ url: server.url, prefix, clock, codec: bytesCodec, commandTimeoutMs: 5_000 }),
          name: 'samples',
          keys: [key],
        });

      describe('of Redis', () => {
        const exam = examOver((prefix, clock) =>
          createRedisCache({ url: server.url, prefix, clock, commandTimeoutMs: 5_000 }),
        );
        for (const { name, run } of exam) test(name, run);
      });

      describe('of sealed Redis', () => {
        for (const { name, run } of examOver(sealedRedis)) test(name, run);
      });

      describe('of memory before sealed Redis', () => {
        const exam = examOver(
          (prefix, clock) =>
            createTieredCache({
              first: createMemoryCache<CachedSample>({ clock }),
              second: sealedRedis(prefix, clock),
              clock,
            }),
          false,
        );
        for (const { name, run } of exam) test(name, run);
      });

      describe('of Redis without scripts', () => {
        beforeAll(() => server.command('ACL', 'SETUSER', 'plain', 'on', '>secret', '~*', '+@all', '-@scripting'));
        const exam = examOver((prefix, clock) =>
          createRedisCache({
            url: server.url.replace('//', '//plain:secret@'),
            prefix,
            clock,
            commandTimeoutMs: 5_000,
          }),
        );
        // Two writes at once may end in either order there, and the event says so.
        for (const { name, run } of exam.filter(({ name }) => !name.startsWith('of many at once'))) test(name, run);
      });
    });

    describe('the connection', () => {
      test('a user without scripts is told of once, and written to all the same', async () => {
        await server.command('ACL', 'SETUSER', 'plain', 'on', '>secret', '~*', '+@all', '-@scripting');
        const { cache, events } = redis<string>({
          url: server.url.replace('//', '//plain:secret@'),
          prefix: freshPrefix(),
        });
        expect(await cache.set('a', entryOf('one'))).toBe(true);
        expect(await cache.set('a', entryOf('none', { index: 0 }))).toBe(false);
        expect(await cache.get('a')).toMatchObject({ value: 'one' });
        expect(events.map(({ type }) => type)).toEqual(['no-scripts']);
      });

      test('a wrong password is a miss and an event, and is not repeated in it', async () => {
        const { cache, events } = redis<string>({ url: server.url.replace('//', '//default:hunter2@') });
        await server.command('CONFIG', 'SET', 'requirepass', 'right');
        try {
          expect(await cache.get('a')).toBeUndefined();
          expect(events).toMatchObject([{ type: 'down' }]);
          expect(JSON.stringify(events) + String((events[0] as { error: Error }).error)).not.toContain('hunter2');
        } finally {
          const client = createClient({ url: server.url.replace('//', '//:right@') });
          await client.connect();
          await client.configSet('requirepass', '');
          await client.close();
        }
      });

      test('entries go by themselves at the end of their time', async () => {
        const prefix = freshPrefix();
        const { cache } = redis<string>({ prefix });
        await cache.set('a', entryOf('x', { staleUntil: Date.now() + 60_000 }));
        for (const key of [`${prefix}{a}:s`, `${prefix}{a}`]) {
          const left = Number((await server.command('PTTL', key)).slice(1));
          expect(left).toBeGreaterThan(50_000);
          expect(left).toBeLessThanOrEqual(60_000);
        }
      });

      test('what is in the way and no entry of ours is a miss, and is written over', async () => {
        const prefix = freshPrefix();
        const { cache } = redis<string>({ prefix });
        await server.command('SET', `${prefix}{a}:s`, 'something else');
        expect(await cache.get('a', { indexSpace: 's' })).toBeUndefined();
        await server.command('RPUSH', `${prefix}{b}:s`, 'a list');
        expect(await cache.get('b', { indexSpace: 's' })).toBeUndefined();
        for (const key of ['a', 'b']) {
          expect(await cache.set(key, entryOf('ours'))).toBe(true);
          expect(await cache.get(key, { indexSpace: 's' })).toMatchObject({ value: 'ours' });
        }
        expect(cache.stats?.()).toMatchObject({ redisDamaged: 1 });
      });

      test('with nothing there, every call is a miss, and only the first asks', async () => {
        const { cache, events } = redis<string>({ url: 'redis://127.0.0.1:1' });
        for (let call = 0; call < 100; call += 1) expect(await cache.get('a')).toBeUndefined();
        expect(await cache.set('a', entryOf('x'))).toBe(false);
        await cache.delete('a');
        expect(events.map(({ type }) => type)).toEqual(['down']);
        expect(cache.stats?.()).toMatchObject({ redisConnects: 0 });
      });

      test('killed in mid-flight and started again: misses without an error, then it is used again', async () => {
        const { cache, events } = redis<number>({ prefix: freshPrefix() });
        await cache.set('warm', entryOf(1));
        const work = { running: true };
        let calls = 0;
        const workers = Array.from({ length: 20 }, async (_, worker) => {
          while (work.running) {
            await cache.set(`k${worker}`, entryOf(worker));
            const entry = await cache.get(`k${worker}`, { indexSpace: 's' });
            if (entry) expect(entry.value).toBe(worker);
            calls += 1;
            await realClock.sleep(1);
          }
        });
        await eventually(() => calls > 200);
        await server.kill();
        await eventually(() => events.some(({ type }) => type === 'down'));
        const before = calls;
        await eventually(() => calls > before + 100);
        await server.restart();
        await eventually(() => events.some(({ type }) => type === 'up'));
        await eventually(async () => (await cache.get('k3', { indexSpace: 's' }))?.value === 3);
        work.running = false;
        await Promise.all(workers);
      });

      test('frozen: the first call is a miss in its time, the others at once, and it is used again later', async () => {
        const { cache, events } = redis<string>({ prefix: freshPrefix(), commandTimeoutMs: 1_000 });
        await cache.set('a', entryOf('x'));
        server.freeze();
        const call = cache.get('a', { indexSpace: 's' });
        expect(await call).toBeUndefined();
        expect(cache.stats?.()).toMatchObject({ redisTimeouts: 1, redisSkipped: 0 });
        for (let more = 0; more < 20; more += 1) expect(await cache.get('a')).toBeUndefined();
        expect(cache.stats?.()).toMatchObject({ redisTimeouts: 1, redisSkipped: 20 });
        server.thaw();
        await eventually(async () => (await cache.get('a', { indexSpace: 's' }))?.value === 'x');
        expect(events.map(({ type }) => type)).toEqual(['down', 'up']);
      });

      test('closing does not wait for a frozen server', async () => {
        const { cache } = redis<string>({ prefix: freshPrefix(), commandTimeoutMs: 100 });
        await cache.set('a', entryOf('x'));
        server.freeze();
        const call = cache.get('a');
        await cache.close();
        expect(await call).toBeUndefined();
      });

      test('a client of yours is used, and stays yours', async () => {
        const client = createClient({ url: server.url });
        client.on('error', () => {});
        await client.connect();
        closers.push(async () => client.isOpen && client.destroy());
        const { cache } = redis<string>({ client, prefix: freshPrefix() });
        expect(await cache.set('a', entryOf('x'))).toBe(true);
        expect(await cache.get('a')).toMatchObject({ value: 'x' });
        await cache.close();
        expect(client.isReady).toBe(true);
        const { cache: another } = redis<string>({ client, prefix: freshPrefix() });
        client.destroy();
        expect(await another.get('a')).toBeUndefined();
      });

      test('an idle one does not keep the process alive, and a command does', async () => {
        // Against the build: a worker knows no TypeScript.
        const code = `
        const { createRedisCache } = await import(${JSON.stringify(new URL('../../../dist/cache/index.js', import.meta.url).href)});
        const cache = createRedisCache({ url: ${JSON.stringify(server.url)}, prefix: ${JSON.stringify(freshPrefix())}, commandTimeoutMs: 5000 });
        const now = Date.now();
        const kept = await cache.set('a', { value: 1, index: 1, indexSpace: '', storedAt: now, freshUntil: now + 1e4, staleUntil: now + 1e4, loadMs: 0, negative: false });
        const { parentPort } = await import('node:worker_threads');
        parentPort.postMessage(kept);`;
        const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`));
        const exit = once(worker, 'exit');
        expect(await once(worker, 'message')).toEqual([true]);
        expect(await exit).toEqual([0]);
      });
    });

    describe('invalidation', () => {
      test('what another process writes is asked for again; what we write ourselves is not', async () => {
        const prefix = freshPrefix();
        const [{ cache: one }, { cache: two }] = [tiered(prefix), tiered(prefix)];
        await one.set('a', entryOf('first', { index: 1 }));
        await one.set('b', entryOf('mine'));
        expect(await two.get('a', { indexSpace: 's' })).toMatchObject({ value: 'first' });
        await two.set('a', entryOf('second', { index: 2 }));
        await eventually(() => !isFresh(one.peek('a')));
        expect(one.peek('a')).toMatchObject({ value: 'first' });
        expect(await one.get('a', { indexSpace: 's' })).toMatchObject({ value: 'second' });
        expect(one.peek('a')).toMatchObject({ value: 'second' });
        expect(isFresh(one.peek('b'))).toBe(true);
        await two.delete('a', 's');
        await eventually(() => !isFresh(one.peek('a')));
      });

      test('what clients of another space write leaves ours alone', async () => {
        const prefix = freshPrefix();
        const [{ cache: one }, { cache: two }] = [tiered(prefix), tiered(prefix)];
        await one.set('a', entryOf('of one', { indexSpace: 'one', index: 900 }));
        await one.set('end', entryOf('old'));
        await two.set('a', entryOf('of two', { indexSpace: 'two', index: 3 }));
        await two.set('end', entryOf('new', { index: 2 }));
        await eventually(() => !isFresh(one.peek('end')));
        expect(isFresh(one.peek('a'))).toBe(true);
        expect(await one.get('a', { indexSpace: 'one' })).toMatchObject({ value: 'of one' });
        expect(await two.get('a', { indexSpace: 'two' })).toMatchObject({ value: 'of two' });
      });

      test('comes back with the connection', async () => {
        const prefix = freshPrefix();
        const [{ cache: one, events }, { cache: two }] = [tiered(prefix), tiered(prefix)];
        await one.set('a', entryOf('first'));
        await two.get('a', { indexSpace: 's' });
        await server.restart();
        await eventually(async () => {
          await one.set('a', entryOf('again'));
          return events.some(({ type }) => type === 'up');
        });
        await eventually(() => two.set('a', entryOf('newer', { index: 5 })).then(() => !isFresh(one.peek('a'))));
        expect(await one.get('a', { indexSpace: 's' })).toMatchObject({ value: 'newer' });
      });

      test('a user who may not have it is told of once, and served all the same', async () => {
        await server.command('ACL', 'SETUSER', 'untracked', 'on', '>secret', '~*', '+@all', '-client|tracking');
        const { cache: second, events } = redis<string>({
          url: server.url.replace('//', '//untracked:secret@'),
          prefix: freshPrefix(),
        });
        const cache = createTieredCache<string>({ first: createMemoryCache(), second });
        closers.push(() => cache.close());
        await cache.set('a', entryOf('x'));
        expect(await second.get('a')).toMatchObject({ value: 'x' });
        expect(events.map(({ type }) => type)).toEqual(['no-invalidation']);
      });
    });
  },
);

describe('options', () => {
  const client = { isReady: false, sendCommand: async () => undefined };

  test.each([
    [{}, 'url'],
    [{ url: 'redis://localhost', client }, 'url'],
    [{ url: 'http://localhost' }, 'url'],
    [{ url: 'nonsense' }, 'url'],
    [{ client: {} as never }, 'client'],
    [{ client, prefix: 'a{b}' }, 'prefix'],
    [{ client, commandTimeoutMs: 0 }, 'commandTimeoutMs'],
    [{ client, connectTimeoutMs: NaN }, 'connectTimeoutMs'],
  ])('%j is refused', (options, field) => {
    expect(() => createRedisCache(options)).toThrowError(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        details: { violations: [expect.objectContaining({ field })] },
      }),
    );
  });

  test('a password in a refused URL is not repeated', () => {
    try {
      createRedisCache({ url: 'http://user:hunter2@host' });
    } catch (error) {
      expect(String(error) + JSON.stringify(error)).not.toContain('hunter2');
    }
  });

  test('without the package, the error says what to install', async () => {
    vi.doMock('node:module', () => ({
      createRequire: () => ({
        resolve: () => {
          throw new Error('Cannot find module');
        },
      }),
    }));
    vi.resetModules();
    try {
      const { createRedisCache: create } = await import('./index.js');
      expect(() => create({ url: 'redis://127.0.0.1' })).toThrowError(
        expect.objectContaining({ code: 'UNSUPPORTED', message: expect.stringContaining('@redis/client') as string }),
      );
    } finally {
      vi.doUnmock('node:module');
      vi.resetModules();
    }
  });

  test('a client that is not connected is not asked', async () => {
    const clock = new FakeClock();
    const cache = createRedisCache<string>({
      client: { ...client, sendCommand: () => Promise.reject(new Error('asked')) },
      clock,
    });
    expect(await cache.get('a')).toBeUndefined();
    expect(cache.stats?.()).toMatchObject({ redisErrors: 0, redisSkipped: 1 });
  });
});
