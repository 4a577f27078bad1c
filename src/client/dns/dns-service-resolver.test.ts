import { describe, expect, test } from 'vitest';
import { FakeDnsClient } from '../../../test/support/fake-dns-client.js';
import { FakeClock, settle } from '../../testing/fake-clock.js';
import { seededRandom } from '../../testing/seeded-random.js';
import { createMemoryCache, jsonCodec } from '../../cache/index.js';
import type { Cache, CacheEntry } from '../../model/index.js';
import type { DnsResolverConfig, DnsServiceEndpoint, StoredAnswer } from './index.js';
import { DnsServiceResolver } from './index.js';

function world(config: DnsResolverConfig = {}) {
  const client = new FakeDnsClient();
  const clock = new FakeClock();
  const resolver = new DnsServiceResolver({ client, clock, random: seededRandom(1), ...config });
  return { client, clock, resolver };
}

/** A service of two instances on nodes of their own, as Consul answers. */
const web = {
  records: [
    'web.service.consul 20 SRV 1 3 8080 a.node.dc1.consul',
    'web.service.consul 20 SRV 1 1 8081 b.node.dc1.consul',
  ],
  beside: ['a.node.dc1.consul 20 A 10.0.0.1', 'b.node.dc1.consul 20 A 10.0.0.2', 'a.node.dc1.consul 20 TXT "rack=r1"'],
};

function places(endpoints: readonly DnsServiceEndpoint[]): string[] {
  return endpoints.map(({ address, port }) => `${address}:${port}`).toSorted();
}

describe('a service', () => {
  test('is found by SRV and the addresses that came along', async () => {
    const { client, resolver } = world({ metadata: 'none' });
    client.tell('SRV web.service.consul', web);
    const set = await resolver.resolveService('web');
    expect(set).toMatchObject({
      outcome: 'records',
      stale: false,
      ttlMs: 20_000,
      indexSpace: 'dns:service.consul',
      unresolved: [],
    });
    const [a] = set.endpoints.filter((one) => one.port === 8080);
    expect(a).toEqual({
      id: 'a.node.dc1.consul:8080',
      service: 'web',
      address: '10.0.0.1',
      addresses: ['10.0.0.1'],
      port: 8080,
      healthy: true,
      status: 'passing',
      tags: [],
      metadata: {},
      node: 'a',
      datacenter: 'dc1',
      locality: { region: '', zone: '' },
      weight: 3,
      target: 'a.node.dc1.consul',
      priority: 1,
      alpn: [],
    });
    expect(client.asked).toEqual(['SRV web.service.consul']);
  });

  test('is asked for by tag and datacenter', async () => {
    const { client, resolver } = world({ metadata: 'none', datacenter: 'dc2' });
    await resolver.resolveService('web', { tag: 'v1' });
    await resolver.resolveService('web', { tag: 'v1', datacenter: 'dc3' });
    expect(client.asked).toEqual(['SRV v1.web.service.dc2.consul', 'SRV v1.web.service.dc3.consul']);
  });

  test('has the metadata of its TXT, and what that lacks from its node', async () => {
    const { client, resolver } = world();
    client.tell('SRV web.service.consul', web);
    client.tell('TXT web.instance.consul', {
      records: [
        'web.instance.consul 20 TXT "id=web-1" "node=a" "rack=r9" "zone=z1" "srv=8080 a.node.dc1.consul"',
        'web.instance.consul 20 TXT "id=web-2" "node=b" "version=2" "srv=8081 b.node.dc1.consul"',
      ],
    });
    const { endpoints } = await resolver.resolveService('web');
    const told = Object.fromEntries(endpoints.map((one) => [one.id, [one.metadata, one.locality.zone]]));
    expect(told).toEqual({ 'web-1': [{ rack: 'r9', zone: 'z1' }, 'z1'], 'web-2': [{ version: '2' }, ''] });
    const chosen = await resolver.resolveService('web', { metadata: { version: '2' } });
    expect(places(chosen.endpoints)).toEqual(['10.0.0.2:8081']);
    const judged = await resolver.resolveService('web', { metadata: { version: (value) => value === undefined } });
    expect(places(judged.endpoints)).toEqual(['10.0.0.1:8080']);
  });

  test('that nobody knows is an empty set, as is one without records', async () => {
    const { client, resolver } = world({ metadata: 'none' });
    client.tell('SRV idle.service.consul', { none: 'nodata' });
    expect(await resolver.resolveService('web')).toMatchObject({ endpoints: [], outcome: 'nxdomain' });
    expect(await resolver.resolveService('idle')).toMatchObject({ endpoints: [], outcome: 'nodata' });
    await expect(resolver.resolveOne('web')).rejects.toMatchObject({
      code: 'NO_ENDPOINTS',
      details: { dns: 'NXDOMAIN' },
    });
    await expect(resolver.resolveOne('idle')).rejects.toMatchObject({
      code: 'NO_ENDPOINTS',
      details: { dns: 'NODATA' },
    });
  });

  test.each(['SERVFAIL', 'REFUSED', 'timeout', 'network', 'malformed'])(
    'that cannot be asked for is an error: %s',
    async (dns) => {
      const { client, resolver } = world({ metadata: 'none' });
      client.tell('SRV web.service.consul', { fails: dns });
      const code = dns === 'timeout' ? 'TIMEOUT' : 'UNAVAILABLE';
      await expect(resolver.resolveService('web')).rejects.toMatchObject({ code, details: { dns } });
      expect(resolver.stats()).toMatchObject({ queries: 1, failures: { [dns]: 1 } });
    },
  );

  test('of which SRV says that it is decidedly not there has no endpoints', async () => {
    const { client, resolver } = world({ metadata: 'none', port: 80 });
    client.tell('SRV web.service.consul', { records: ['web.service.consul 5 SRV 0 0 0 .'] });
    expect(await resolver.resolveService('web')).toMatchObject({ endpoints: [], outcome: 'records' });
  });

  test('comes in the order of priorities, and its weights are shares', async () => {
    const { client, resolver } = world({ domainSuffix: 'example.org' });
    client.tell('SRV web.example.org', {
      records: [
        'web.example.org 5 SRV 2 0 80 c.example.org',
        'web.example.org 5 SRV 1 10 80 a.example.org',
        'web.example.org 5 SRV 1 0 80 b.example.org',
        'web.example.org 5 SRV 1 0 80 d.example.org',
      ],
      beside: ['a', 'b', 'c', 'd'].map((name, i) => `${name}.example.org 5 A 10.0.0.${i + 1}`),
    });
    for (let round = 0; round < 20; round++) {
      const { endpoints } = await resolver.resolveService('web');
      expect(endpoints.map((one) => one.priority)).toEqual([1, 1, 1, 2]);
      const weights = Object.fromEntries(endpoints.map((one) => [one.target, one.weight]));
      expect(weights).toEqual({ 'a.example.org': 10, 'b.example.org': 0.5, 'd.example.org': 0.5, 'c.example.org': 1 });
    }
  });
});

