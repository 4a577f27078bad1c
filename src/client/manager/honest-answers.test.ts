import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  allAbilities,
  ServiceDiscoveryError,
  type CallOptions,
  type EndpointSet,
  type Resolver,
  type ServiceEndpoint,
  type ServiceQuery,
  type WatchOptions,
} from '../../model/index.js';
import { withinCall } from '../../runtime/index.js';
import { FakeClock, settle } from '../../testing/fake-clock.js';
import { seededRandom } from '../../testing/seeded-random.js';
import { staticEndpoint } from '../backends/static/static-endpoint.js';
import { CacheConsistency } from './cache-consistency.js';
import type { ServiceDiscoveryConfig } from './config.js';
import { ServiceDiscoveryManager } from './service-discovery-manager.js';

type Watching = { readonly service: string; readonly options: WatchOptions; tell(set: EndpointSet): void };

/** A backend that says what it is told to. */
class ToldResolver implements Resolver {
  readonly supports = allAbilities;
  answer: () => Promise<EndpointSet> = () => Promise.reject(down());
  lookups = 0;
  readonly watches: Watching[] = [];

  lookup(query: ServiceQuery, { signal, timeoutMs = 5_000 }: CallOptions = {}): Promise<EndpointSet> {
    this.lookups += 1;
    return withinCall(clock, 'the lookup', { signal, timeoutMs }, () => this.answer());
  }

  async *watch(query: ServiceQuery, signal: AbortSignal, options: WatchOptions = {}): AsyncGenerator<EndpointSet> {
    const queue: EndpointSet[] = [];
    let wake: (() => void) | undefined;
    const tell = (set: EndpointSet): void => {
      queue.push(set);
      wake?.();
    };
    this.watches.push({ service: query.service, options, tell });
    signal.addEventListener('abort', () => wake?.());
    while (!signal.aborted) {
      const next = queue.shift();
      if (next) yield next;
      else await new Promise<void>((resolve) => void (wake = resolve));
    }
  }

  /** To every watch. */
  tell(set: EndpointSet): void {
    for (const watch of this.watches) watch.tell(set);
  }

  confirm(index: number): void {
    for (const { options } of this.watches) options.onConfirmed?.({ index, indexSpace: 's' });
  }
}

const down = (): ServiceDiscoveryError => new ServiceDiscoveryError('UNAVAILABLE', 'nobody is there');
const endpoint = (port: number): ServiceEndpoint => staticEndpoint('api', { address: '10.0.0.1', port });
const setOf = (ports: readonly number[], fields: Partial<EndpointSet> = {}): EndpointSet => ({
  endpoints: ports.map(endpoint),
  index: 5,
  indexSpace: 's',
  ageMs: 0,
  stale: false,
  ...fields,
});
const stale = (ports: readonly number[], ageMs = 0): EndpointSet => setOf(ports, { ageMs, stale: true, error: down() });

let clock: FakeClock;
let backend: ToldResolver;
let managers: ServiceDiscoveryManager[];

beforeEach(() => {
  clock = new FakeClock();
  backend = new ToldResolver();
  managers = [];
});
afterEach(async () => {
  for (const manager of managers) await manager.close();
  await settle();
  expect(clock.pending, 'timers left').toBe(0);
});

function managerOf(config: ServiceDiscoveryConfig = {}): ServiceDiscoveryManager {
  const manager = new ServiceDiscoveryManager({ backend, clock, random: seededRandom(1), maxRetries: 1, ...config });
  managers.push(manager);
  return manager;
}

/** What became of it once the clock has moved on. */
async function after<T>(ms: number, call: Promise<T>): Promise<T> {
  const outcome = call.then(
    (value) => () => value,
    (error: unknown) => (): T => {
      throw error;
    },
  );
  await clock.advance(ms);
  return (await outcome)();
}

const codeOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'answered',
    (error: { code: string }) => error.code,
  );

