import { describe, expect, test } from 'vitest';
import { loadConfig, startAgent } from '../../../agent/index.js';
import { ConsulClient } from '../../../consul/index.js';
import type { ConsulAnswer } from '../../../consul/index.js';
import type { EndpointSet, ServiceQuery } from '../../../model/index.js';
import { createRegistry } from '../../../registry/index.js';
import { ApiWorld } from '../../../testing/api-world.js';
import { cuttableProxy } from '../../../testing/cuttable-proxy.js';
import { FakeClock, settle } from '../../../testing/fake-clock.js';
import { resolverSuite } from '../../../testing/resolver-suite.js';
import type { SuiteInstance } from '../../../testing/resolver-suite.js';
import { seededRandom } from '../../../testing/seeded-random.js';
import { realClock, realRandom } from '../../../runtime/index.js';
import { RegistryResolver } from '../registry/registry-resolver.js';
import { ConsulResolver } from './consul-resolver.js';
import type { HealthClient } from './consul-resolver.js';

async function put(client: ConsulClient, service: string, instances: readonly SuiteInstance[]): Promise<void> {
  const wanted = new Set(instances.map(({ id }) => id));
  const there = Object.keys((await client.agent.services()).value);
  for (const id of there) if (!wanted.has(id)) await client.agent.deregister(id);
  for (const { id, address, port, tags, metadata, weight = 1, status = 'passing' } of instances) {
    await client.agent.register({
      ID: id,
      Name: service,
      Address: address,
      Port: port,
      Tags: tags && [...tags],
      Meta: metadata && { ...metadata },
      Weights: { Passing: weight, Warning: 1 },
      Check: { TTL: '1h', Status: status },
    });
    await client.agent.updateCheck(`service:${id}`, { Status: status });
  }
}

const open = async () => {
  const dev = { dev: true, logLevel: 'error', httpAddr: '127.0.0.1:0', dnsAddr: '127.0.0.1:0' };
  const { config } = await loadConfig(dev, {});
  const agent = await startAgent(config, { log: () => {} });
  const direct = agent.addresses.http[0] as string;
  const proxy = await cuttableProxy(direct.replace('http://', ''));
  const [writer, reader] = [new ConsulClient({ addresses: direct }), new ConsulClient({ addresses: proxy.address })];
  return {
    resolver: new ConsulResolver({ client: reader, clock: realClock, random: realRandom }),
    datacenter: 'dc1',
    put: (service: string, instances: readonly SuiteInstance[]) => put(writer, service, instances),
    outage: { begin: () => proxy.cut(), end: () => proxy.mend() },
    close: async () => {
      await Promise.all([writer.close(), reader.close(), proxy.close()]);
      await agent.close();
    },
  };
};

describe('an agent is a resolver:', () => {
  for (const { name, run } of resolverSuite(open)) test(name, run);
});

describe('the same data over HTTP and in this process', () => {
  const queries: readonly Omit<ServiceQuery, 'service'>[] = [
    { onlyPassing: true },
    { onlyPassing: false },
    { onlyPassing: false, tags: ['V1'] },
    { onlyPassing: true, tags: ['v1', 'eu'] },
    { onlyPassing: false, tags: [''] },
    { onlyPassing: false, filter: 'Service.Meta.version == "1.0.0" or Node.Node == "far"' },
    { onlyPassing: false, filter: 'Checks.Status == critical' },
    { onlyPassing: true, filter: '"eu" in Service.Tags', tags: ['v1'] },
    { onlyPassing: false, datacenter: 'dc1' },
  ];

  test('gives the same endpoints for every query', async () => {
    await using registry = await createRegistry({ node: { name: 'n1', address: '10.0.0.1' } });
    await registry.registerService({ Name: 'api', ID: 'bare' });
    await registry.registerService({
      Name: 'api',
      ID: 'full',
      Address: '10.1.1.1',
      Port: 80,
      Tags: ['v1', 'EU'],
      Meta: { version: '1.0.0', zone: 'z' },
      Weights: { Passing: 5, Warning: 2 },
      Locality: { Region: 'eu' },
      Check: { TTL: '1h', Status: 'warning' },
    });
    await registry.registerService({ Name: 'api', ID: 'sick', Port: 81, Tags: ['v1'], Check: { TTL: '1h' } });
    await registry.registerService({ Name: 'api', ID: 'resting', Port: 82, Tags: ['v1', 'eu'] });
    await registry.setServiceMaintenance('resting', true, 'lunch');
    await registry.registerCatalog({ Node: 'far', Address: '10.9.9.9', Service: { Service: 'api', Port: 83 } });

    const world = await ApiWorld.start({ handle: { catalog: registry.catalog, registry } });
    const client = new ConsulClient({ addresses: `127.0.0.1:${world.port}` });
    try {
      const remote = new ConsulResolver({ client, clock: realClock, random: realRandom });
      const local = new RegistryResolver(registry);
      let found = 0;
      for (const query of queries) {
        const [over, inside] = [
          await remote.lookup({ service: 'api', ...query }),
          await local.lookup({ service: 'api', ...query }),
        ];
        expect(inside.endpoints, JSON.stringify(query)).toEqual(over.endpoints);
        expect(inside.index).toBe(over.index);
        found += inside.endpoints.length;
      }
      expect(found).toBeGreaterThan(15);
    } finally {
      await client.close();
      await world.close();
    }
  });
});

