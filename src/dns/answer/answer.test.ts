import { describe, expect, test } from 'vitest';
import { lines, questionBytes } from '../../../test/support/dns-ask.js';
import { catalogOf, checkRow, nodeRow, queriesOver, serviceRow } from '../../../test/support/dns-catalog.js';
import { FakeClock } from '../../testing/fake-clock.js';
import { FakeCluster } from '../../testing/fake-cluster.js';
import { seededRandom } from '../../testing/seeded-random.js';
import type { Row } from '../../model/index.js';
import { createDnsServer, decodeMessage, rcodeName } from '../index.js';
import type { DnsServerSetup, Message } from '../index.js';

const soa = 'consul 0 SOA ns.consul hostmaster.consul 3600 600 86400 0';

const rows: readonly Row[] = [
  nodeRow('a', '10.0.0.1', { meta: { rack: 'r7', 'rfc1035-note': 'plain text', secret: 's' } }),
  nodeRow('b', '10.0.0.2'),
  nodeRow('c', '10.0.0.3'),
  nodeRow('Six', 'fd00::6'),
  nodeRow('dotted.name', '10.0.0.4'),
  nodeRow('named', 'host.example.com'),
  nodeRow('odd name!', '10.0.0.5'),
  nodeRow('tagged', '10.0.0.9', { taggedAddresses: { lan_ipv4: '10.0.1.9', lan_ipv6: 'fd00::9' } }),
  serviceRow('a', 'web-1', {
    service: 'web',
    tags: ['V1', 'blue.green'],
    port: 8080,
    address: '10.9.0.1',
    weights: { Passing: 5, Warning: 2 },
    meta: { version: '1.2', secret: 's', alpn: 'h2, http/1.1' },
  }),
  serviceRow('b', 'web-2', { service: 'web', tags: ['v2'], port: 8081, weights: { Passing: 7, Warning: 3 } }),
  checkRow('b', 'web-2', 'warning'),
  serviceRow('c', 'web-3', { service: 'web', port: 8082 }),
  checkRow('c', 'web-3', 'critical'),
  serviceRow('Six', 'six', { port: 6 }),
  serviceRow('named', 'ext', { port: 5432 }),
  serviceRow('a', 'twice-1', { service: 'twice', port: 1, address: '10.9.0.2' }),
  serviceRow('a', 'twice-2', { service: 'twice', port: 1, address: '10.9.0.2' }),
  serviceRow('a', 'twice-3', { service: 'twice', port: 2, address: '10.9.0.2' }),
  serviceRow('b', 'alias', { address: 'web.service.consul', port: 7 }),
  serviceRow('b', 'selfish', { address: 'selfish.service.consul', port: 7 }),
  serviceRow('b', 'loop1', { address: 'loop2.service.consul' }),
  serviceRow('b', 'loop2', { address: 'loop1.service.consul' }),
  serviceRow('b', 'mixed-1', { service: 'mixed', address: 'x.example.com' }),
  serviceRow('b', 'mixed-2', { service: 'mixed', address: '10.9.0.7' }),
  serviceRow('b', 'dual', {
    address: '10.9.0.8',
    taggedAddresses: { lan_ipv4: { Address: '10.9.1.8', Port: 1 }, lan_ipv6: { Address: 'fd00::8', Port: 1 } },
  }),
  serviceRow('tagged', 'on-tagged', { port: 3 }),
  serviceRow('odd name!', 'odd', { port: 3 }),
  serviceRow('b', 'down', {}),
  checkRow('b', 'down', 'critical'),
  serviceRow('b', 'garbage', { address: 'not..a name', port: 99_999 }),
  serviceRow('b', 'h2', { meta: { alpn: 'h2', svcb_port: '8443', svcb_priority: '7' }, port: 80 }),
  serviceRow('c', 'web-proxy', {
    service: 'web-proxy',
    serviceKind: 'connect-proxy',
    proxy: { DestinationServiceName: 'web' },
    port: 21_000,
  }),
  serviceRow('c', 'native', { connect: { Native: true }, port: 8 }),
  serviceRow('a', 'consul', { port: 8300 }),
  serviceRow('a', '__proto__', { service: 'constructor', port: 1 }),
  serviceRow('a', 'gate', { service: 'gate', serviceKind: 'ingress-gateway', port: 8888 }),
  {
    kind: 'config',
    configKind: 'ingress-gateway',
    name: 'gate',
    body: { Kind: 'ingress-gateway', Name: 'gate', Listeners: [{ Port: 1, Services: [{ Name: 'web' }] }] },
    createIndex: 1,
    modifyIndex: 1,
  },
];