describe('targets', () => {
  const srv = { records: ['web.example.org 60 SRV 0 1 80 a.example.org'] };

  test('whose addresses did not come along are asked for, each once', async () => {
    const { client, resolver } = world({ domainSuffix: 'example.org' });
    client.tell('SRV web.example.org', {
      records: [
        ...srv.records,
        'web.example.org 60 SRV 0 1 81 A.example.org',
        'web.example.org 60 SRV 0 1 80 b.example.org',
      ],
    });
    client.tell('A a.example.org', { records: ['a.example.org 60 A 10.0.0.1'] });
    client.tell('AAAA b.example.org', { records: ['b.example.org 60 AAAA fd00::2'] });
    client.tell('AAAA a.example.org', { none: 'nodata' });
    client.tell('A b.example.org', { none: 'nodata' });
    const { endpoints, unresolved } = await resolver.resolveService('web');
    expect(places(endpoints)).toEqual(['10.0.0.1:80', '10.0.0.1:81', 'fd00::2:80']);
    expect(unresolved).toEqual([]);
    expect(client.asked.toSorted()).toEqual([
      'A a.example.org',
      'A b.example.org',
      'AAAA a.example.org',
      'AAAA b.example.org',
      'SRV web.example.org',
    ]);
  });

  test('are resolved a bounded number at a time', async () => {
    const { client, resolver } = world({ domainSuffix: 'example.org', preference: 'ipv4-only' });
    const targets = Array.from({ length: 100 }, (_, i) => `t${i}.example.org`);
    client.tell('SRV web.example.org', { records: targets.map((target) => `web.example.org 60 SRV 0 1 80 ${target}`) });
    for (const target of targets) client.tell(`A ${target}`, 'silent');
    const ended = new AbortController();
    const pending = resolver.resolveService('web', { signal: ended.signal });
    await settle();
    expect(client.asked.filter((one) => one.startsWith('A '))).toHaveLength(32);
    ended.abort();
    await expect(pending).rejects.toMatchObject({ code: 'ABORTED' });
  });

  test.each([
    ['ipv4-first', ['10.0.0.1'], ['10.0.0.1', 'fd00::1']],
    ['ipv6-first', ['fd00::1'], ['fd00::1', '10.0.0.1']],
    ['ipv4-only', ['10.0.0.1'], ['10.0.0.1']],
    ['ipv6-only', ['fd00::1'], ['fd00::1']],
  ] as const)('with both families are dialled %s', async (preference, dialled, addresses) => {
    const { client, resolver } = world({ domainSuffix: 'example.org', preference });
    client.tell('SRV web.example.org', srv);
    client.tell('A a.example.org', { records: ['a.example.org 60 A 10.0.0.1'] });
    client.tell('AAAA a.example.org', { records: ['a.example.org 60 AAAA fd00::1'] });
    const { endpoints } = await resolver.resolveService('web');
    expect(endpoints.map((one) => one.address)).toEqual(dialled);
    expect(endpoints[0]?.addresses).toEqual(addresses);
    expect(await resolver.resolveAddresses('a.example.org')).toEqual(addresses);
  });

  test('of several addresses are several endpoints, which share the weight', async () => {
    const { client, resolver } = world({ domainSuffix: 'example.org', preference: 'ipv4-only' });
    client.tell('SRV web.example.org', { records: ['web.example.org 60 SRV 0 6 80 a.example.org'] });
    client.tell('A a.example.org', { records: ['a.example.org 60 A 10.0.0.1', 'a.example.org 60 A 10.0.0.2'] });
    const { endpoints } = await resolver.resolveService('web');
    expect(Object.fromEntries(endpoints.map((one) => [one.id, one.weight]))).toEqual({
      'a.example.org:80/10.0.0.1': 3,
      'a.example.org:80/10.0.0.2': 3,
    });
  });

  test('are followed along CNAMEs beside the answer', async () => {
    const { client, resolver } = world({ domainSuffix: 'example.org' });
    client.tell('SRV web.example.org', {
      ...srv,
      beside: ['a.example.org 9 CNAME b.example.org', 'b.example.org 60 A 10.0.0.7', 'other.example.org 60 A 10.6.6.6'],
    });
    const { endpoints, ttlMs } = await resolver.resolveService('web');
    expect(places(endpoints)).toEqual(['10.0.0.7:80']);
    expect(ttlMs).toBe(9_000);
  });

  test('beside an answer are asked for once their own TTL is over', async () => {
    const { client, clock, resolver } = world({ domainSuffix: 'example.org' });
    client.tell('SRV web.example.org', { ...srv, beside: ['a.example.org 2 A 10.0.0.1'] });
    client.tell('A a.example.org', { records: ['a.example.org 60 A 10.0.0.9'] });
    expect(places((await resolver.resolveService('web')).endpoints)).toEqual(['10.0.0.1:80']);
    await clock.advance(3_000);
    expect(places((await resolver.resolveService('web')).endpoints)).toEqual(['10.0.0.9:80']);
    expect(client.count('SRV web.example.org')).toBe(1);
  });

  test('that cannot be resolved are named, and the others are there', async () => {
    const { client, resolver } = world({ domainSuffix: 'example.org', preference: 'ipv4-only' });
    client.tell('SRV web.example.org', { records: [...srv.records, 'web.example.org 60 SRV 0 1 80 b.example.org'] });
    client.tell('A a.example.org', { records: ['a.example.org 60 A 10.0.0.1'] });
    client.tell('A b.example.org', { fails: 'SERVFAIL' });
    const set = await resolver.resolveService('web');
    expect(places(set.endpoints)).toEqual(['10.0.0.1:80']);
    expect(set.unresolved).toMatchObject([{ target: 'b.example.org', error: { details: { dns: 'SERVFAIL' } } }]);
    expect(resolver.stats().unresolvedTargets).toBe(1);
  });

  test('have one family when the other cannot be had', async () => {
    const { client, resolver } = world({ domainSuffix: 'example.org', preference: 'ipv6-first' });
    client.tell('SRV web.example.org', srv);
    client.tell('A a.example.org', { records: ['a.example.org 60 A 10.0.0.1'] });
    client.tell('AAAA a.example.org', { fails: 'SERVFAIL' });
    expect(places((await resolver.resolveService('web')).endpoints)).toEqual(['10.0.0.1:80']);
    client.tell('A a.example.org', { none: 'nodata' });
    await expect(resolver.resolveAddresses('A.example.org', { useCache: false })).rejects.toMatchObject({
      details: { dns: 'SERVFAIL' },
    });
  });

  test('of which none can be resolved are an error, not an empty set', async () => {
    const { client, resolver } = world({ domainSuffix: 'example.org', preference: 'ipv4-only' });
    client.tell('SRV web.example.org', srv);
    client.tell('A a.example.org', { fails: 'network' });
    await expect(resolver.resolveService('web')).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      details: { dns: 'network' },
    });
  });

  test('that do not exist are left out', async () => {
    const { client, resolver } = world({ domainSuffix: 'example.org' });
    client.tell('SRV web.example.org', srv);
    expect(await resolver.resolveService('web')).toMatchObject({ endpoints: [], unresolved: [], outcome: 'records' });
  });
});