describe('ages', () => {
  test('of what a watch confirmed some time ago, from the watch and from the cache it feeds', async () => {
    const manager = managerOf();
    manager.watchService('api', () => {});
    await settle();
    backend.tell(setOf([1]));
    await clock.advance(40_000);
    expect((await manager.discoverSet('api')).ageMs).toBe(40_000);
    expect((await manager.discoverSet('api')).ageMs).toBe(40_000);
    backend.confirm(6);
    await clock.advance(35_000);
    expect(await manager.discoverSet('api')).toMatchObject({ ageMs: 35_000, index: 6, stale: false });
    expect(backend.lookups).toBe(0);
  });

  test('of what the backend itself knew some time ago', async () => {
    const manager = managerOf();
    backend.answer = () => Promise.resolve(setOf([1], { ageMs: 2_000 }));
    await manager.discoverSet('api');
    await clock.advance(1_000);
    expect((await manager.discoverSet('api')).ageMs).toBe(3_000);
  });

  test('of what a resolution has, confirmed or not', async () => {
    const manager = managerOf();
    const resolution = manager.resolution('api');
    await settle();
    backend.tell(setOf([1]));
    await clock.advance(10_000);
    expect(resolution.current).toMatchObject({ ageMs: 10_000, stale: false });
    backend.confirm(5);
    expect(resolution.current?.ageMs).toBe(0);
    backend.tell(stale([1], 4_000));
    await clock.advance(1_000);
    expect(resolution.current).toMatchObject({ ageMs: 5_000, stale: true });
    await resolution.close();
  });
});

describe('what nobody confirms', () => {
  test('an answer of servers without a leader is marked, and not kept as if it were true', async () => {
    const manager = managerOf();
    backend.answer = () => Promise.resolve(stale([1], 3_000));
    expect(await manager.discoverSet('api')).toMatchObject({
      stale: true,
      ageMs: 3_000,
      error: { code: 'UNAVAILABLE' },
    });
    expect(await manager.discoverSet('api')).toMatchObject({ stale: true, endpoints: [{ port: 1 }] });
    expect(await managerOf({ enableCaching: false }).discoverSet('api')).toMatchObject({ stale: true, ageMs: 3_000 });
    expect(await codeOf(manager.pick('api'))).toBe('answered');
    await clock.advance(10_000);
    backend.answer = () => Promise.resolve(setOf([2]));
    expect(await manager.discoverSet('api')).toMatchObject({ stale: false, endpoints: [{ port: 2 }] });
  });

  test('"there is none" is not said once nobody can be asked, from the cache, from a watch, or by a pick', async () => {
    const manager = managerOf();
    backend.answer = () => Promise.resolve(setOf([]));
    expect(await manager.discoverService('api')).toEqual([]);
    backend.answer = () => Promise.reject(down());
    await clock.advance(6_000);
    expect(await codeOf(manager.discoverService('api'))).toBe('UNAVAILABLE');
    expect(await codeOf(manager.getService('api'))).toBe('UNAVAILABLE');

    backend.answer = () => Promise.resolve(setOf([]));
    await clock.advance(6_000);
    expect(await codeOf(manager.pick('api'))).toBe('NO_ENDPOINTS');
    await settle();
    backend.tell(stale([]));
    backend.answer = () => Promise.reject(down());
    await settle();
    expect(await codeOf(manager.discoverService('api'))).toBe('UNAVAILABLE');
    expect(await codeOf(manager.pick('api'))).toBe('UNAVAILABLE');

    backend.answer = () => Promise.resolve(stale([]));
    await clock.advance(6_000);
    expect(await codeOf(manager.discoverService('other'))).toBe('UNAVAILABLE');
  });

  test('is given up past the stale budget, by discovery and by picks, though a watch goes on telling its age', async () => {
    const manager = managerOf({ cacheTtl: 10, staleBudget: 100 });
    const resolution = manager.resolution('api');
    await settle();
    backend.tell(setOf([1]));
    await settle();
    await clock.advance(5_000);
    backend.tell(stale([1], 5_000));
    await clock.advance(90_000);
    expect(await manager.discoverSet('api')).toMatchObject({ stale: true, ageMs: 95_000 });
    expect((await manager.pick('api')).endpoint.port).toBe(1);
    expect(resolution.current?.ageMs).toBe(95_000);
    await clock.advance(17_000);
    expect(await codeOf(manager.discoverService('api'))).toBe('UNAVAILABLE');
    expect(await codeOf(manager.pick('api'))).toBe('UNAVAILABLE');
    expect(resolution.pick()).toMatchObject({ type: 'none', error: { code: 'UNAVAILABLE' } });
    expect(resolution.current).toBeUndefined();
    const late = await manager.watchService('api').next();
    expect(late.value).toMatchObject({ stale: true, ageMs: 112_000 });
    backend.tell(setOf([2]));
    await settle();
    expect((await manager.pick('api')).endpoint.port).toBe(2);
    await resolution.close();
  });
});

