/**
 * The client library as its users meet it, over HTTP: against our agent, or, with CONSUL_HTTP_ADDR set, against whatever
 * answers there, such as a real Consul: `CONSUL_HTTP_ADDR=127.0.0.1:8500 npx vitest run test/e2e/client-library.test.ts`.
 * Names are new for each test, and everything registered is deregistered.
 */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { ConsulClient } from '../../src/consul/index.js';
import { CacheConsistency, ServiceDiscoveryManager, SplitBrainProtection } from '../../src/index.js';
import type { EndpointSet } from '../../src/model/index.js';
import { listenOnLoopback, type LoopbackServer } from '../../src/testing/loopback-server.js';
import { startTestAgent, type TestAgent } from '../../src/testing/index.js';

const given = process.env['CONSUL_HTTP_ADDR'];
let agent: TestAgent | undefined;
let address: string;
let client: ConsulClient;
let discovery: ServiceDiscoveryManager;
let other: ServiceDiscoveryManager;
let name: string;
let instance: LoopbackServer;
let status: number;

beforeAll(async () => {
  agent = given === undefined ? await startTestAgent() : undefined;
  address = agent?.http ?? (given as string);
  client = given === undefined ? new ConsulClient({ addresses: address }) : ConsulClient.fromEnvironment();
  instance = await listenOnLoopback(
    createServer((_request, response) => {
      response.statusCode = status;
      response.end('ok');
    }),
  );
});
afterAll(async () => {
  await client.close();
  await instance.close();
  await agent?.close();
});

beforeEach(() => {
  name = `e2e-${randomUUID().slice(0, 8)}`;
  status = 200;
  [discovery, other] = [managerOf(), managerOf()];
});
afterEach(async () => {
  await Promise.all([discovery.close(), other.close()]);
});

function managerOf(): ServiceDiscoveryManager {
  return new ServiceDiscoveryManager(given === undefined ? { addresses: [address], environment: {} } : {});
}

const ids = (set: { readonly endpoints: readonly { readonly id: string }[] } | undefined): string[] =>
  (set?.endpoints ?? []).map(({ id }) => id).toSorted();

/** Our agent answers with what it accepted, at once; a Consul's tells its servers a moment later. */
async function shown(...expected: readonly string[]): Promise<void> {
  if (given === undefined) return;
  const options = { useCache: false, onlyPassing: false };
  await expect.poll(async () => ids(await other.discoverSet(name, options)), { timeout: 5_000 }).toEqual(expected);
}

test('registered by one, discovered by another, gone when deregistered', async () => {
  const registration = await discovery.registerService(name, {
    port: instance.port,
    address: '127.0.0.1',
    tags: ['v1', 'blue'],
    metadata: { version: '1.0.0' },
    type: 'api',
    environment: 'test',
    region: 'eu',
    zone: 'a',
  });
  await shown(registration.id);
  const [endpoint] = await other.discoverService(name);
  expect(endpoint).toMatchObject({
    id: registration.id,
    service: name,
    address: '127.0.0.1',
    port: instance.port,
    healthy: true,
    tags: ['v1', 'blue'],
    metadata: { version: '1.0.0', type: 'api', environment: 'test', region: 'eu', zone: 'a' },
    locality: { region: 'eu', zone: 'a' },
    weight: 1,
  });
  await registration.deregister();
  await shown();
  expect(await other.discoverService(name, { useCache: false })).toEqual([]);
});

test('an HTTP check on the instance’s own address decides whether it is found', async () => {
  await discovery.registerService(name, {
    id: `${name}-1`,
    port: instance.port,
    address: '127.0.0.1',
    check: { http: '/health', interval: '1s', deregisterAfter: '1m' },
  });
  await expect.poll(() => other.discoverService(name, { useCache: false }), { timeout: 10_000 }).toHaveLength(1);
  status = 500;
  await expect.poll(() => other.discoverService(name, { useCache: false }), { timeout: 10_000 }).toHaveLength(0);
  const [failing] = await other.discoverService(name, { onlyPassing: false, useCache: false });
  expect([failing?.status, failing?.healthy]).toEqual(['critical', false]);
}, 30_000);

test('tags, filter and getService choose', async () => {
  await discovery.registerService([
    { name, id: `${name}-1`, port: 1, tags: ['v1'], metadata: { version: '1.0.0' } },
    { name, id: `${name}-2`, port: 2, tags: ['v2'], metadata: { version: '2.0.0' } },
  ]);
  await shown(`${name}-1`, `${name}-2`);
  expect(ids(await other.discoverSet(name))).toEqual([`${name}-1`, `${name}-2`]);
  expect(ids(await other.discoverSet(name, { tags: ['v2'] }))).toEqual([`${name}-2`]);
  expect(ids(await other.discoverSet(name, { filter: 'Service.Meta.version == "1.0.0"' }))).toEqual([`${name}-1`]);
  expect((await other.getService(name, { tag: 'v1' }))?.id).toBe(`${name}-1`);
  await expect(other.discoverService(name, { filter: 'Nope == 1' })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
  });
});