describe('names without SRV', () => {
  test('are hosts of the configured port, an instance an address', async () => {
    const { client, resolver } = world({ domainSuffix: 'example.org', port: 80 });
    client.tell('SRV web.example.org', { none: 'nodata' });
    client.tell('A web.example.org', { records: ['web.example.org 9 A 10.0.0.1', 'web.example.org 9 A 10.0.0.2'] });
    client.tell('AAAA web.example.org', { none: 'nodata' });
    const set = await resolver.resolveService('web');
    expect(set).toMatchObject({ outcome: 'records', ttlMs: 0 });
    expect(Object.fromEntries(set.endpoints.map((one) => [one.id, one.weight]))).toEqual({
      'web.example.org:80/10.0.0.1': 1,
      'web.example.org:80/10.0.0.2': 1,
    });
  });

  test('are not asked for addresses when the name does not exist', async () => {
    const { client, resolver } = world({ domainSuffix: 'example.org', port: 80, svcb: 'HTTPS' });
    expect(await resolver.resolveService('web')).toMatchObject({ endpoints: [], outcome: 'nxdomain' });
    expect(client.asked).toEqual(['SRV web.example.org']);
  });

  test('are looked up at the bare name in the layout of RFC 2782', async () => {
    const { client, resolver } = world({
      domainSuffix: 'example.org',
      layout: 'srv',
      port: 5060,
      preference: 'ipv4-only',
    });
    client.tell('A sip.example.org', { records: ['sip.example.org 9 A 10.0.0.1'] });
    expect(places((await resolver.resolveService('sip')).endpoints)).toEqual(['10.0.0.1:5060']);
    expect(client.asked).toEqual(['SRV _sip._tcp.example.org', 'A sip.example.org']);
  });

  test('are found by HTTPS records, along aliases, with hints where addresses cannot be had', async () => {
    const { client, resolver } = world({ domainSuffix: 'example.org', svcb: 'HTTPS', preference: 'ipv4-only' });
    client.tell('SRV web.example.org', { none: 'nodata' });
    client.tell('HTTPS web.example.org', { records: ['web.example.org 60 HTTPS 0 pool.example.net.'] });
    client.tell('HTTPS pool.example.net', {
      records: [
        'pool.example.net 60 HTTPS 1 . alpn=h2,h3 port=8443 ipv4hint=10.0.0.1',
        'pool.example.net 60 HTTPS 2 b.example.net. alpn=h2',
      ],
    });
    client.tell('A pool.example.net', { fails: 'SERVFAIL' });
    client.tell('A b.example.net', { records: ['b.example.net 60 A 10.0.0.2'] });
    const { endpoints } = await resolver.resolveService('web');
    expect(endpoints.map(({ address, port, priority, alpn }) => [address, port, priority, alpn])).toEqual([
      ['10.0.0.1', 8443, 1, ['h2', 'h3']],
      ['10.0.0.2', 443, 2, ['h2']],
    ]);
  });
});