interface Asked extends Message {
  readonly code: string;
}

function server(config: DnsServerSetup['config'] = {}, more: Partial<DnsServerSetup> = {}) {
  const catalog = catalogOf(rows);
  const queries = queriesOver(catalog, { 'my.q': { service: 'web', ttl: '30s' }, plain: { service: 'web' } });
  const dns = createDnsServer({
    catalog,
    queries,
    config,
    clock: new FakeClock(),
    random: seededRandom(1),
    isPrivateKey: (key) => key === 'secret',
    ...more,
  });
  return async (question: string, options: Parameters<typeof questionBytes>[1] = {}): Promise<Asked> => {
    const bytes = questionBytes(question, { edns: 1232, ...options });
    const { body } = await dns.doh('POST', 'application/dns-message', bytes, '127.0.0.1');
    const message = decodeMessage(body);
    return { ...message, code: rcodeName(message.rcode) };
  };
}

const ask = server();

/** Question → answers; '' as the only one means none with SOA, 'NXDOMAIN' so. */
const answered: readonly [string, readonly string[]][] = [
  ['A web.service.consul', ['10.0.0.2', '10.9.0.1']],
  ['ANY web.service.consul', ['10.0.0.2', '10.9.0.1']],
  ['TXT web.service.consul', ['10.0.0.2', '10.9.0.1']],
  ['A v1.web.service.consul', ['10.9.0.1']],
  ['A V2.Web.Service.Consul', ['10.0.0.2']],
  ['A blue.green.web.service.consul', ['10.9.0.1']],
  ['A web.service.dc1.consul', ['10.0.0.2', '10.9.0.1']],
  ['A web.service.DC1.consul', ['10.0.0.2', '10.9.0.1']],
  ['A web.service.dc1.dc.consul', ['10.0.0.2', '10.9.0.1']],
  ['A _web._tcp.service.consul', ['10.0.0.2', '10.9.0.1']],
  ['A constructor.service.consul', ['10.0.0.1']],
  ['AAAA six.service.consul', ['fd00::6']],
  ['A twice.service.consul', ['10.9.0.2']],
  ['A dual.service.consul', ['10.9.1.8']],
  ['AAAA dual.service.consul', ['fd00::8']],
  ['ANY dual.service.consul', ['fd00::8']],
  ['A mixed.service.consul', ['10.9.0.7']],
  ['A selfish.service.consul', ['10.0.0.2']],
  ['A my.q.query.consul', ['10.0.0.2', '10.9.0.1']],
  ['A _plain._tcp.query.consul', ['10.0.0.2', '10.9.0.1']],
  ['A a.node.consul', ['10.0.0.1']],
  ['A dotted.name.node.consul', ['10.0.0.4']],
  ['AAAA six.node.consul', ['fd00::6']],
  ['A tagged.node.consul', ['10.0.1.9']],
  ['AAAA tagged.node.consul', ['fd00::9']],
  ['A 0a000001.addr.dc1.consul', ['10.0.0.1']],
  ['ANY fd000000000000000000000000000001.addr.consul', ['fd00::1']],
  ['A web.connect.consul', ['10.0.0.3']],
  ['A native.connect.consul', ['10.0.0.3']],
  ['A web.ingress.consul', ['10.0.0.1']],
  ['A web-1.web.instance.consul', ['10.9.0.1']],
];

