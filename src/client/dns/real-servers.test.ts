/** Against DNS servers that others wrote, and our own. */
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { hasDnsmasq, hasUnbound, startDnsmasq, startUnbound } from '../../../test/support/dns-servers.js';
import { putInstances } from '../../../test/support/put-instances.js';
import { hasRedis, RedisServer } from '../../../test/support/redis-server.js';
import { RegistryDns } from '../../../test/support/registry-dns.js';
import { bytesCodec, createRedisCache, createSealedCache } from '../../cache/index.js';
import type { Cache } from '../../model/index.js';
import { DnsServiceDiscovery, DnsServiceResolver } from './index.js';
import type { DnsEndpointSet, DnsResolverConfig, StoredAnswer } from './index.js';

test('the servers are there where they must be', () => {
  if (process.env.CI !== 'true') return;
  const all = { hasUnbound: true, hasDnsmasq: true, hasRedis: true };
  expect({ hasUnbound, hasDnsmasq, hasRedis }, 'run scripts/test-setup').toEqual(all);
});

const texts = ({ endpoints }: DnsEndpointSet): string[] =>
  endpoints.map(({ address, port, priority, weight }) => `${priority} ${weight} ${address}:${port}`).toSorted();

describe.runIf(hasUnbound)('unbound', () => {
  const records = [
    'web.example. 30 IN SRV 1 3 8080 a.example.',
    'web.example. 30 IN SRV 1 1 8081 b.example.',
    'web.example. 30 IN SRV 2 0 8082 six.example.',
    'a.example. 30 IN A 127.0.0.11',
    'b.example. 30 IN A 127.0.0.12',
    'b.example. 30 IN AAAA fd00::12',
    'six.example. 30 IN AAAA fd00::13',
    'a.example. 30 IN TXT "version=1"',
    'b.example. 30 IN TXT "version=2"',
    '_sip._udp.example. 30 IN SRV 0 0 5060 a.example.',
    'raw.example. 30 IN TYPE65280 \\# 4 0A000001',
    'alias.example. 30 IN CNAME a.example.',
    'svc.example. 30 IN HTTPS 1 . alpn=h2 port=8443',
    'svc.example. 30 IN A 127.0.0.14',
    ...Array.from({ length: 120 }, (_, i) => `big.example. 30 IN SRV 0 1 ${9000 + i} h${i}.example.`),
    ...Array.from({ length: 120 }, (_, i) => `h${i}.example. 30 IN A 127.0.1.${i + 1}`),
  ];

  async function asked<T>(config: DnsResolverConfig, ask: (resolver: DnsServiceResolver) => Promise<T>): Promise<T> {
    await using server = await startUnbound({ records });
    await using resolver = new DnsServiceResolver({ domainSuffix: 'example', dnsServers: [server.address], ...config });
    return await ask(resolver);
  }

  test('gives priorities, weights and both families', async () => {
    const set = await asked({}, (resolver) => resolver.resolveService('web'));
    expect(texts(set)).toEqual(['1 1 127.0.0.12:8081', '1 3 127.0.0.11:8080', '2 1 fd00::13:8082']);
    expect(set.endpoints[2]?.priority).toBe(2);
    expect(set.endpoints.find((one) => one.port === 8081)?.addresses).toEqual(['127.0.0.12', 'fd00::12']);
    expect(set.ttlMs).toBeLessThanOrEqual(30_000);
  });

  test('gives metadata of targets, which a filter chooses by', async () => {
    const set = await asked({ metadata: 'target' }, (resolver) =>
      resolver.resolveService('web', { metadata: { version: '2' } }),
    );
    expect(texts(set)).toEqual(['1 1 127.0.0.12:8081']);
  });

  test('is asked in the form of RFC 2782', async () => {
    const set = await asked({ layout: 'srv' }, (resolver) => resolver.resolveService('sip', { tag: 'udp' }));
    expect(texts(set)).toEqual(['0 1 127.0.0.11:5060']);
  });

  test('gives HTTPS records where there is no SRV', async () => {
    const set = await asked({ svcb: 'HTTPS' }, (resolver) => resolver.resolveService('svc'));
    expect(set.endpoints).toMatchObject([{ address: '127.0.0.14', port: 8443, alpn: ['h2'] }]);
  });

  test('gives large answers whole, and 120 targets in batches', async () => {
    const set = await asked({ preference: 'ipv4-only' }, (resolver) => resolver.resolveService('big'));
    expect(set.endpoints).toHaveLength(120);
    expect(set.unresolved).toEqual([]);
  });

  test('tells unknown names from missing records, and unknown types as bytes', async () => {
    await asked({}, async (resolver) => {
      expect(await resolver.resolveService('nobody')).toMatchObject({ endpoints: [], outcome: 'nxdomain' });
      expect(await resolver.resolveService('a')).toMatchObject({ endpoints: [], outcome: 'nodata' });
      const raw = await resolver.query('raw.example', 65_280);
      expect(raw.records).toMatchObject([{ type: 'UNKNOWN', code: 65_280 }]);
      const alias = await resolver.query('alias.example', 'A');
      expect(alias).toMatchObject({ records: [{ address: '127.0.0.11' }], aliases: [{ type: 'CNAME' }] });
      expect(await resolver.resolveAddresses('b.example')).toEqual(['127.0.0.12', 'fd00::12']);
    });
  });

  test('is done without when it goes away: what is known is served, marked stale', async () => {
    const server = await startUnbound({ records: records.map((line) => line.replace(' 30 IN', ' 1 IN')) });
    await using resolver = new DnsServiceResolver({
      domainSuffix: 'example',
      dnsServers: [server.address],
      timeout: 1,
    });
    await resolver.resolveService('web');
    await server.stop();
    await delay(1_100);
    const set = await resolver.resolveService('web');
    expect(texts(set)).toHaveLength(3);
    expect(set).toMatchObject({ stale: true, ttlMs: 0 });
    await expect(resolver.resolveService('other')).rejects.toMatchObject({ details: { dns: 'network' } });
  });

  test('refuses, and another server is asked', async () => {
    await using server = await startUnbound({ records });
    await using dns = await RegistryDns.start();
    // Ours has no names of that kind, and says REFUSED.
    await using resolver = new DnsServiceResolver({
      domainSuffix: 'example',
      dnsServers: [dns.address, server.address],
    });
    expect((await resolver.resolveService('web')).endpoints).toHaveLength(3);
    await using alone = new DnsServiceResolver({ domainSuffix: 'example', dnsServers: [dns.address] });
    await expect(alone.resolveService('web')).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      details: { dns: 'REFUSED' },
    });
  });
});