test('after an eviction not even a watch answers with what it had', async () => {
  const manager = managerOf();
  manager.watchService('api', () => {});
  await settle();
  backend.tell(setOf([1]));
  await clock.advance(10_000);
  expect((await manager.discoverService('api')).map(({ port }) => port)).toEqual([1]);
  backend.answer = () => Promise.resolve(setOf([2], { index: 9 }));
  expect(await new CacheConsistency(manager).validateCache('api')).toBe(false);
  expect((await manager.discoverService('api')).map(({ port }) => port)).toEqual([2]);
  backend.answer = () => Promise.resolve(stale([3]));
  expect(await new CacheConsistency(manager).validateCache('api')).toBe(false);
  expect((await manager.discoverService('api')).map(({ port }) => port)).toEqual([2]);
});

test('the health of a service is told for each datacenter that is watched', async () => {
  const manager = managerOf();
  for (const datacenter of [undefined, 'dc2'])
    manager.watchService('api', () => {}, { ...(datacenter && { datacenter }) });
  await settle();
  backend.tell(setOf([1]));
  await settle();
  expect(manager.metrics().health.map(({ service, datacenter }) => [service, datacenter])).toEqual([
    ['api', undefined],
    ['api', 'dc2'],
  ]);
});

describe('calls that join each other', () => {
  test('are not bounded by what the first of them had', async () => {
    const manager = managerOf();
    backend.answer = async () => {
      await clock.sleep(300);
      return setOf([1]);
    };
    const hasty = codeOf(manager.discoverService('api', { timeoutMs: 100 }));
    const patient = codeOf(manager.discoverService('api'));
    await clock.advance(1_000);
    expect([await hasty, await patient, backend.lookups]).toEqual(['TIMEOUT', 'answered', 1]);
  });

  test('a call without patience does not make the next one fail', async () => {
    const manager = managerOf();
    backend.answer = async () => {
      await clock.sleep(50);
      return setOf([1]);
    };
    expect(await after(10, codeOf(manager.discoverService('api', { timeoutMs: 5 })))).toBe('TIMEOUT');
    expect(await after(100, codeOf(manager.discoverService('api')))).toBe('answered');
  });
});

describe('resolutions', () => {
  test('one timer each, however often they are held, let go and picked from', async () => {
    const manager = managerOf();
    backend.answer = () => Promise.resolve(setOf([1]));
    const kept = manager.resolution('api');
    await kept.ready();
    await kept.close();
    const before = clock.pending;
    for (let n = 0; n < 100; n++) await manager.resolution('api').close();
    for (let n = 0; n < 10; n++) {
      await clock.advance(20_000);
      (await manager.pick('api')).done();
    }
    expect(clock.pending).toBeLessThanOrEqual(before);
  });
});
