import { getEventListeners } from 'node:events';
import { beforeEach, describe, expect, test } from 'vitest';
import { invalid, ServiceDiscoveryError, type EndpointSet, type ServiceQuery } from '../../model/index.js';
import { FakeClock, settle } from '../../testing/fake-clock.js';
import { seededRandom } from '../../testing/seeded-random.js';
import { staticEndpoint } from '../backends/static/static-endpoint.js';
import { queryKey } from '../query.js';
import { ConfigWatches, type ConfigSource } from './config-watches.js';
import type { LoadBalancerUpdate } from './events.js';
import { UpdateEvents } from './update-events.js';

const API: ServiceQuery = { service: 'api', onlyPassing: false };
const setOf = (port: number, stale = false): EndpointSet => ({
  endpoints: [staticEndpoint('api', { address: '10.0.0.1', port })],
  index: port,
  indexSpace: 's',
  ageMs: 0,
  stale,
});

let clock: FakeClock;
let errors: unknown[];
beforeEach(() => {
  clock = new FakeClock();
  errors = [];
});

const onError = (error: unknown): void => void errors.push(error);
const configsOf = (source: ConfigSource | undefined): ConfigWatches =>
  new ConfigWatches(source, onError, { clock, random: seededRandom(1) });

function updatesOver(watched: Map<string, EndpointSet>): UpdateEvents {
  return new UpdateEvents({
    clock,
    configs: configsOf(undefined),
    watch: async function* () {},
    current: (query) => watched.get(queryKey(query)),
    snapshot: () => {
      throw new Error('nobody asked for one');
    },
    onError,
  });
}
const listen = (updates: UpdateEvents, told: LoadBalancerUpdate[]): void => {
  updates.on('load_balancer_update', (update) => void told.push(update));
};
const ports = (told: readonly LoadBalancerUpdate[]): unknown[] =>
  told.map(({ added, stale }) => [added.map(({ port }) => port), stale]);

describe('load_balancer_update', () => {
  test('a new listener is told of what is watched now, and whether anybody confirms it', async () => {
    const watched = new Map([[queryKey(API), setOf(1, true)]]);
    const updates = updatesOver(watched);
    updates.take(API, setOf(1, true));
    const told: LoadBalancerUpdate[] = [];
    listen(updates, told);
    await settle();
    expect(ports(told)).toEqual([[[1], true]]);
  });

  test('what was watched once is not told as if it were there now, and all of it is when it is watched again', async () => {
    const watched = new Map([[queryKey(API), setOf(1)]]);
    const updates = updatesOver(watched);
    updates.take(API, setOf(1));
    watched.clear();
    const told: LoadBalancerUpdate[] = [];
    listen(updates, told);
    await settle();
    expect(told).toEqual([]);
    watched.set(queryKey(API), setOf(1));
    updates.take(API, setOf(1));
    await settle();
    expect(ports(told)).toEqual([[[1], false]]);
  });

  test('of one query for each service and datacenter, the widest', async () => {
    const watched = new Map<string, EndpointSet>();
    const updates = updatesOver(watched);
    const told: LoadBalancerUpdate[] = [];
    listen(updates, told);
    const queries: ServiceQuery[] = [
      API,
      { ...API, onlyPassing: true },
      { ...API, datacenter: 'dc2' },
      { ...API, datacenter: 'dc2', onlyPassing: true },
    ];
    for (const [at, query] of queries.entries()) {
      watched.set(queryKey(query), setOf(at + 1));
      updates.take(query, setOf(at + 1));
    }
    await settle();
    expect(told.map(({ query }) => query)).toEqual([API, { ...API, datacenter: 'dc2' }]);
  });
});

describe('config_update', () => {
  test('is refused where there is no configuration', () => {
    expect(() => configsOf(undefined).listen('kv', 'app/', () => {})).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED' }),
    );
    expect(clock.pending).toBe(0);
  });

  test('a source that ends or throws is asked again, with no listener left behind each time', async () => {
    let asked = 0;
    let heard = 0;
    const configs = configsOf(async function* (_source, _scope, signal) {
      asked += 1;
      heard = Math.max(heard, getEventListeners(signal, 'abort').length);
      yield { index: asked, entries: new Map() };
      if (asked % 2 === 0) throw new ServiceDiscoveryError('UNAVAILABLE', 'down');
    });
    const stop = configs.listen('kv', 'app/', () => {});
    await clock.advance(200_000);
    expect(asked).toBeGreaterThan(20);
    expect(errors.length).toBeGreaterThan(10);
    expect(heard).toBeLessThanOrEqual(1);
    stop();
    await settle();
    expect(clock.pending).toBe(0);
  });

  test('what trying again cannot mend is told once; who asks later is asked for anew', async () => {
    let asked = 0;
    // oxlint-disable-next-line require-yield
    const configs = configsOf(async function* () {
      asked += 1;
      throw invalid('no such kind');
    });
    const stop = configs.listen('config', 'service-nothing', () => {});
    await clock.advance(60_000);
    expect([asked, errors.length]).toEqual([1, 1]);
    configs.listen('config', 'service-nothing', () => {});
    await settle();
    expect([asked, errors.length]).toEqual([2, 2]);
    stop();
    configs.close();
  });
});
