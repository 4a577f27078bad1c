/**
 * What a client of the library pays: a discovery from the cache and one that asks, a pick, registering 1,000 instances,
 * watching 1,000 services of 100 instances each, and what the cache spares the registry. Beside a Map lookup behind an
 * await, and bare HTTP round trips of the same size.
 */
import { Pool } from 'undici';
import { ServiceDiscoveryManager } from '../src/client/index.js';
import { load, median, percentile } from './support/load.js';
import { startAgent, startBareHttp } from './support/processes.js';
import { report, whole } from './support/report.js';

const ROUNDS = 5;
const CALLS = 200_000;
const ASKED = 2_000;
const REGISTRATIONS = 1_000;
const WATCHED = 1_000;
const INSTANCES = 100;

/** Nanoseconds a call, the median of some rounds. */
async function nsPerCall(call: () => Promise<unknown>): Promise<number> {
  const rounds: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const began = performance.now();
    for (let i = 0; i < CALLS; i++) await call();
    // The first one warms up.
    if (round > 0) rounds.push(((performance.now() - began) / CALLS) * 1e6);
  }
  return median(rounds);
}

async function registerTen(agent: { readonly origin: string }): Promise<void> {
  const manager = new ServiceDiscoveryManager({ addresses: [agent.origin], environment: {} });
  await manager.registerService(
    Array.from({ length: 10 }, (_, i) => ({
      name: 'api',
      id: `api-${i}`,
      port: 1_000 + i,
      address: '127.0.0.1',
      tags: ['v1'],
    })),
  );
  await manager.close({ deregister: false });
}

async function calls(): Promise<void> {
  const agent = await startAgent();
  await registerTen(agent);
  const manager = new ServiceDiscoveryManager({ addresses: [agent.origin], environment: {} });
  const { length: bytes } = JSON.stringify(await manager.consul?.health.service('api').then(({ value }) => value));
  const bare = await startBareHttp(bytes);
  try {
    const known = new Map([['api', await manager.discoverService('api')]]);
    const lookup = await nsPerCall(async () => [...(known.get('api') ?? [])]);
    const cached = await nsPerCall(() => manager.discoverService('api'));
    const resolution = manager.resolution('api');
    await resolution.ready();
    const picked = await nsPerCall(async () => {
      const pick = resolution.pick();
      if (pick.type === 'endpoint') pick.done();
    });
    const asked: number[] = [];
    for (let i = 0; i < ASKED; i++) {
      const began = performance.now();
      await manager.discoverService('api', { useCache: false });
      asked.push(performance.now() - began);
    }
    const roundTrip = await load(bare.origin, 1, ASKED, () => ({ method: 'GET', path: '/' }));
    report([
      {
        what: 'discover from the cache, 10 instances',
        measured: `${whole(cached)} ns`,
        beside: `Map.get and copy behind an await ${whole(lookup)} ns`,
        bar: '<= 1,000 ns',
        reached: cached <= 1_000,
      },
      {
        what: 'pick and done of a resolution, awaited',
        measured: `${whole(picked)} ns`,
        beside: `an await of nothing is part of it`,
      },
      {
        what: 'discover that asks, p50 (p99)',
        measured: `${percentile(asked, 0.5).toFixed(2)} ms (${percentile(asked, 0.99).toFixed(2)} ms)`,
        beside: `bare round trip ${roundTrip.p50Ms.toFixed(2)} ms (${roundTrip.p99Ms.toFixed(2)} ms)`,
      },
    ]);
    await resolution.close();
  } finally {
    await manager.close();
    await Promise.all([agent.stop(), bare.stop()]);
  }
}

/** The first rounds warm both sides up. */
async function registrations(): Promise<void> {
  const agent = await startAgent();
  const manager = new ServiceDiscoveryManager({ addresses: [agent.origin], environment: {} });
  const seconds: number[] = [];
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const began = performance.now();
      await manager.registerService(
        Array.from({ length: REGISTRATIONS }, (_, i) => ({
          name: `s${i % 100}`,
          id: `i-${round}-${i}`,
          port: 1 + i,
          check: { ttl: '1m' },
        })),
        { timeoutMs: 60_000 },
      );
      seconds.push((performance.now() - began) / 1_000);
    }
    report([
      {
        what: '1,000 registrations with TTL checks, one call',
        measured: `${median(seconds).toFixed(2)} s (${whole(REGISTRATIONS / median(seconds))}/s), the first time ${seconds[0]?.toFixed(2)} s; first reports included`,
      },
    ]);
  } finally {
    await manager.close({ deregister: false });
    await agent.stop();
  }
}

async function watches(): Promise<void> {
  const agent = await startAgent();
  await load(agent.origin, 32, WATCHED * INSTANCES, (at) => {
    const [s, i] = [Math.floor(at / INSTANCES), at % INSTANCES];
    const body = { Node: `n${i}`, Address: '10.0.0.1', Service: { Service: `s${s}`, ID: `s${s}-${i}`, Port: 1 + i } };
    return { method: 'PUT', path: '/v1/catalog/register', body: JSON.stringify(body) };
  });
  const manager = new ServiceDiscoveryManager({ addresses: [agent.origin], environment: {} });
  const sizes = new Map<string, number>();
  try {
    const before = process.memoryUsage().rss;
    const began = performance.now();
    for (let s = 0; s < WATCHED; s++)
      manager.watchService(`s${s}`, (endpoints) => void sizes.set(`s${s}`, endpoints.length));
    while (sizes.size < WATCHED && performance.now() - began < 120_000) await pause(20);
    const firstMs = performance.now() - began;
    await pause(2_000);
    const latencies = await changes(agent.origin, sizes);
    report([
      {
        what: '1,000 services × 100 instances, one client',
        measured: `${sizes.size} known after ${(firstMs / 1_000).toFixed(1)} s, ${whole((process.memoryUsage().rss - before) / 1e6)} MB`,
      },
      {
        what: 'a change of one of them seen after, p50 (p99)',
        measured: `${percentile(latencies, 0.5).toFixed(1)} ms (${percentile(latencies, 0.99).toFixed(1)} ms), the write included`,
      },
    ]);
  } finally {
    await manager.close();
    await agent.stop();
  }
}

/** One instance less in a hundred of the services, one after another. */
async function changes(origin: string, sizes: ReadonlyMap<string, number>): Promise<number[]> {
  const writer = new Pool(origin, { connections: 1 });
  const latencies: number[] = [];
  for (let s = 0; s < 100; s++) {
    const began = performance.now();
    const body = JSON.stringify({ Node: 'n0', ServiceID: `s${s}-0` });
    const answer = await writer.request({ method: 'PUT', path: '/v1/catalog/deregister', body });
    await answer.body.dump();
    while (sizes.get(`s${s}`) !== INSTANCES - 1 && performance.now() - began < 30_000) await pause(0);
    latencies.push(performance.now() - began);
  }
  await writer.close();
  return latencies;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

await calls();
await registrations();
await watches();