describe.runIf(hasDnsmasq)('dnsmasq', () => {
  test('gives services, and their targets beside', async () => {
    await using server = await startDnsmasq([
      '--srv-host=web.example,a.example,8080,1,5',
      '--host-record=a.example,127.0.0.11,fd00::11',
      '--txt-record=a.example,version=1',
    ]);
    await using resolver = new DnsServiceResolver({
      domainSuffix: 'example',
      dnsServers: [server.address],
      metadata: 'target',
    });
    expect((await resolver.resolveService('web')).endpoints).toMatchObject([
      { address: '127.0.0.11', port: 8080, priority: 1, weight: 5, metadata: { version: '1' } },
    ]);
    expect(await resolver.resolveService('nobody')).toMatchObject({ endpoints: [], outcome: 'nxdomain' });
  });
});

describe('our own server', () => {
  test('gives every one of 300 instances with its metadata', async () => {
    await using dns = await RegistryDns.start();
    const instances = Array.from({ length: 300 }, (_, i) => ({
      id: `api-${i}`,
      address: `127.0.${i >> 7}.${(i & 127) + 1}`,
      port: 9000 + i,
      metadata: { shard: String(i % 3) },
    }));
    await putInstances(dns.registry, 'api', instances);
    await using discovery = new DnsServiceDiscovery({ dnsServers: [dns.address] });
    const all = await discovery.discoverService('api');
    expect(all.map((one) => one.id).toSorted()).toEqual(instances.map((one) => one.id).toSorted());
    const shard = await discovery.discoverService('api', { metadata: { shard: '1' } });
    expect(shard).toHaveLength(100);
  });

  test('is asked by tag and datacenter, and has no other', async () => {
    await using dns = await RegistryDns.start();
    await putInstances(dns.registry, 'api', [
      { id: 'a', address: '127.0.0.1', port: 1, tags: ['v1', 'blue'] },
      { id: 'b', address: '127.0.0.1', port: 2, tags: ['v1'] },
    ]);
    await using discovery = new DnsServiceDiscovery({ dnsServers: [dns.address] });
    const ports = async (options: object): Promise<number[]> =>
      (await discovery.discoverService('api', options)).map((one) => one.port).toSorted((a, b) => a - b);
    expect(await ports({ tag: 'v1', datacenter: 'dc1' })).toEqual([1, 2]);
    expect(await ports({ tag: 'blue' })).toEqual([1]);
    expect(await ports({ tag: ['v1', 'Blue'] })).toEqual([1]);
    expect(await ports({ datacenter: 'dc2' })).toEqual([]);
  });

  test('is asked for hosts with a configured port where there is no SRV', async () => {
    await using dns = await RegistryDns.start({ records: ['legacy.service.consul 60 A 127.0.0.77'] });
    await using discovery = new DnsServiceDiscovery({ dnsServers: [dns.address], port: 80 });
    expect(await discovery.discoverService('legacy')).toMatchObject([{ address: '127.0.0.77', port: 80 }]);
  });

  test('goes away and comes back in the midst of a watch', async () => {
    await using dns = await RegistryDns.start();
    await putInstances(dns.registry, 'api', [{ id: 'a', address: '127.0.0.1', port: 1 }]);
    await using discovery = new DnsServiceDiscovery({ dnsServers: [dns.address], timeout: 1 });
    const sets = discovery.watchService('api', { interval: 0.05 });
    const next = async () => {
      const { value } = await sets.next();
      return value && { ports: value.endpoints.map((one) => one.port), stale: value.stale };
    };
    expect(await next()).toEqual({ ports: [1], stale: false });
    await dns.stop();
    expect(await next()).toEqual({ ports: [1], stale: true });
    await putInstances(dns.registry, 'api', [{ id: 'b', address: '127.0.0.1', port: 2 }]);
    await dns.comeBack();
    // Its texts may be asked for later than its places: those failed at another moment.
    let last = await next();
    while (last?.stale) last = await next();
    expect(last).toEqual({ ports: [2], stale: false });
    await sets.return();
  });

  test('lists what cannot be reached, and health tracking knows', async () => {
    await using dns = await RegistryDns.start();
    await putInstances(dns.registry, 'api', [
      { id: 'up', address: '127.0.0.1', port: dns.port },
      { id: 'down', address: '127.0.0.1', port: 1 },
    ]);
    await using discovery = new DnsServiceDiscovery({
      dnsServers: [dns.address],
      healthCheck: { failuresBeforeCritical: 1 },
    });
    for await (const set of discovery.watchService('api')) {
      const told = Object.fromEntries(set.endpoints.map((one) => [one.id, one.status]));
      if (told.down === 'passing') continue;
      expect(told).toEqual({ up: 'passing', down: 'critical' });
      expect(set.endpoints[0]?.lastCheck).toBeInstanceOf(Date);
      break;
    }
  });
});