const entry = (port: number) => ({
  Node: { Node: 'n1', Address: '10.0.0.1', Datacenter: 'dc1' },
  Service: { ID: `api-${port}`, Service: 'api', Port: port },
  Checks: [],
});

const answer = (value: unknown, index: number, fields: Partial<ConsulAnswer<unknown>> = {}): ConsulAnswer<unknown> => ({
  value,
  status: 200,
  index,
  indexSpace: 's',
  knownLeader: true,
  lastContactMs: 0,
  address: 'a',
  header: () => undefined,
  ...fields,
});

async function watched(answers: readonly ConsulAnswer<unknown>[]): Promise<{ told: string[]; sets: EndpointSet[] }> {
  const clock = new FakeClock();
  const left = [...answers];
  const client: HealthClient = {
    health: { service: () => Promise.resolve(left.shift()).then((one) => one ?? new Promise(() => {})) },
  };
  const resolver = new ConsulResolver({ client, clock, random: seededRandom(1) });
  const abort = new AbortController();
  const told: string[] = [];
  const sets: EndpointSet[] = [];
  const watch = resolver.watch({ service: 'api', onlyPassing: true }, abort.signal, {
    onError: (error) => void told.push(error.message),
    onConfirmed: ({ index }) => void told.push(`confirmed ${index}`),
  });
  const reading = (async () => {
    for await (const set of watch) sets.push(set);
  })();
  await clock.advance(5_000);
  abort.abort();
  await reading;
  await settle();
  expect(clock.pending).toBe(0);
  return { told, sets };
}

describe('over answers that are odd', () => {
  test('an answer that is none of health/service makes the set stale, never empty', async () => {
    const { told, sets } = await watched([answer([entry(1)], 5), answer({ error: 'x' }, 6), answer([entry(1)], 7)]);
    expect(sets.map(({ endpoints, stale }) => [endpoints.length, stale])).toEqual([
      [1, false],
      [1, true],
      [1, false],
    ]);
    expect(sets[1]?.error?.code).toBe('CORRUPT');
    expect(told).toHaveLength(1);
  });

  test('servers without a leader answer, and nobody confirms it', async () => {
    const { sets } = await watched([
      answer([entry(1)], 5),
      answer([entry(1)], 5, { knownLeader: false, lastContactMs: 4_000 }),
      answer([entry(1)], 6),
    ]);
    expect(sets.map(({ stale, ageMs }) => [stale, ageMs])).toEqual([
      [false, 0],
      [true, 4_000],
      [false, 0],
    ]);
    expect(sets[1]?.error?.code).toBe('UNAVAILABLE');
  });

  test('an unchanged answer confirms the set with its new index', async () => {
    const { told, sets } = await watched([answer([entry(1), entry(2)], 5), answer([entry(2), entry(1)], 9)]);
    expect(sets).toHaveLength(1);
    expect(told).toEqual(['confirmed 9']);
  });
});
