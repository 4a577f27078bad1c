import { once } from 'node:events';
import { createServer } from 'node:http';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { EndpointSet, ServiceDiscoveryError } from '../../model/index.js';
import { startTestAgent, type TestAgent } from '../../testing/index.js';
import { listenOnLoopback } from '../../testing/loopback-server.js';
import { CacheConsistency } from './cache-consistency.js';
import { ServiceDiscoveryManager } from './service-discovery-manager.js';
import type { ServiceDiscoveryConfig } from './config.js';

let agent: TestAgent;
let managers: ServiceDiscoveryManager[];
let directory: string;

beforeEach(async () => {
  agent = await startTestAgent();
  managers = [];
  directory = await mkdtemp(join(tmpdir(), 'outage-'));
});
afterEach(async () => {
  await Promise.all(managers.map((manager) => manager.close({ deregister: false })));
  await agent.close();
  await rm(directory, { recursive: true, force: true });
});

function managerOf(config: ServiceDiscoveryConfig = {}): ServiceDiscoveryManager {
  const manager = new ServiceDiscoveryManager({ addresses: [agent.http], environment: {}, timeoutMs: 500, ...config });
  managers.push(manager);
  return manager;
}

const ids = ({ endpoints }: EndpointSet): string[] => endpoints.map(({ id }) => id);