describe.runIf(hasRedis)('a Redis shared by two processes, sealed', () => {
  const keys = [Buffer.alloc(32, 7)];

  test('answers the second what the first has asked, also once DNS is gone', async () => {
    await using redis = await RedisServer.start();
    const dns = await RegistryDns.start({ serviceTtlMs: new Map([['*', 30_000]]), nodeTtlMs: 30_000 });
    await putInstances(dns.registry, 'api', [{ id: 'a', address: '127.0.0.1', port: 1, metadata: { version: '1' } }]);
    const shared = (): Cache<StoredAnswer> =>
      createSealedCache({ cache: createRedisCache({ url: redis.url, codec: bytesCodec }), name: 'dns', keys });
    const config = { dnsServers: [dns.address], timeout: 1 };
    await using first = new DnsServiceResolver({ ...config, sharedCache: shared() });
    const { endpoints } = await first.resolveService('api');
    await dns[Symbol.asyncDispose]();
    await using second = new DnsServiceResolver({ ...config, sharedCache: shared() });
    await expect
      .poll(async () => (await second.resolveService('api').catch(() => undefined))?.endpoints, { timeout: 10_000 })
      .toEqual(endpoints);
    await redis.kill();
    expect((await second.resolveService('api')).endpoints).toEqual(endpoints);
    await expect(second.resolveService('other')).rejects.toMatchObject({ details: { dns: 'network' } });
  });
});
