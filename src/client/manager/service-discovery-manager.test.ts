import { getEventListeners } from 'node:events';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createMemoryCache, createSealedCache } from '../../cache/index.js';
import { isDiscoveryError, limits, type EndpointSet, type ServiceDiscoveryError } from '../../model/index.js';
import { createRegistry, type Registry } from '../../registry/index.js';
import { startTestAgent } from '../../testing/index.js';
import type { LoadBalancerUpdate, MetricsUpdate } from './events.js';
import { CacheConsistency } from './cache-consistency.js';
import type { QueryOptions } from '../discovery.js';
import { ServiceDiscoveryManager } from './service-discovery-manager.js';
import type { ServiceDiscoveryConfig } from './config.js';

interface World {
  /** To look behind the manager's back. */
  readonly registry: Registry;
  readonly config: ServiceDiscoveryConfig;
  close(): Promise<void>;
}

const worlds: readonly [string, () => Promise<World>][] = [
  [
    'an agent over HTTP',
    async () => {
      const agent = await startTestAgent();
      return {
        registry: agent.registry,
        config: { addresses: [agent.http], environment: {} },
        close: () => agent.close(),
      };
    },
  ],
  [
    'a registry in this process',
    async () => {
      const registry = await createRegistry();
      return { registry, config: { backend: registry }, close: () => registry.close() };
    },
  ],
];