describe('the cache', () => {
  test('keeps answers for their TTL, but not longer than the cap', async () => {
    const { client, clock, resolver } = world({ domainSuffix: 'example.org', cacheTtl: 10 });
    client.tell('A a.example.org', { records: ['a.example.org 4 A 10.0.0.1'] });
    client.tell('A b.example.org', { records: ['b.example.org 3600 A 10.0.0.2'] });
    const ask = (name: string) => resolver.query(`${name}.example.org`, 'A');
    expect(await ask('a')).toMatchObject({ ttlSeconds: 4, ageMs: 0, stale: false });
    expect(await ask('b')).toMatchObject({ ttlSeconds: 10 });
    await clock.advance(3_000);
    expect(await ask('a')).toMatchObject({ ttlSeconds: 1, ageMs: 3_000 });
    expect([client.count('A a.example.org'), client.count('A b.example.org')]).toEqual([1, 1]);
    await clock.advance(1_001);
    await ask('a');
    expect(client.count('A a.example.org')).toBe(1);
    await clock.advance(6_000);
    await ask('b');
    expect(client.count('A b.example.org')).toBe(1);
  });

  test('asks every time for a TTL of 0, once for all who ask together', async () => {
    const { client, resolver } = world();
    client.tell('A a.node.consul', { records: ['a.node.consul 0 A 10.0.0.1'] });
    await resolver.query('a.node.consul', 'A');
    await resolver.query('a.node.consul', 'A');
    expect(client.count('A a.node.consul')).toBe(2);
    await Promise.all([1, 2, 3].map(() => resolver.query('A.Node.Consul', 'A')));
    expect(client.count('A a.node.consul')).toBe(1);
  });

  test('keeps a TTL of 0 for the least time that is configured', async () => {
    const { client, clock, resolver } = world({ minTtlMs: 2_000 });
    client.tell('A a.node.consul', { records: ['a.node.consul 0 A 10.0.0.1'] });
    await resolver.query('a.node.consul', 'A');
    await clock.advance(1_500);
    await resolver.query('a.node.consul', 'A');
    expect(client.count('A a.node.consul')).toBe(1);
  });

  test('keeps that there is none as the zone says, and 5 s at most', async () => {
    const { client, clock, resolver } = world();
    client.tell('A gone.x', { none: 'nxdomain', ttlSeconds: 600 });
    client.tell('A soon.x', { none: 'nodata', ttlSeconds: 2 });
    const askBoth = () => Promise.all(['gone.x', 'soon.x'].map((name) => resolver.query(name, 'A')));
    expect(await askBoth()).toMatchObject([
      { outcome: 'nxdomain', ttlSeconds: 5 },
      { outcome: 'nodata', ttlSeconds: 2 },
    ]);
    await clock.advance(2_001);
    await askBoth();
    expect([client.count('A gone.x'), client.count('A soon.x')]).toEqual([1, 2]);
    await clock.advance(3_000);
    await askBoth();
    expect(client.count('A gone.x')).toBe(1);
  });

  test('remembers a failure for a second', async () => {
    const { client, clock, resolver } = world();
    client.tell('A a.x', { fails: 'SERVFAIL' });
    const ask = () => resolver.query('a.x', 'A');
    await expect(ask()).rejects.toMatchObject({ details: { dns: 'SERVFAIL' } });
    await clock.advance(900);
    await expect(ask()).rejects.toMatchObject({ details: { dns: 'SERVFAIL' } });
    expect(client.count('A a.x')).toBe(1);
    await clock.advance(101);
    client.tell('A a.x', { records: ['a.x 5 A 10.0.0.1'] });
    expect(await ask()).toMatchObject({ outcome: 'records' });
  });

  test('serves what is past its time when servers fail, marked stale with a TTL of 30', async () => {
    const { client, clock, resolver } = world();
    client.tell('A a.x', { records: ['a.x 5 A 10.0.0.1'] });
    await resolver.query('a.x', 'A');
    await clock.advance(60_000);
    client.tell('A a.x', { fails: 'network' });
    expect(await resolver.query('a.x', 'A')).toMatchObject({
      stale: true,
      ttlSeconds: 30,
      ageMs: 60_000,
      error: { details: { dns: 'network' } },
      records: [{ address: '10.0.0.1' }],
    });
    expect(resolver.stats()).toMatchObject({ staleServed: 1 });
    await clock.advance(24 * 3_600_000);
    await expect(resolver.query('a.x', 'A')).rejects.toMatchObject({ details: { dns: 'network' } });
  });

  test('serves what is past its time after 1.8 s of silence', async () => {
    const { client, clock, resolver } = world();
    client.tell('A a.x', { records: ['a.x 5 A 10.0.0.1'] });
    await resolver.query('a.x', 'A');
    await clock.advance(60_000);
    client.tell('A a.x', 'silent');
    let answered = false;
    const asked = resolver.query('a.x', 'A').finally(() => (answered = true));
    await clock.advance(1_799);
    expect(answered).toBe(false);
    await clock.advance(1);
    expect(await asked).toMatchObject({ stale: true });
    await resolver.close();
  });

  test('fetches what is asked for again and again before its time is over', async () => {
    const { client, clock, resolver } = world();
    client.tell('A a.x', { records: ['a.x 20 A 10.0.0.1'] });
    for (let i = 0; i < 3; i++) await resolver.query('a.x', 'A');
    await clock.advance(19_500);
    expect(await resolver.query('a.x', 'A')).toMatchObject({ stale: false });
    await settle();
    expect(client.count('A a.x')).toBe(2);
    expect(await resolver.query('a.x', 'A')).toMatchObject({ ageMs: 0 });
  });

  test('is passed over when told so, and still helps when nobody answers', async () => {
    const { client, clock, resolver } = world();
    client.tell('A a.x', { records: ['a.x 20 A 10.0.0.1'] });
    await resolver.query('a.x', 'A');
    await resolver.query('a.x', 'A', { useCache: false });
    expect(client.count('A a.x')).toBe(2);
    client.tell('A a.x', { fails: 'timeout' });
    expect(await resolver.query('a.x', 'A', { useCache: false })).toMatchObject({ records: [{ address: '10.0.0.1' }] });
    client.tell('A a.x', 'silent');
    const waiting = resolver.query('a.x', 'A', { useCache: false, timeoutMs: 500 });
    await clock.advance(500);
    expect(await waiting).toMatchObject({ records: [{ address: '10.0.0.1' }], stale: true });
    await resolver.close();
  });
});