test('a watch sees every state, and feeds discovery', async () => {
  const sets: EndpointSet[] = [];
  const watch = other.watchService(name, (_endpoints, set) => void sets.push(set));
  await expect.poll(() => sets.length).toBe(1);
  expect(sets[0]).toMatchObject({ endpoints: [], stale: false });
  const registration = await discovery.registerService(name, { id: `${name}-1`, port: 1 });
  await expect.poll(() => ids(sets.at(-1)), { timeout: 5_000 }).toEqual([`${name}-1`]);
  expect(ids({ endpoints: await other.discoverService(name) })).toEqual([`${name}-1`]);
  await registration.deregister();
  await expect.poll(() => ids(sets.at(-1)), { timeout: 5_000 }).toEqual([]);
  await watch.close();
});

test('a TTL check is renewed, and tied to a health function', async () => {
  let healthy = true;
  await discovery.registerService(name, { id: `${name}-1`, port: 1, check: { ttl: '2s', health: () => healthy } });
  await shown(`${name}-1`);
  expect(await other.discoverService(name, { useCache: false })).toHaveLength(1);
  healthy = false;
  await expect.poll(() => other.discoverService(name, { useCache: false }), { timeout: 5_000 }).toHaveLength(0);
  healthy = true;
  await expect.poll(() => other.discoverService(name, { useCache: false }), { timeout: 5_000 }).toHaveLength(1);
});

test('an instance that somebody else deregistered comes back, one that its owner deregistered does not', async () => {
  const told: string[] = [];
  discovery.on('lost', ({ id }) => told.push(`lost ${id}`));
  discovery.on('restored', ({ id }) => told.push(`restored ${id}`));
  const registration = await discovery.registerService(name, { id: `${name}-1`, port: 1 });
  await client.agent.deregister(`${name}-1`);
  await expect.poll(() => told, { timeout: 15_000 }).toEqual([`lost ${name}-1`, `restored ${name}-1`]);
  await shown(`${name}-1`);
  expect(await other.discoverService(name, { useCache: false })).toHaveLength(1);
  await registration.deregister();
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(await other.discoverService(name, { useCache: false })).toEqual([]);
}, 30_000);

test('a second owner of one id takes over; the first is told, and leaves it alone', async () => {
  const conflicts: string[] = [];
  discovery.on('conflict', (error) => conflicts.push(error.code));
  const first = await discovery.registerService(name, { id: `${name}-1`, port: 1 });
  await other.registerService(name, { id: `${name}-1`, port: 2 });
  await expect.poll(() => conflicts, { timeout: 15_000 }).toEqual(['CONFLICT']);
  expect(first.state).toBe('conflict');
  await expect(first.deregister()).rejects.toMatchObject({ code: 'CONFLICT' });
  expect((await other.discoverService(name, { useCache: false })).map(({ port }) => port)).toEqual([2]);
}, 30_000);

test('draining takes an instance out of every answer before it ends', async () => {
  const registration = await discovery.registerService(name, { id: `${name}-1`, port: 1 });
  await shown(`${name}-1`);
  await registration.drain({ timeoutMs: 2_000 });
  expect(registration.state).toBe('draining');
  expect(await other.discoverService(name, { useCache: false })).toEqual([]);
  expect((await other.discoverService(name, { onlyPassing: false, useCache: false }))[0]?.status).toBe('maintenance');
  await registration.deregister();
});

test('picks follow the service', async () => {
  await discovery.registerService(name, { id: `${name}-1`, port: 1 });
  await shown(`${name}-1`);
  expect((await other.pick(name)).endpoint.id).toBe(`${name}-1`);
  await discovery.deregisterService(`${name}-1`);
  await expect
    .poll(
      () =>
        other.pick(name).then(
          () => 'picked',
          (error: { code: string }) => error.code,
        ),
      { timeout: 5_000 },
    )
    .toBe('NO_ENDPOINTS');
});

test('config_update follows keys under a prefix', async () => {
  const seen: (string | undefined)[] = [];
  await client.kv.put(`${name}/limit`, '1');
  other.on('config_update', ({ entries }) => void seen.push(entries.get(`${name}/limit`)?.text), {
    prefix: `${name}/`,
  });
  await expect.poll(() => seen, { timeout: 5_000 }).toEqual(['1']);
  await client.kv.put(`${name}/limit`, '2');
  await expect.poll(() => seen, { timeout: 5_000 }).toEqual(['1', '2']);
  await client.kv.deleteAll(`${name}/`);
  await expect.poll(() => seen, { timeout: 5_000 }).toEqual(['1', '2', undefined]);
});

test('the guards of the standards', async () => {
  const consistency = new CacheConsistency(other);
  await discovery.registerService(name, { id: `${name}-1`, port: 1 });
  await shown(`${name}-1`);
  await other.discoverService(name);
  expect(await consistency.validateCache(name)).toBe(true);
  await discovery.registerService(name, { id: `${name}-2`, port: 2 });
  await shown(`${name}-1`, `${name}-2`);
  expect(await consistency.validateCache(name)).toBe(false);
  expect(await new SplitBrainProtection(other, { minNodes: 1 }).checkClusterHealth()).toBe(true);
  const alive = (await client.agent.members()).value.filter(({ Status }) => Status === 1).length;
  expect(await new SplitBrainProtection(other).checkClusterHealth()).toBe(alive >= 3);
  expect(await new SplitBrainProtection(other, { minNodes: alive + 1 }).checkClusterHealth()).toBe(false);
});
