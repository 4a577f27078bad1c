import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hasRedis, RedisServer } from '../../../test/support/redis-server.js';
import { bytesCodec, createRedisCache, createSealedCache } from '../../cache/index.js';
import type { Cache, EndpointSet, ServiceEndpoint } from '../../model/index.js';
import { startTestAgent, type TestAgent } from '../../testing/index.js';
import { ServiceDiscoveryManager } from './service-discovery-manager.js';

let redis: RedisServer;
let agents: readonly [TestAgent, TestAgent];
const key = randomBytes(32);

beforeAll(async () => {
  if (!hasRedis) return;
  redis = await RedisServer.start();
  agents = await Promise.all([startTestAgent(), startTestAgent()]);
});
afterAll(async () => {
  if (!hasRedis) return;
  await Promise.all(agents.map((agent) => agent.close()));
  await redis.kill();
});

function sealed(): Cache<readonly ServiceEndpoint[]> {
  const cache = createRedisCache({ url: redis.url, codec: bytesCodec });
  return createSealedCache({ name: 'endpoints', keys: [key], cache });
}

function managerOf(http: string): ServiceDiscoveryManager {
  return new ServiceDiscoveryManager({ addresses: [http], environment: {}, timeoutMs: 2_000, sharedCache: sealed() });
}

const ids = ({ endpoints }: EndpointSet): string[] => endpoints.map(({ id }) => id);

test.runIf(hasRedis || process.env['CI'] === 'true')(
  'clients of two agents share one Redis, each with its own answers; one that starts without its agent has the last known',
  async () => {
    const [one, two] = agents;
    await one.registry.registerService({ Name: 'api', ID: 'one', Port: 1 });
    await two.registry.registerService({ Name: 'api', ID: 'two', Port: 2 });
    const managers = [managerOf(one.http), managerOf(two.http), managerOf(one.http)] as const;
    for (let round = 0; round < 3; round++) {
      expect(ids(await managers[0].discoverSet('api'))).toEqual(['one']);
      expect(ids(await managers[1].discoverSet('api'))).toEqual(['two']);
      expect(ids(await managers[2].discoverSet('api'))).toEqual(['one']);
    }
    await expect.poll(() => redis.command('EXISTS', 'discovery:{api}')).toMatch(/1/);
    await Promise.all(managers.map((manager) => manager.close()));
    const orphan = new ServiceDiscoveryManager({
      addresses: ['127.0.0.1:1'],
      environment: {},
      timeoutMs: 2_000,
      sharedCache: sealed(),
    });
    const set = await orphan.discoverSet('api');
    expect(set).toMatchObject({ stale: true, error: { code: 'UNAVAILABLE' } });
    expect(['one', 'two']).toContain(ids(set)[0]);
    await orphan.close();
  },
);

test.runIf(hasRedis || process.env['CI'] === 'true')(
  'with Redis killed in the midst of it discovery goes on',
  async () => {
    const manager = managerOf(agents[0].http);
    expect(ids(await manager.discoverSet('api', { useCache: false }))).toEqual(['one']);
    const asking = Promise.all(Array.from({ length: 50 }, () => manager.discoverSet('api', { useCache: false })));
    await redis.kill();
    for (const set of await asking) expect([ids(set), set.stale]).toEqual([['one'], false]);
    expect(ids(await manager.discoverSet('api', { useCache: false }))).toEqual(['one']);
    await manager.close();
  },
);