describe.each(worlds)('over %s', (_name, open) => {
  let world: World;
  let manager: ServiceDiscoveryManager;
  let errors: Error[];

  beforeEach(async () => {
    world = await open();
    manager = new ServiceDiscoveryManager(world.config);
    errors = [];
    manager.on('error', (error) => errors.push(error));
  });
  afterEach(async () => {
    await manager.close();
    await world.close();
  });

  const api = { port: 8080, address: '127.0.0.1', tags: ['v1'], metadata: { version: '1.0.0' } };

  test('what is registered is discovered, with all that was said of it', async () => {
    const registration = await manager.registerService('api', { ...api, region: 'eu', weights: { passing: 3 } });
    expect(registration.id).toMatch(/^api-[0-9a-f-]{36}$/);
    const [endpoint, ...others] = await manager.discoverService('api');
    expect(others).toEqual([]);
    expect(endpoint).toMatchObject({
      id: registration.id,
      service: 'api',
      address: '127.0.0.1',
      port: 8080,
      healthy: true,
      status: 'passing',
      tags: ['v1'],
      metadata: { version: '1.0.0', region: 'eu' },
      datacenter: 'dc1',
      locality: { region: 'eu', zone: '' },
      weight: 3,
    });
    await registration.deregister();
    expect(await manager.discoverService('api', { useCache: false })).toEqual([]);
  });

  test('no instance is an empty list, never an error', async () => {
    expect(await manager.discoverService('nobody')).toEqual([]);
    expect(await manager.getService('nobody')).toBeUndefined();
  });

  test('discovery knows what the same manager has written, whatever it answered before', async () => {
    const ids = async (name = 'api'): Promise<string[]> => (await manager.discoverService(name)).map(({ id }) => id);
    const tagged = async (): Promise<number> => (await manager.discoverService('api', { tags: ['v1'] })).length;
    const nobody = async (): Promise<unknown> => expect([await ids(), await tagged()]).toEqual([[], 0]);
    const there = async (): Promise<unknown> => expect([await ids(), await tagged()]).toEqual([['a1'], 1]);
    await nobody();
    const registration = await manager.registerService('api', { ...api, id: 'a1', check: { ttl: '1h' } });
    await there();
    await registration.report('critical');
    await nobody();
    await registration.report('passing');
    await there();
    await registration.deregister();
    await nobody();

    await world.registry.registerService({ Name: 'api', ID: 'other', Port: 1 });
    await manager.registerService('api', { ...api, id: 'a1' });
    expect((await ids()).toSorted()).toEqual(['a1', 'other']);
    await manager.deregisterService('other');
    await there();
    await manager.deregisterService('a1');
    await nobody();
  });

  test('what others have written is found when the cache is', async () => {
    expect(await manager.discoverService('api')).toEqual([]);
    await manager.registerService('other', api);
    await world.registry.registerService({ Name: 'api', Port: 1 });
    expect(await manager.discoverService('api')).toEqual([]);
    expect(await manager.discoverService('api', { useCache: false })).toHaveLength(1);
  });

  test('tags, filter, health and datacenter choose', async () => {
    await manager.registerService('api', { ...api, id: 'a1' });
    await manager.registerService('api', {
      ...api,
      id: 'a2',
      port: 8081,
      tags: ['v2'],
      metadata: { version: '2.0.0' },
    });
    await manager.registerService('api', { ...api, id: 'a3', port: 8082, check: { ttl: '1h', health: () => false } });
    const ids = async (options: Parameters<ServiceDiscoveryManager['discoverService']>[1]): Promise<string[]> =>
      (await manager.discoverService('api', options)).map(({ id }) => id).toSorted();
    expect(await ids({})).toEqual(['a1', 'a2']);
    expect(await ids({ onlyPassing: false })).toEqual(['a1', 'a2', 'a3']);
    expect(await ids({ tags: ['V2'] })).toEqual(['a2']);
    expect(await ids({ filter: 'Service.Meta.version == "1.0.0"' })).toEqual(['a1']);
    expect(await ids({ datacenter: 'dc1' })).toEqual(['a1', 'a2']);
    expect((await manager.getService('api', { tag: 'v2', datacenter: 'dc1' }))?.id).toBe('a2');
  });

  test.each([
    ['', {}, 'name'],
    ['api', { tags: 'v1' }, 'tags'],
    ['api', { onlypassing: false }, 'onlypassing'],
    ['api', { filter: '' }, 'filter'],
    ['api', { consistency: 'strong' }, 'consistency'],
  ])('%j with %j is refused, naming %s', async (name, options, field) => {
    const refused = await manager.discoverService(name, options as QueryOptions).catch((error: unknown) => error);
    expect(
      isDiscoveryError(refused, 'INVALID_ARGUMENT') && refused.details.violations?.map((one) => one.field),
    ).toEqual([field]);
  });

  test('whatever is called with what is none, is refused by name', async () => {
    const none = undefined as never;
    const calls: readonly [string, () => unknown][] = [
      ['timeoutMs', () => manager.discoverService('api', { timeoutMs: NaN })],
      ['timeoutMs', () => manager.discoverSet('api', { timeoutMs: 0 })],
      ['signal', () => manager.discoverService('api', { signal: {} as AbortSignal })],
      ['signal', () => manager.watchService('api', { signal: 1 as never }).next()],
      ['wait', () => manager.watchService('api', { wait: true as never }).next()],
      ['useCache', () => manager.discoverService('api', { useCache: 'no' as never })],
      ['options', () => manager.discoverService('api', null as never)],
      ['names', () => manager.discoverServices('api' as never)],
      ['policy', () => manager.pick('api', { policy: {} as never })],
      ['key', () => manager.pick('api', { key: 1 as never })],
      ['exclude', () => manager.pick('api', { exclude: [] as never })],
      ['name', () => manager.registerService(none)],
      ['0.service', () => manager.registerService([none])],
      ['timeoutMs', () => manager.registerService('api', api, { timeoutMs: -1 })],
      ['id', () => manager.deregisterService(none)],
      ['timeoutMs', () => manager.deregisterService('api', { timeoutMs: -1 })],
      ['event', () => manager.on('erorr' as never, () => {})],
      ['listener', () => manager.on('error', none)],
      ['prefix', () => manager.on('config_update', () => {}, {})],
      ['prefix', () => manager.on('config_update', () => {}, { prefix: 1 as never })],
      ['services', () => manager.on('load_balancer_update', () => {}, { services: 'api' } as never)],
      ['service', () => manager.on('lost', () => {}, { service: 'api' } as never)],
      ['interval', () => manager.on('metrics_update', () => {}, { interval: '0s' })],
      ['name', () => manager.on('metrics_update', () => {}, { service: '' })],
    ];
    for (const [field, call] of calls) {
      const refused = await Promise.resolve()
        .then(call)
        .catch((error: unknown) => error);
      expect(refused, String(call)).toMatchObject({ code: 'INVALID_ARGUMENT' });
      expect((refused as ServiceDiscoveryError).details.violations?.map((one) => one.field)).toContain(field);
    }
  });

  test('who has given up already is not answered, not even from the cache', async () => {
    await manager.discoverService('api');
    const signal = AbortSignal.abort();
    await expect(manager.discoverService('api', { signal })).rejects.toMatchObject({ code: 'ABORTED' });
    await expect(manager.pick('api', { signal })).rejects.toMatchObject({ code: 'ABORTED' });
    expect(await manager.watchService('api', { signal }).next()).toMatchObject({ done: true });
  });

  test('a filter that is none is the caller’s mistake, on every way in', async () => {
    const filter = 'Service.Nope == 1';
    await expect(manager.discoverService('api', { filter })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(manager.pick('api', { filter })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(manager.watchService('api', { filter }).next()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  test('several at once, and in batches', async () => {
    const both = await manager.registerService([
      { name: 'a', port: 1, id: 'a1' },
      { name: 'b', port: 2, id: 'b1' },
    ]);
    expect(both.map(({ id }) => id)).toEqual(['a1', 'b1']);
    const found = await manager.discoverServices(['a', 'b', 'c', 'a']);
    expect(Array.from(found, ([name, endpoints]) => [name, endpoints.map(({ id }) => id)])).toEqual([
      ['a', ['a1']],
      ['b', ['b1']],
      ['c', []],
    ]);
  });

  test('a watch gives the set now and after every change, and feeds discovery', async () => {
    const sets: EndpointSet[] = [];
    const watch = manager.watchService('api', (_endpoints, set) => void sets.push(set));
    await expect.poll(() => sets.length).toBe(1);
    expect(sets[0]?.endpoints).toEqual([]);
    await world.registry.registerService({ Name: 'api', ID: 'other', Port: 1 });
    await expect.poll(() => sets.at(-1)?.endpoints.map(({ id }) => id)).toEqual(['other']);
    expect((await manager.discoverService('api')).map(({ id }) => id)).toEqual(['other']);
    await watch.close();
    await watch.finished;
    expect(errors).toEqual([]);
  });

  test('a callback is given the endpoints and their set; what it throws is told, by name, and ends nothing', async () => {
    const seen: unknown[] = [];
    const watch = manager.watchService('api', async (endpoints, set) => {
      seen.push([endpoints.length, set.endpoints === endpoints]);
      await Promise.reject(new Error('no disk'));
    });
    await expect.poll(() => seen).toEqual([[0, true]]);
    await manager.registerService('api', api);
    await expect
      .poll(() => seen)
      .toEqual([
        [0, true],
        [1, true],
      ]);
    await expect
      .poll(() => errors.map(({ message }) => message))
      .toContain('the callback of the watch of api threw: no disk');
    await watch.close();
  });

  test('an iterated watch ends with its signal', async () => {
    const stop = new AbortController();
    const seen: number[] = [];
    for await (const { endpoints } of manager.watchService('api', { signal: stop.signal })) {
      seen.push(endpoints.length);
      if (seen.length === 1) await world.registry.registerService({ Name: 'api', Port: 1 });
      else stop.abort();
    }
    expect(seen).toEqual([0, 1]);
  });

  test('what is picked from after the manager was closed says so', async () => {
    await manager.registerService('api', api);
    const resolution = manager.resolution('api');
    await resolution.ready();
    await manager.close();
    expect(resolution.pick()).toMatchObject({
      type: 'none',
      error: { code: 'CLOSED', message: 'the resolution of api is closed' },
    });
  });

  test('picks share the load, and leave out what failed', async () => {
    for (const port of [1, 2]) await manager.registerService('api', { ...api, id: `a${port}`, port });
    const counts = new Map<string, number>();
    for (let n = 0; n < 100; n++) {
      const pick = await manager.pick('api', { policy: 'round-robin' });
      counts.set(pick.endpoint.id, (counts.get(pick.endpoint.id) ?? 0) + 1);
      pick.done();
    }
    expect(Object.fromEntries(counts)).toEqual({ a1: 50, a2: 50 });
    const { endpoint: dead, done } = await manager.pick('api');
    done({ ok: false, kind: 'connect' });
    done();
    for (let n = 0; n < 20; n++) {
      const next = await manager.pick('api');
      expect(next.endpoint.id).not.toBe(dead.id);
      next.done();
    }
    expect((await manager.explain('api')).find(({ endpoint }) => endpoint.id === dead.id)).toMatchObject({
      eligible: false,
    });
  });

  test('a canary gets its share of the picks, by a filter; a service can refuse rather than use the failing', async () => {
    const shares = new ServiceDiscoveryManager({
      ...world.config,
      balancing: { policy: 'round-robin', slowStart: false },
      services: {
        api: {
          subsets: [
            { name: 'stable', weight: 9, filter: 'Service.Meta.version == "1.0.0"' },
            { name: 'canary', weight: 1, filter: '"canary" in Service.Tags' },
          ],
        },
        strict: { panic: { mode: 'closed' } },
      },
    });
    const registrations = await shares.registerService([
      { name: 'api', id: 's1', ...api },
      { name: 'api', id: 's2', ...api, port: 2 },
      { name: 'api', id: 'c1', port: 3, tags: ['canary'] },
      { name: 'strict', id: 'k1', port: 1, check: { ttl: '1h' } },
      { name: 'strict', id: 'k2', port: 2, check: { ttl: '1h' } },
      { name: 'strict', id: 'k3', port: 3 },
    ]);
    const counts = { s1: 0, s2: 0, c1: 0 };
    for (let n = 0; n < 1_000; n++) {
      const { endpoint, done } = await shares.pick('api');
      counts[endpoint.id as keyof typeof counts] += 1;
      done();
    }
    expect(counts.c1).toBeGreaterThan(60);
    expect(counts.c1).toBeLessThan(150);
    expect(Math.abs(counts.s1 - counts.s2)).toBeLessThanOrEqual(1);
    const all = { onlyPassing: false } as const;
    expect((await shares.pick('strict', all)).endpoint.service).toBe('strict');
    for (const registration of registrations.slice(3, 5)) await registration.report('critical');
    const picked = (): Promise<string> =>
      shares.pick('strict', all).then(
        ({ endpoint }) => endpoint.id,
        (error: { code: string }) => error.code,
      );
    await expect.poll(picked).toBe('NO_ENDPOINTS');
    expect((await shares.pick('strict')).endpoint.id).toBe('k3');
    await shares.close();
  });

  test('a pick of nobody is NO_ENDPOINTS', async () => {
    await expect(manager.pick('nobody')).rejects.toMatchObject({
      code: 'NO_ENDPOINTS',
      message: 'no instance of nobody is registered and healthy',
      details: { service: 'nobody' },
    });
  });

  test('a resolution picks without a promise and follows changes', async () => {
    await manager.registerService('api', { ...api, id: 'a1' });
    const resolution = manager.resolution('api', { policy: 'round-robin' });
    expect(resolution.pick()).toMatchObject({ type: 'none', error: { code: 'NOT_READY' } });
    await resolution.ready();
    expect(resolution.pick()).toMatchObject({ type: 'endpoint', endpoint: { id: 'a1' } });
    const seen: string[][] = [];
    resolution.onChange(({ endpoints }) => seen.push(endpoints.map(({ id }) => id)));
    await world.registry.registerService({ Name: 'api', ID: 'a2', Port: 1 });
    await expect.poll(() => seen.at(-1)?.toSorted()).toEqual(['a1', 'a2']);
    await resolution.close();
  });

  test('one signal may be given to any number of calls and watches, and is let go of', async () => {
    // Node warns of a leak from the eleventh listener on.
    const stop = new AbortController();
    const { signal } = stop;
    const names = Array.from({ length: 20 }, (_, n) => `s${n}`);
    const heard: number[] = [];
    const calls = names.map(async (name) => {
      await manager.discoverService(name, { signal });
      heard.push(getEventListeners(signal, 'abort').length);
    });
    const watches = names.map((name) => manager.watchService(name, { signal }));
    const first = watches.map((watch) => watch.next());
    await Promise.all([...calls, ...first]);
    const waiting = watches.map((watch) => watch.next());
    heard.push(getEventListeners(signal, 'abort').length);
    expect(Math.max(...heard)).toBe(1);
    stop.abort();
    expect((await Promise.all(waiting)).every(({ done }) => done)).toBe(true);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  test('load_balancer_update tells of endpoints and weights', async () => {
    await world.registry.registerService({ Name: 'api', ID: 'a1', Port: 1 });
    const updates: LoadBalancerUpdate[] = [];
    manager.on('load_balancer_update', (update) => updates.push(update), { service: 'api' });
    await expect.poll(() => updates.map(({ added }) => added.map(({ id }) => id))).toEqual([['a1']]);
    await world.registry.registerService({ Name: 'api', ID: 'a1', Port: 1, Weights: { Passing: 7, Warning: 1 } });
    await expect
      .poll(() => updates[1]?.changed.map(({ before, after }) => [before.weight, after.weight]))
      .toEqual([[1, 7]]);
    await world.registry.deregisterService('a1');
    await expect.poll(() => updates[2]?.removed.map(({ id }) => id)).toEqual(['a1']);
  });

  test('metrics_update tells of health and at intervals', async () => {
    const updates: MetricsUpdate[] = [];
    manager.on('metrics_update', (update) => updates.push(update), { service: 'api', interval: 0.05 });
    await world.registry.registerService({
      Name: 'api',
      ID: 'a1',
      Port: 1,
      Check: { CheckID: 'c', TTL: '1h', Status: 'passing' },
    });
    await world.registry.updateTtl('c', 'critical', '');
    await expect
      .poll(() =>
        updates.flatMap(({ transitions }) => transitions.map(({ before, after }) => `${before}>${after}`)).at(-1),
      )
      .toMatch(/>critical$/);
    await expect.poll(() => updates.some(({ reason }) => reason === 'interval')).toBe(true);
    const { metrics } = updates.at(-1) as MetricsUpdate;
    expect(metrics.health).toMatchObject([{ service: 'api', endpoints: 1, healthy: 0 }]);
    await manager.discoverService('api');
    expect(manager.metrics().cache).toMatchObject([{ service: 'api' }]);
  });

  test('every call is counted: by service and operation, one by one and in lists, by the manager and the registration', async () => {
    const [first] = await manager.registerService([
      { name: 'api', id: 'a1', ...api },
      { name: 'api', id: 'a2', ...api, port: 2 },
    ]);
    await manager.registerService('web', { id: 'w1', port: 3 });
    await first?.deregister();
    await manager.deregisterService('w1');
    await manager.deregisterService('nobody-knows');
    const watch = manager.watchService('api');
    await watch.next();
    await manager.discoverService('api');
    await manager.discoverService('api');
    const { latency, cache, health } = manager.metrics();
    const counts = latency.map(({ service, operation, count, failed }) => `${service} ${operation} ${count} ${failed}`);
    expect(counts.filter((line) => !line.includes('discover')).toSorted()).toEqual([
      '(others) deregister 1 0',
      'api deregister 1 0',
      'api register 2 0',
      'web deregister 1 0',
      'web register 1 0',
    ]);
    for (const { count, buckets } of latency) expect(buckets.reduce((a, b) => a + b)).toBe(count);
    const { hit = 0, miss = 0 } = cache.find(({ service }) => service === 'api') ?? {};
    expect(hit + miss).toBe(2);
    expect(health).toMatchObject([{ service: 'api', instances: [{ id: 'a2', datacenter: 'dc1', healthy: true }] }]);
    await watch.return();
  });

  test('config_update tells of keys under a prefix, once what is there, then every change', async () => {
    await putKey(world.registry, '1');
    const seen: (string | undefined)[] = [];
    const stop = manager.on('config_update', ({ entries }) => void seen.push(entries.get('app/limit')?.text), {
      prefix: 'app/',
    });
    await expect.poll(() => seen).toEqual(['1']);
    await putKey(world.registry, '2');
    await expect.poll(() => seen).toEqual(['1', '2']);
    stop();
    expect(() => manager.on('config_update', () => {}, {})).toThrow(/prefix/);
  });

  test('CacheConsistency compares with the registry’s index', async () => {
    const consistency = new CacheConsistency(manager);
    expect(await consistency.validateCache('api')).toBe(false);
    await world.registry.registerService({ Name: 'api', ID: 'a1', Port: 1 });
    await manager.discoverService('api');
    expect(await consistency.validateCache('api')).toBe(true);
    await world.registry.registerService({ Name: 'api', ID: 'a2', Port: 2 });
    expect(await consistency.validateCache('api')).toBe(false);
    expect(await manager.discoverService('api')).toHaveLength(2);
  });

  test('close deregisters, ends watches, and refuses what comes after', async () => {
    await manager.registerService('api', { ...api, id: 'a1' });
    const watch = manager.watchService('api');
    await watch.next();
    await manager.close();
    expect(await watch.next()).toEqual({ done: true, value: undefined });
    expect([...world.registry.localServices().keys()].filter((id) => id !== 'consul')).toEqual([]);
    await expect(manager.discoverService('api')).rejects.toMatchObject({ code: 'CLOSED' });
    await expect(manager.registerService('api', api)).rejects.toMatchObject({ code: 'CLOSED' });
    await manager.close();
    expect(errors).toEqual([]);
  });

  test('a registration under way when it is closed is none afterwards', async () => {
    const calls = ['x', undefined].map((id) => manager.registerService('api', { ...api, ...(id && { id }) }));
    const settled = Promise.allSettled(calls);
    // Somewhere between the first question and the last answer.
    await Promise.race([calls[0], new Promise((resolve) => setImmediate(resolve))]);
    await manager.close();
    for (const outcome of await settled)
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'CLOSED' });
    const other = new ServiceDiscoveryManager(world.config);
    await expect.poll(() => other.discoverService('api', { useCache: false, onlyPassing: false })).toEqual([]);
    await other.close();
  });

  test('close can leave what is registered', async () => {
    await manager.registerService('api', { ...api, id: 'a1' });
    await manager.close({ deregister: false });
    expect(world.registry.localServices().has('a1')).toBe(true);
  });
});

function putKey(registry: Registry, value: string): Promise<boolean> {
  return registry.kvPut({
    key: 'app/limit',
    value: Buffer.from(value).toString('base64'),
    flags: 0n,
    mode: { type: 'set' },
  });
}

test('a manager that is printed or sent shows neither tokens nor keys', async () => {
  const key = Buffer.alloc(32, 7).toString('base64');
  const manager = new ServiceDiscoveryManager({
    addresses: ['127.0.0.1:1'],
    token: 'secret-token',
    environment: { CONSUL_HTTP_AUTH: 'user:secret-word' },
    tls: { key: 'secret-key' },
    sharedCache: createSealedCache({ name: 'a', cache: createMemoryCache<Uint8Array>(), keys: [key] }),
  });
  const shown = [inspect(manager, { depth: 20, showHidden: true }), JSON.stringify({ manager })].join();
  expect(shown).toContain('consul');
  expect(shown).not.toMatch(/secret/);
  expect(shown).not.toContain(key);
  await manager.close();
});

test('more names picked at once than are kept are all answered', async () => {
  await using registry = await createRegistry();
  await using manager = new ServiceDiscoveryManager({ backend: registry });
  const names = Array.from({ length: limits.idleResolutions + 20 }, (_, n) => `p${n}`);
  const codes = await Promise.all(
    names.map((name) => manager.pick(name).catch((error: ServiceDiscoveryError) => error.code)),
  );
  expect(new Set(codes)).toEqual(new Set(['NO_ENDPOINTS']));
});

test('a shared cache that cannot be closed keeps nothing else open', async () => {
  const sharedCache = {
    get: async () => undefined,
    set: async () => false,
    delete: async () => {},
    close: () => Promise.reject(new Error('stuck')),
  };
  const agent = await startTestAgent();
  const manager = new ServiceDiscoveryManager({ addresses: [agent.http], sharedCache });
  const errors: string[] = [];
  manager.on('error', ({ message }) => errors.push(message));
  await manager.discoverService('api');
  await manager.close();
  expect(errors).toEqual(['stuck']);
  await expect(manager.consul?.status.leader()).rejects.toMatchObject({ code: 'CLOSED' });
  await agent.close();
});