const nothing: readonly [string, 'NODATA' | 'NXDOMAIN'][] = [
  ['AAAA web.service.consul', 'NODATA'],
  ['MX web.service.consul', 'NODATA'],
  ['CNAME web.service.consul', 'NODATA'],
  ['A garbage.service.consul', 'NODATA'],
  ['HTTPS six.service.consul', 'NODATA'],
  ['A down.service.consul', 'NXDOMAIN'],
  ['A nope.service.consul', 'NXDOMAIN'],
  ['A v3.web.service.consul', 'NXDOMAIN'],
  ['SRV _web._udp.service.consul', 'NXDOMAIN'],
  ['A _web._tcp.consul', 'NXDOMAIN'],
  ['A web.service.dc9.consul', 'NXDOMAIN'],
  ['A web.service.dc1.extra.consul', 'NXDOMAIN'],
  ['A web.consul', 'NXDOMAIN'],
  ['A service.consul', 'NXDOMAIN'],
  ['A consul', 'NXDOMAIN'],
  ['A node.consul', 'NXDOMAIN'],
  ['A nope.node.consul', 'NXDOMAIN'],
  ['A a.node.dc9.consul', 'NXDOMAIN'],
  ['A nope.query.consul', 'NXDOMAIN'],
  ['A 0a0000.addr.consul', 'NXDOMAIN'],
  ['A 0a0000zz.addr.consul', 'NXDOMAIN'],
  ['A x.0a000001.addr.consul', 'NXDOMAIN'],
  ['A web.virtual.consul', 'NXDOMAIN'],
  ['A six.connect.consul', 'NXDOMAIN'],
  ['A nope.web.instance.consul', 'NXDOMAIN'],
  ['A __proto__.service.consul', 'NXDOMAIN'],
  ['PTR 7.7.7.10.in-addr.arpa', 'NXDOMAIN'],
  ['PTR 0.0.10.in-addr.arpa', 'NXDOMAIN'],
];

describe('names (docs/contract.md section 5.1)', () => {
  test.each(answered)('%s', async (question, addresses) => {
    const answer = await ask(question);
    expect(answer).toMatchObject({ code: 'NOERROR', authoritative: true, authorities: [] });
    expect(answer.answers.map((one) => ('address' in one ? one.address : '')).toSorted()).toEqual(addresses);
    expect(answer.answers.map((one) => one.name)).toEqual(addresses.map(() => question.split(' ')[1]));
  });

  test.each(nothing)('%s: %s', async (question, kind) => {
    const answer = await ask(question);
    expect(answer).toMatchObject({ code: kind === 'NODATA' ? 'NOERROR' : kind, authoritative: true, answers: [] });
    expect(lines(answer.authorities)).toEqual([soa]);
  });

  test('the word service may be left out of SRV questions', async () => {
    expect((await ask('SRV _web._tcp.consul')).answers).toHaveLength(2);
    expect((await ask('SRV _web._v1.dc1.consul')).answers).toHaveLength(1);
    expect((await ask('SRV _web._tcp.dc9.consul')).code).toBe('NXDOMAIN');
  });

  test('outside the domain nothing is known', async () => {
    for (const name of ['example.com', 'consul.example.com', 'xconsul', 'version.bind', 'a\\.consul', '.']) {
      const refused = await ask(`A ${name}`);
      expect(refused).toMatchObject({ code: 'REFUSED', authoritative: false, answers: [], authorities: [] });
    }
  });

  test('reverse lookups: the node, else the service, whatever type is asked for', async () => {
    expect(lines((await ask('PTR 1.0.0.10.in-addr.arpa')).answers)).toEqual([
      '1.0.0.10.in-addr.arpa 0 PTR a.node.dc1.consul',
    ]);
    expect(lines((await ask('A 1.0.9.10.in-addr.arpa')).answers)).toEqual([
      '1.0.9.10.in-addr.arpa 0 PTR web.service.dc1.consul',
    ]);
    const six = `6.${'0.'.repeat(27)}0.0.d.f.ip6.arpa`;
    expect(lines((await ask(`PTR ${six}`)).answers)).toEqual([`${six} 0 PTR Six.node.dc1.consul`]);
  });
});