function shared() {
  return createMemoryCache<StoredAnswer>({ clock: new FakeClock() });
}

/** As it comes back from where only bytes are kept. */
function overTheWire(cache: Cache<StoredAnswer>): Cache<StoredAnswer> {
  const codec = jsonCodec<CacheEntry<StoredAnswer>>();
  const through = (entry: CacheEntry<StoredAnswer>) => codec.decode(codec.encode(entry));
  return {
    get: async (key, lookup) => {
      const entry = await cache.get(key, lookup);
      return entry && through(entry);
    },
    set: (key, entry) => cache.set(key, through(entry)),
    delete: (key) => cache.delete(key),
    close: async () => {},
  };
}

describe('a cache shared with others', () => {
  test('answers without asking anybody, bytes included', async () => {
    const between = overTheWire(shared());
    const one = world({ sharedCache: between, metadata: 'target', domainSuffix: 'example.org' });
    one.client.tell('SRV web.example.org', {
      records: ['web.example.org 60 SRV 0 1 80 a.example.org'],
      beside: ['a.example.org 60 A 10.0.0.1'],
    });
    one.client.tell('TXT a.example.org', { records: ['a.example.org 60 TXT "version=1"'] });
    const set = await one.resolver.resolveService('web');
    const other = world({ sharedCache: between, metadata: 'target', domainSuffix: 'example.org' });
    expect((await other.resolver.resolveService('web')).endpoints).toEqual(set.endpoints);
    expect(other.client.asked).toEqual([]);
  });

  test.each([
    ['nothing of ours', 'text'],
    [
      'no records',
      { ttlMs: 1000, answer: { outcome: 'records', records: 'x', aliases: [], additionals: [], ttlSeconds: 1 } },
    ],
    [
      'half a record',
      { ttlMs: 1000, answer: { outcome: 'records', records: [{}], aliases: [], additionals: [], ttlSeconds: 1 } },
    ],
  ])('that holds %s is a miss', async (_, value) => {
    const between = shared();
    const { client, clock, resolver } = world({ sharedCache: between });
    const times = { storedAt: clock.wall(), freshUntil: clock.wall() + 60_000, staleUntil: clock.wall() + 60_000 };
    await between.set('A a.x', {
      ...times,
      value: value as never,
      index: 0,
      indexSpace: '',
      loadMs: 1,
      negative: false,
    });
    client.tell('A a.x', { records: ['a.x 5 A 10.0.0.1'] });
    expect(await resolver.query('a.x', 'A')).toMatchObject({ records: [{ address: '10.0.0.1' }] });
  });

  test('is closed with the resolver', async () => {
    let closed = 0;
    const { resolver } = world({ sharedCache: { ...overTheWire(shared()), close: async () => void (closed += 1) } });
    await resolver.close();
    expect(closed).toBe(1);
  });
});