test('without an agent a known name goes on being answered, and says so; an unknown one is an error, not an empty list', async () => {
  await agent.registry.registerService({ Name: 'api', ID: 'a1', Port: 1 });
  const manager = managerOf({ cacheTtl: 0.001 });
  expect(await manager.discoverSet('api')).toMatchObject({ stale: false });
  await agent.close();
  await expect.poll(async () => (await manager.discoverSet('api')).stale).toBe(true);
  const set = await manager.discoverSet('api');
  expect([ids(set), set.ageMs > 0]).toEqual([['a1'], true]);
  expect((await manager.discoverSet('api', { useCache: false })).error?.code).toBe('UNAVAILABLE');
  await expect(manager.discoverService('other')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect((await manager.pick('api')).endpoint.id).toBe('a1');
});

test('a proxy whose agent is gone is no registry without services: what is known goes on being answered', async () => {
  await agent.registry.registerService({ Name: 'api', ID: 'a1', Port: 1 });
  const port = agent.http.split(':').at(-1);
  const manager = managerOf();
  await manager.discoverSet('api');
  await agent.close();
  const proxy = createServer((_, response) => void response.writeHead(404).end('404 page not found'));
  await once(proxy.listen(Number(port), '127.0.0.1'), 'listening');
  try {
    const set = await manager.discoverSet('api', { useCache: false });
    expect([ids(set), set.stale, set.error?.code]).toEqual([['a1'], true, 'INTERNAL']);
    await expect(manager.discoverService('other')).rejects.toMatchObject({ code: 'INTERNAL' });
  } finally {
    proxy.closeAllConnections();
    proxy.close();
  }
});

test('without caching nothing is kept for an outage', async () => {
  await agent.registry.registerService({ Name: 'api', ID: 'a1', Port: 1 });
  const manager = managerOf({ enableCaching: false });
  expect(await manager.discoverService('api')).toHaveLength(1);
  await agent.close();
  await expect(manager.discoverService('api')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});

test('past the stale budget nothing is answered any more', async () => {
  await agent.registry.registerService({ Name: 'api', ID: 'a1', Port: 1 });
  const manager = managerOf({ cacheTtl: 0.001, staleBudget: 0 });
  expect(await manager.discoverService('api')).toHaveLength(1);
  await agent.close();
  await expect
    .poll(() =>
      manager.discoverService('api').then(
        () => 'answered',
        (error: { code: string }) => error.code,
      ),
    )
    .toBe('UNAVAILABLE');
});

test('a watch keeps its set, marked stale, and is fresh again when an empty agent comes in its place', async () => {
  await agent.registry.registerService({ Name: 'api', ID: 'a1', Port: 1 });
  const manager = managerOf();
  const sets: EndpointSet[] = [];
  const failures: ServiceDiscoveryError[] = [];
  manager.on('error', (error) => failures.push(error));
  manager.watchService('api', (_endpoints, set) => void sets.push(set));
  await expect.poll(() => sets.length).toBe(1);
  await agent.close();
  await expect.poll(() => sets.at(-1)?.stale).toBe(true);
  expect(failures[0]).toMatchObject({ code: 'UNAVAILABLE', details: { service: 'api' } });
  expect(failures[0]?.message).toMatch(/^the watch of api: /);
  expect(ids(sets.at(-1) as EndpointSet)).toEqual(['a1']);
  expect(await manager.discoverSet('api')).toMatchObject({ stale: true });
  agent = await startTestAgent({ http: agent.http });
  await agent.registry.registerService({ Name: 'api', ID: 'b1', Port: 2 });
  await expect.poll(() => sets.at(-1)?.stale, { timeout: 15_000 }).toBe(false);
  await expect.poll(() => ids(sets.at(-1) as EndpointSet), { timeout: 5_000 }).toEqual(['b1']);
});

test('a registration comes back by itself when the agent starts again empty, with events', async () => {
  const manager = managerOf();
  const told: string[] = [];
  manager.on('lost', ({ id }) => told.push(`lost ${id}`));
  manager.on('restored', ({ id }) => told.push(`restored ${id}`));
  await manager.registerService('api', { id: 'a1', port: 1, check: { ttl: '30s' } });
  await agent.close();
  agent = await startTestAgent({ http: agent.http });
  await expect.poll(() => agent.registry.localServices().has('a1'), { timeout: 15_000 }).toBe(true);
  await expect.poll(() => told).toEqual(['lost a1', 'restored a1']);
  expect(await manager.discoverService('api', { useCache: false })).toHaveLength(1);
});

test('a start without a registry answers from the file of the last run', async () => {
  const lastKnownGoodFile = join(directory, 'deep', 'known.json');
  await agent.registry.registerService({ Name: 'api', ID: 'a1', Port: 1 });
  const first = managerOf({ lastKnownGoodFile });
  await first.discoverService('api');
  await first.close();
  expect((await readFile(lastKnownGoodFile)).byteLength).toBeGreaterThan(0);
  await agent.close();
  const second = managerOf({ lastKnownGoodFile });
  const set = await second.discoverSet('api');
  expect([ids(set), set.stale, set.error?.code]).toEqual([['a1'], true, 'UNAVAILABLE']);
  expect((await second.pick('api')).endpoint.id).toBe('a1');
  await expect(second.discoverService('other')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});

test('what is learnt to be gone while the file is still read is not in it afterwards', async () => {
  const lastKnownGoodFile = join(directory, 'known');
  await agent.registry.registerService({ Name: 'api', ID: 'a1', Port: 1 });
  const first = managerOf({ lastKnownGoodFile });
  await first.discoverService('api');
  await first.close({ deregister: false });
  await agent.registry.deregisterService('a1');
  expect(await readFile(lastKnownGoodFile, 'utf8')).toContain('"api"');
  // Evicted in the turn in which the reading began.
  const second = managerOf({ lastKnownGoodFile });
  await second.evict('api');
  await second.close();
  expect(await readFile(lastKnownGoodFile, 'utf8')).not.toContain('"api"');
});

test('a file that cannot be written is told of, and changes nothing', async () => {
  await writeFile(join(directory, 'file'), '');
  const manager = managerOf({ lastKnownGoodFile: join(directory, 'file', 'known.json') });
  const errors: string[] = [];
  manager.on('error', (error) => errors.push(error.message));
  await agent.registry.registerService({ Name: 'api', ID: 'a1', Port: 1 });
  expect(await manager.discoverService('api')).toHaveLength(1);
  await manager.close();
  expect(errors.join()).toMatch(/known\.json cannot be written/);
});

test('with several addresses the next one is asked when the first is gone', async () => {
  const other = await startTestAgent();
  try {
    await agent.registry.registerService({ Name: 'api', ID: 'a1', Port: 1 });
    await other.registry.registerService({ Name: 'api', ID: 'b1', Port: 1 });
    const manager = managerOf({ addresses: [agent.http, other.http], timeoutMs: 5_000 });
    const sets: EndpointSet[] = [];
    manager.watchService('api', (_endpoints, set) => void sets.push(set));
    await expect.poll(() => sets.length).toBe(1);
    await agent.close();
    await expect.poll(() => ids(sets.at(-1) as EndpointSet), { timeout: 10_000 }).toEqual(['b1']);
    expect(ids(await manager.discoverSet('api'))).toEqual(['b1']);
  } finally {
    await other.close();
  }
});

test('the time a manager gives its calls is for registering too', async () => {
  const server = await listenOnLoopback(createServer());
  const manager = managerOf({ addresses: [server.address], timeoutMs: 300 });
  const began = performance.now();
  await expect(manager.registerService('api', { id: 'a1', port: 1 })).rejects.toMatchObject({ code: 'TIMEOUT' });
  await expect(manager.deregisterService('a1')).rejects.toMatchObject({ code: 'TIMEOUT' });
  const consistency = new CacheConsistency(managerOf({ addresses: [server.address], timeoutMs: 60_000 }));
  expect(await consistency.validateCache('api', { timeoutMs: 200 })).toBe(false);
  expect(performance.now() - began).toBeLessThan(8_000);
  await server.close();
});