describe('answers (docs/contract.md section 5.2)', () => {
  test('SRV: weight by status, target by address, addresses and metadata beside', async () => {
    const answer = await ask('SRV web.service.consul');
    expect(lines(answer.answers)).toEqual([
      'web.service.consul 0 SRV 1 3 8081 b.node.dc1.consul',
      'web.service.consul 0 SRV 1 5 8080 0a090001.addr.dc1.consul',
    ]);
    expect(lines(answer.additionals)).toEqual([
      '0a090001.addr.dc1.consul 0 A 10.9.0.1',
      'a.node.dc1.consul 0 TXT "plain text"',
      'a.node.dc1.consul 0 TXT "rack=r7"',
      'b.node.dc1.consul 0 A 10.0.0.2',
    ]);
  });

  test('SRV: one for each node, address and port', async () => {
    const answer = await ask('SRV twice.service.consul');
    expect(lines(answer.answers).map((line) => line.split(' ')[5])).toEqual(['1', '2']);
  });

  test('SRV: a host name is its own target, a tagged address gets an address name', async () => {
    expect(lines((await ask('SRV ext.service.consul')).answers)).toEqual([
      'ext.service.consul 0 SRV 1 1 5432 host.example.com',
    ]);
    expect(lines((await ask('SRV on-tagged.service.consul')).answers)).toEqual([
      'on-tagged.service.consul 0 SRV 1 1 3 fd000000000000000000000000000009.addr.dc1.consul',
    ]);
  });

  test('SRV: a node whose name needs escapes is still a target', async () => {
    expect(lines((await ask('SRV odd.service.consul')).answers)).toEqual([
      'odd.service.consul 0 SRV 1 1 3 odd\\032name!.node.dc1.consul',
    ]);
  });

  test('the domain of targets is spelt as asked', async () => {
    const answer = await ask('SRV b.WEB.Service.CONSUL');
    expect(answer.code).toBe('NXDOMAIN');
    expect(answer.authorities[0]).toMatchObject({ name: 'CONSUL', mname: 'ns.CONSUL' });
    const found = await ask('SRV v2.WEB.Service.CONSUL');
    expect(lines(found.answers)).toEqual(['v2.WEB.Service.CONSUL 0 SRV 1 3 8081 b.node.dc1.CONSUL']);
    const other = server({ altDomain: 'alt.test.' });
    expect(lines((await other('SRV v2.web.service.alt.test')).answers)).toEqual([
      'v2.web.service.alt.test 0 SRV 1 3 8081 b.node.dc1.alt.test',
    ]);
  });

  test('CNAME: alone when outside, with its addresses of any family when inside, never round in circles', async () => {
    expect(lines((await ask('A ext.service.consul')).answers)).toEqual(['ext.service.consul 0 CNAME host.example.com']);
    expect(lines((await ask('A named.node.consul')).answers)).toEqual(['named.node.consul 0 CNAME host.example.com']);
    expect(lines((await ask('AAAA alias.service.consul')).answers)).toEqual([
      'alias.service.consul 0 CNAME web.service.consul',
      'web.service.consul 0 A 10.0.0.2',
      'web.service.consul 0 A 10.9.0.1',
    ]);
    const srv = await ask('SRV alias.service.consul');
    expect(lines(srv.answers)).toEqual(['alias.service.consul 0 SRV 1 1 7 web.service.consul']);
    expect(srv.additionals).toHaveLength(2);
    expect((await ask('A loop1.service.consul')).answers.length).toBeLessThanOrEqual(6);
  });

  test('node: metadata in the answer for TXT and ANY, else beside; no SOA when the type is missing', async () => {
    const texts = ['a.node.consul 0 TXT "plain text"', 'a.node.consul 0 TXT "rack=r7"'];
    expect(lines((await ask('TXT a.node.consul')).answers)).toEqual(texts);
    expect(lines((await ask('ANY a.node.consul')).answers)).toEqual(['a.node.consul 0 A 10.0.0.1', ...texts]);
    const missing = await ask('AAAA a.node.consul');
    expect(missing).toMatchObject({ code: 'NOERROR', answers: [], authorities: [] });
    expect(lines(missing.additionals)).toEqual(texts);
    expect(await ask('SRV a.node.consul')).toMatchObject({
      code: 'NOERROR',
      answers: [],
      authorities: [],
      additionals: [],
    });
    const without = server({ nodeMetaTxt: false });
    expect((await without('A a.node.consul')).additionals).toEqual([]);
  });

  test('addr: another type brings the address beside', async () => {
    const answer = await ask('AAAA 0a000001.addr.consul');
    expect(answer).toMatchObject({ code: 'NOERROR', answers: [], authorities: [] });
    expect(lines(answer.additionals)).toEqual(['0a000001.addr.consul 0 A 10.0.0.1']);
  });

  test('the zone: SOA and NS at any name, AXFR not implemented', async () => {
    const zone = await ask('SOA what.ever.consul');
    expect(lines(zone.answers)).toEqual([soa]);
    expect(lines(zone.authorities)).toEqual(['consul 0 NS a.node.dc1.consul']);
    expect(lines(zone.additionals)).toEqual(['a.node.dc1.consul 0 A 10.0.0.1']);
    const servers = await ask('NS consul');
    expect(lines(servers.answers)).toEqual(['consul 0 NS a.node.dc1.consul']);
    expect(lines(servers.additionals)).toEqual(['a.node.dc1.consul 0 A 10.0.0.1']);
    expect(await ask('AXFR consul')).toMatchObject({
      code: 'NOTIMP',
      authoritative: true,
      answers: [],
      authorities: [],
    });
  });

  test('the order is another one from question to question', async () => {
    const orders = new Set<string>();
    for (let i = 0; i < 40; i++) {
      orders.add((await ask('ANY web.service.consul')).answers.map((one) => JSON.stringify(one)).join());
    }
    expect(orders.size).toBe(2);
  });
});