describe('any record', () => {
  test('comes as it is, of unknown types as bytes', async () => {
    const { client, resolver } = world();
    client.tell('TYPE65280 x.example', { records: ['x.example 60 TYPE65280 \\# 4 0A000001'] });
    client.tell('MX x.example', { records: ['x.example 60 MX 10 mail.example'] });
    const raw = await resolver.query('x.example.', 'TYPE65280');
    expect(raw).toMatchObject({ type: 'TYPE65280', records: [{ type: 'UNKNOWN', code: 65_280 }], server: 'fake://1' });
    expect(await resolver.query('x.example', 15)).toMatchObject({
      type: 'MX',
      records: [{ exchange: 'mail.example' }],
    });
  });

  test.each([
    ['x.example', 'NOPE', 'type'],
    ['x.example', 70_000, 'type'],
    ['x..example', 'A', 'name'],
    ['', 'A', 'name'],
    ['x.example', Symbol('A'), 'type'],
    [Symbol('x'), 'A', 'name'],
  ])('%s %s is refused', async (name, type, field) => {
    const { resolver } = world();
    await expect(resolver.query(name as string, type as string)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      details: { violations: [{ field }] },
    });
  });

  test('addresses of a host that has none are an error that tells why', async () => {
    const { client, resolver } = world();
    await expect(resolver.resolveAddresses('x.example')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      details: { dns: 'NXDOMAIN' },
    });
    client.tell('A y.example', { none: 'nodata' }).tell('AAAA y.example', { none: 'nodata' });
    await expect(resolver.resolveAddresses('y.example')).rejects.toMatchObject({ details: { dns: 'NODATA' } });
    client.tell('A z.example', { fails: 'SERVFAIL' }).tell('AAAA z.example', { records: ['z.example 5 AAAA fd00::1'] });
    expect(await resolver.resolveAddresses('z.example')).toEqual(['fd00::1']);
  });
});