async function ttlOf(config: DnsServerSetup['config'], question: string): Promise<number | undefined> {
  return (await server(config)(question)).answers[0]?.ttl;
}

describe('configuration', () => {
  test('TTLs: exact name, longest prefix, then *; a query its own first', async () => {
    const serviceTtlMs = new Map([
      ['web', 10_000],
      ['mix*', 20_000],
      ['m*', 30_000],
      ['*', 40_000],
    ]);
    expect(await ttlOf({ serviceTtlMs }, 'A WEB.service.consul')).toBe(10);
    expect(await ttlOf({ serviceTtlMs }, 'A mixed.service.consul')).toBe(20);
    expect(await ttlOf({ serviceTtlMs }, 'A dual.service.consul')).toBe(40);
    expect(await ttlOf({ serviceTtlMs }, 'A my.q.query.consul')).toBe(30);
    expect(await ttlOf({ serviceTtlMs }, 'A plain.query.consul')).toBe(10);
    expect(await ttlOf({ nodeTtlMs: 5_500 }, 'A a.node.consul')).toBe(5);
    expect(await ttlOf({ nodeTtlMs: 5_500 }, 'NS consul')).toBe(5);
    expect(await ttlOf({ nodeTtlMs: 5_500 }, 'A 0a000001.addr.consul')).toBe(5);
    expect(await ttlOf({ nodeTtlMs: 5_500 }, 'A web.service.consul')).toBe(0);
  });

  test('only_passing leaves out who warns', async () => {
    expect((await server({ onlyPassing: true })('A web.service.consul')).answers).toHaveLength(1);
  });

  test('a_record_limit holds for addresses, not for SRV', async () => {
    const limited = server({ aRecordLimit: 1 });
    expect((await limited('A web.service.consul')).answers).toHaveLength(1);
    expect((await limited('SRV web.service.consul')).answers).toHaveLength(2);
  });

  test('soa: min_ttl is its TTL', async () => {
    const given = server({ soa: { refresh: 1, retry: 2, expire: 3, minTtl: 4 } });
    expect(lines((await given('A nope.service.consul')).authorities)).toEqual([
      'consul 4 SOA ns.consul hostmaster.consul 1 2 3 4',
    ]);
  });

  test('another domain', async () => {
    const given = server({ domain: 'Discovery.Internal.' });
    expect((await given('A web.service.discovery.internal')).answers).toHaveLength(2);
    expect((await given('A web.service.consul')).code).toBe('REFUSED');
  });

  test('static records hide the catalog at their name and live outside the domain too', async () => {
    const given = server({
      records: [
        { name: 'WWW.example.com.', type: 'A', ttl: '1m', data: '192.0.2.1' },
        'www.example.com 30 IN TXT "hello there" x\\"y',
        'web.service.consul IN CNAME www.example.com.',
        { name: 'odd.example.com', type: 'TYPE65280', data: '\\# 3 010203' },
      ],
    });
    expect(lines((await given('A www.Example.com')).answers)).toEqual(['www.Example.com 60 A 192.0.2.1']);
    expect(lines((await given('TXT www.example.com')).answers)).toEqual([
      'www.example.com 30 TXT "hello there" "x\\"y"',
    ]);
    expect(lines((await given('A web.service.consul')).answers)).toEqual([
      'web.service.consul 0 CNAME www.example.com',
      'www.example.com 60 A 192.0.2.1',
    ]);
    expect((await given('TYPE65280 odd.example.com')).answers).toMatchObject([{ type: 'UNKNOWN', code: 65280 }]);
    expect(await given('MX www.example.com')).toMatchObject({ code: 'NOERROR', answers: [], authorities: [] });
  });

  const wrong: readonly [string, string][] = [
    ['www.example.com', 'is not NAME [TTL] [IN] TYPE DATA'],
    ['a..b A 10.0.0.1', 'is not a DNS name'],
    ['a BOGUS x', '"BOGUS" is not a DNS record type'],
    ['a A fd00::1', 'wants an IPv4 address'],
    ['a A 10.0.0.1 10.0.0.2', 'has more than belongs to it'],
    ['a MX mail', 'wants a number'],
    ['a TYPE65280 x', 'must be given as \\# LENGTH HEX'],
    ['a TYPE65280 \\# 4 00', 'says 4 bytes and gives 1'],
  ];
  test.each(wrong)('a static record %j is refused', (line, complaint) => {
    expect(() => server({ records: [line] })).toThrow(complaint);
  });

  test('what the policy does not let be read is not there', async () => {
    const closed = server(
      {},
      { policy: (_token, { kind, name }) => !(kind === 'service' ? name === 'web' : name === 'a') },
    );
    expect((await closed('A web.service.consul')).code).toBe('NXDOMAIN');
    expect((await closed('A a.node.consul')).code).toBe('NXDOMAIN');
    expect((await closed('A twice.service.consul')).code).toBe('NXDOMAIN');
    expect((await closed('A dual.service.consul')).code).toBe('NOERROR');
  });
});

describe('beyond Consul', () => {
  test('SVCB: protocols, port and address of every instance', async () => {
    const answer = await ask('SVCB web.service.consul');
    expect(answer.answers).toHaveLength(2);
    expect(answer.answers).toContainEqual({
      name: 'web.service.consul',
      class: 1,
      ttl: 0,
      type: 'SVCB',
      priority: 1,
      target: '0a090001.addr.dc1.consul',
      params: [
        { key: 'alpn', protocols: ['h2', 'http/1.1'] },
        { key: 'port', port: 8080 },
        { key: 'ipv4hint', addresses: ['10.9.0.1'] },
      ],
    });
    expect(lines(answer.additionals)).toContain('0a090001.addr.dc1.consul 0 A 10.9.0.1');
  });

  test('HTTPS: only for instances that say what they speak', async () => {
    expect((await ask('HTTPS web.service.consul')).answers).toHaveLength(1);
    expect((await ask('HTTPS h2.service.consul')).answers).toMatchObject([
      {
        type: 'HTTPS',
        priority: 7,
        target: 'b.node.dc1.consul',
        params: [
          { key: 'alpn', protocols: ['h2'] },
          { key: 'no-default-alpn' },
          { key: 'port', port: 8443 },
          { key: 'ipv4hint', addresses: ['10.0.0.2'] },
        ],
      },
    ]);
  });

  test('TXT of instances, without private keys', async () => {
    expect(lines((await ask('TXT web.instance.consul')).answers)).toEqual([
      'web.instance.consul 0 TXT "id=web-1" "node=a" "version=1.2" "alpn=h2, http/1.1" "srv=8080 0a090001.addr.dc1.consul"',
      'web.instance.consul 0 TXT "id=web-2" "node=b" "srv=8081 b.node.dc1.consul"',
    ]);
    expect(lines((await ask('TXT web-2.web.instance.dc1.consul')).answers)).toEqual([
      'web-2.web.instance.dc1.consul 0 TXT "id=web-2" "node=b" "srv=8081 b.node.dc1.consul"',
    ]);
  });

  test('before the catalog is loaded: SERVFAIL, not ready', async () => {
    const { Catalog } = await import('../../catalog/index.js');
    const early = server({}, { catalog: new Catalog({ datacenter: 'dc1' }) });
    const answer = await early('A web.service.consul');
    expect(answer).toMatchObject({ code: 'SERVFAIL', authoritative: false });
    expect(answer.edns?.options).toMatchObject([{ type: 'ede', code: 14 }]);
    expect((await early('A example.com')).code).toBe('REFUSED');
  });

  test('an answer that may be out of date says so', async () => {
    const cluster = new FakeCluster(catalogOf(rows));
    cluster.contacted = { known: false, lastContactMs: 5_000 };
    const stale = server({}, { cluster });
    expect((await stale('A web.service.consul')).edns?.options).toMatchObject([{ type: 'ede', code: 3 }]);
    expect((await stale('A web.service.consul', { edns: undefined as never })).edns).toBeUndefined();
  });
});