describe('calls', () => {
  test('end when their time is up or their caller gives up', async () => {
    const { client, clock, resolver } = world({ metadata: 'none' });
    client.tell('SRV web.service.consul', 'silent');
    const late = expect(resolver.resolveService('web', { timeoutMs: 100 })).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: 'looking up service web: no DNS answer within 100 ms',
      details: { dns: 'timeout' },
    });
    await clock.advance(100);
    await late;
    const ended = new AbortController();
    const aborted = expect(resolver.resolveService('web', { signal: ended.signal })).rejects.toMatchObject({
      code: 'ABORTED',
    });
    await settle();
    ended.abort();
    await aborted;
    expect(clock.pending).toBe(0);
  });

  test('have timeout × maxRetries', async () => {
    const { client, clock, resolver } = world({ metadata: 'none', timeout: 2, maxRetries: 2 });
    client.tell('SRV web.service.consul', 'silent');
    let ended = false;
    const call = resolver.resolveService('web').catch(() => void (ended = true));
    await clock.advance(3_998);
    expect(ended).toBe(false);
    await clock.advance(2);
    await call;
    expect(ended).toBe(true);
  });

  test('under way end with the close, later ones are refused', async () => {
    const { client, resolver } = world({ metadata: 'none' });
    client.tell('SRV web.service.consul', 'silent');
    const call = expect(resolver.resolveService('web')).rejects.toMatchObject({ code: 'CLOSED' });
    await settle();
    await resolver.close();
    await call;
    await resolver.close();
    expect(client.closed).toBe(1);
    await expect(resolver.query('a.x', 'A')).rejects.toMatchObject({ code: 'CLOSED' });
  });

  test.each([
    [{ datacentre: 'x' }, /datacentre is not an option; did you mean datacenter\?/],
    [{ timeoutMs: 0 }, /timeoutMs must be above 0/],
    [{ metadata: { a: 5 } }, /metadata\.a must be a text, or a function/],
  ])('with the options %j are refused', async (options, said) => {
    const { resolver } = world();
    await expect(resolver.resolveService('web', options as never)).rejects.toThrow(said);
  });
});

describe('a filter that cannot be judged is an error:', () => {
  const filter = { metadata: { a: 'b' } };
  const bare = { records: web.records, beside: web.beside.slice(0, 2) };

  test('when the metadata could not be had', async () => {
    const { client, resolver } = world();
    client.tell('SRV web.service.consul', bare).tell('TXT web.instance.consul', { fails: 'SERVFAIL' });
    const set = await resolver.resolveService('web');
    expect(set.endpoints).toHaveLength(2);
    expect(set.unresolved).toMatchObject([{ target: 'web.instance.consul' }]);
    await expect(resolver.resolveService('web', filter)).rejects.toMatchObject({ details: { dns: 'SERVFAIL' } });
  });

  test('when nobody publishes any', async () => {
    const { client, resolver } = world();
    client.tell('SRV web.service.consul', bare);
    await expect(resolver.resolveService('web', filter)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  test('when nobody is asked for it', async () => {
    const { client, resolver } = world({ metadata: 'none' });
    client.tell('SRV web.service.consul', bare);
    await expect(resolver.resolveService('web', filter)).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  });

  test('by metadata of the past is marked stale; without a filter only the metadata is', async () => {
    const { client, clock, resolver } = world();
    client.tell('SRV web.service.consul', bare);
    client.tell('TXT web.instance.consul', {
      records: ['web.instance.consul 5 TXT "id=web-1" "node=a" "a=b" "srv=8080 a.node.dc1.consul"'],
    });
    expect(await resolver.resolveService('web', filter)).toMatchObject({ stale: false, endpoints: [{ id: 'web-1' }] });
    await clock.advance(6_000);
    client.tell('TXT web.instance.consul', { fails: 'SERVFAIL' });
    expect(await resolver.resolveService('web', filter)).toMatchObject({ stale: true, endpoints: [{ id: 'web-1' }] });
    const set = await resolver.resolveService('web');
    expect(set).toMatchObject({ stale: false, unresolved: [{ target: 'web.instance.consul' }] });
    expect(set.endpoints.map((one) => one.metadata)).toContainEqual({ a: 'b' });
  });

  test('but not for a service that is not there', async () => {
    const { resolver } = world();
    expect(await resolver.resolveService('web', filter)).toMatchObject({ endpoints: [], outcome: 'nxdomain' });
  });
});

test('one is drawn by weight, and those of weight 0 seldom', async () => {
  const { client, resolver } = world({ domainSuffix: 'example.org' });
  const weights = [6, 3, 1, 0];
  client.tell('SRV web.example.org', {
    records: weights.map((weight, i) => `web.example.org 30 SRV 1 ${weight} 80 h${i}.example.org`),
    beside: weights.map((_, i) => `h${i}.example.org 30 A 10.0.0.${i}`),
  });
  const draws = 5_500;
  const counts = weights.map(() => 0);
  for (let draw = 0; draw < draws; draw++) {
    const { target } = await resolver.resolveOne('web');
    counts[Number(target[1])]! += 1;
  }
  // A number from 0 to 10 decides: 0 for the last, then 1 to 6, 7 to 9, 10.
  const expected = [6, 3, 1, 1].map((share) => (draws * share) / 11);
  const chiSquare = counts.reduce((sum, count, i) => sum + (count - expected[i]!) ** 2 / expected[i]!, 0);
  // 3 degrees of freedom, p = 0.001; the seed decides, so it does not vary.
  expect(chiSquare).toBeLessThan(16.27);
});

describe('a configuration', () => {
  test.each<[object, RegExp]>([
    [{ dnsServer: [] }, /dnsServer is not an option; did you mean dnsServers\?/],
    [{ dnsServers: ['dns.example'] }, /dns\.example/],
    [{ dnsServers: ['10.0.0.1:99999'] }, /port of 1 to 65535/],
    [{ dnsServers: [] }, /dnsServers must not be empty/],
    [{ timeout: 0, maxRetries: 0 }, /timeout must be above 0; maxRetries must be 1 to/],
    [{ preference: 'v4' }, /preference must be one of ipv4-first/],
    [{ domainSuffix: 'a..b' }, /domainSuffix must be a DNS name/],
    [{ layout: 'consul', domainSuffix: 'example.org' }, /must begin with service\./],
    [{ retry: { baseMs: -1 } }, /retry\.baseMs/],
    [{ domainSuffix: 'example.org', datacenter: 'dc1' }, /datacenter has a place in layout 'consul' only/],
    [{ protocol: 'udp' }, /protocol has a place in layout 'srv' only/],
  ])('%j is refused', (config, said) => {
    expect(() => new DnsServiceResolver(config)).toThrow(said);
    expect(() => new DnsServiceResolver(config)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});
