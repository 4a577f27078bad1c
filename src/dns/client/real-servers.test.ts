/** unbound and dnsmasq answer, dig reads the same as we do. */
import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { lines } from '../../../test/support/dns-ask.js';
import { catalogOf, fleetRows, queriesOver } from '../../../test/support/dns-catalog.js';
import { hasDnsmasq, hasUnbound, startDnsmasq, startUnbound } from '../../../test/support/dns-servers.js';
import type { RealDnsServer } from '../../../test/support/dns-servers.js';
import { createDnsServer } from '../index.js';
import { createDnsClient } from './index.js';
import type { CoreDnsClient, DnsAnswer, DnsClientOptions } from './index.js';

const hasDig = spawnSync('dig', ['-v']).error === undefined;

test('unbound, dnsmasq and dig are here where they must be', () => {
  if (process.env['CI'] !== 'true') return;
  expect({ hasUnbound, hasDnsmasq, hasDig }, 'run scripts/test-setup').toEqual({
    hasUnbound: true,
    hasDnsmasq: true,
    hasDig: true,
  });
});

const clients: CoreDnsClient[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
});

function clientOf(servers: DnsClientOptions['servers'], more: Partial<DnsClientOptions> = {}): CoreDnsClient {
  const client = createDnsClient({ servers, ...more });
  clients.push(client);
  return client;
}

const fixture = (file: string): string => join(import.meta.dirname, '../../../test/fixtures/tls', file);
const tls = { key: fixture('localhost.key'), cert: fixture('localhost.crt') };

const many = Array.from({ length: 200 }, (_, i) => `many.example. 300 IN A 192.0.2.${i + 1}`);
const records = [
  'example. 3600 IN SOA ns.example. hostmaster.example. 1 3600 600 86400 77',
  'web.example. 60 IN A 192.0.2.1',
  'web.example. 60 IN A 192.0.2.2',
  'web.example. 90 IN AAAA 2001:db8::1',
  'www.example. 120 IN CNAME web.example.',
  'loop-a.example. 120 IN CNAME loop-b.example.',
  'loop-b.example. 120 IN CNAME loop-a.example.',
  '_http._tcp.example. 30 IN SRV 1 10 8080 web.example.',
  '_http._tcp.example. 30 IN SRV 2 0 8081 web.example.',
  'text.example. 60 IN TXT "version=1.0.0" "second string"',
  'mail.example. 60 IN MX 10 web.example.',
  'svc.example. 60 IN HTTPS 1 . alpn=h2,h3 port=8443 ipv4hint=192.0.2.1',
  'raw.example. 60 IN TYPE65280 \\# 3 0a0b0c',
  'naptr.example. 60 IN NAPTR 1 2 "u" "E2U+sip" "!^.*$!sip:a@b!" .',
  'UPPER.example. 60 IN A 192.0.2.3',
  ...many,
];

/** What dig prints with +noall +answer, in the form of `lines`. */
async function digLines(server: RealDnsServer, name: string, type: string): Promise<string[]> {
  const options = [
    `@${server.host}`,
    '-p',
    String(server.port),
    '+noall',
    '+answer',
    '+tries=1',
    '+time=3',
    name,
    type,
  ];
  const text = await new Promise<string>((resolve, reject) => {
    execFile('dig', options, (error, out) => (error ? reject(error) : resolve(out)));
  });
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith(';'))
    .map((line) => {
      const [owner = '', ttl = '', , kind = '', ...data] = line.split(/\s+/);
      return `${owner.replace(/\.$/, '')} ${ttl} ${kind} ${data.join(' ').replace(/\.$/, '')}`;
    })
    .toSorted();
}

describe.skipIf(!hasUnbound)(hasUnbound ? 'unbound' : 'unbound is not installed', () => {
  let server: RealDnsServer;
  beforeAll(async () => {
    server = await startUnbound({ records, tls });
  });
  afterAll(() => server.stop());

  test('NXDOMAIN and NODATA have the TTL of RFC 2308', async () => {
    const client = clientOf([server.address]);
    expect(await client.query('none.example', 'A')).toMatchObject({ outcome: 'nxdomain', ttlSeconds: 77, records: [] });
    expect(await client.query('mail.example', 'A')).toMatchObject({ outcome: 'nodata', ttlSeconds: 77, records: [] });
  });

  test('an alias that the answer does not follow is followed, one in a circle refused', async () => {
    const client = clientOf([server.address]);
    const answer = await client.query('www.example', 'A');
    expect(lines(answer.aliases)).toEqual(['www.example 120 CNAME web.example']);
    expect(lines(answer.records)).toEqual(['web.example 60 A 192.0.2.1', 'web.example 60 A 192.0.2.2']);
    expect(answer.ttlSeconds).toBe(60);
    await expect(client.query('loop-a.example', 'A')).rejects.toMatchObject({ details: { dns: 'malformed' } });
  });

  test('any type: unknown ones raw', async () => {
    const client = clientOf([server.address]);
    const raw = await client.query('raw.example', 'TYPE65280');
    expect(raw.records).toMatchObject([{ type: 'UNKNOWN', code: 65_280, rdata: new Uint8Array([10, 11, 12]) }]);
    expect((await client.query('raw.example', 65_280)).records).toEqual(raw.records);
  });

  test('what is cut at 1232 bytes comes over TCP', async () => {
    const client = clientOf([server.address]);
    const answer = await client.query('many.example', 'A');
    expect(answer.records).toHaveLength(200);
    expect(answer.server).toBe(`tcp://${server.address}`);
    expect(client.stats.truncated).toBe(1);
  });

  test('hundreds of questions at once over UDP, over TCP, over TLS and over HTTPS', async () => {
    const ca = readFileSync(tls.cert);
    for (const entry of [
      server.address,
      `tcp://${server.address}`,
      { transport: 'tls', host: '127.0.0.1', port: server.tlsPort, ca } as const,
      { transport: 'https', host: '127.0.0.1', port: server.httpsPort, ca } as const,
    ]) {
      const client = clientOf([entry]);
      const answers = await Promise.all(
        Array.from({ length: 400 }, (_, i) => client.query(i % 2 === 0 ? 'web.example' : 'none.example', 'A')),
      );
      const outcomes = answers.map(({ outcome }) => outcome);
      expect(outcomes.filter((outcome) => outcome === 'records')).toHaveLength(200);
      expect(outcomes.filter((outcome) => outcome === 'nxdomain')).toHaveLength(200);
    }
  });

  test('a server that is stopped and another: no question fails', async () => {
    const second = await startUnbound({ records });
    const client = clientOf([second.address, server.address]);
    const ask = (): Promise<DnsAnswer> => client.query('web.example', 'A');
    for (let i = 0; i < 20; i++) await ask();
    await second.stop();
    for (let i = 0; i < 50; i++) expect((await ask()).records).toHaveLength(2);
    await expect(
      clientOf([second.address], { retry: { attempts: 1 } }).query('web.example', 'A'),
    ).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      details: { dns: 'network' },
    });
  });

  test('our own server behind it', async () => {
    const catalog = catalogOf(fleetRows('web', 3));
    const own = createDnsServer({ catalog, queries: queriesOver(catalog, {}) });
    const { port } = await own.listen({ host: '127.0.0.1', port: 0 });
    const between = await startUnbound({ records, forward: { zone: 'consul', address: `127.0.0.1@${port}` } });
    try {
      const answer = await clientOf([between.address]).query('web.service.consul', 'SRV');
      expect(answer.records).toHaveLength(3);
      expect(answer.records.map((record) => (record.type === 'SRV' ? record.target : '')).toSorted()).toEqual([
        'web-n1.node.dc1.consul',
        'web-n2.node.dc1.consul',
        'web-n3.node.dc1.consul',
      ]);
    } finally {
      await between.stop();
      await own.close();
    }
  });

  const asked: readonly [string, string][] = [
    ['web.example', 'A'],
    ['web.example', 'AAAA'],
    ['WEB.Example', 'A'],
    ['upper.example', 'A'],
    ['www.example', 'CNAME'],
    ['_http._tcp.example', 'SRV'],
    ['text.example', 'TXT'],
    ['mail.example', 'MX'],
    ['many.example', 'A'],
    ['example', 'SOA'],
    ['none.example', 'A'],
    ['mail.example', 'AAAA'],
  ];
  test.skipIf(!hasDig).each(asked)('dig reads the same of %s %s', async (name, type) => {
    const answer = await clientOf([server.address]).query(name, type);
    const ours = answer.records.map((record) => record);
    const theirs = await digLines(server, name, type);
    expect(comparable(lines(ours))).toEqual(comparable(theirs));
  });
});

/** Names fold, dig writes dots behind names inside the data, MX in its own words. */
function comparable(all: readonly string[]): string[] {
  return all
    .map((line) => line.toLowerCase().replaceAll('\\', '').replaceAll('. ', ' '))
    .map((line) => line.replace(/mx \{"preference":(\d+),"exchange":"([^"]+)"\}/, 'mx $1 $2'))
    .map((line) => line.replace(/(soa \S+ \S+) \d+ (\d+ \d+ \d+ \d+)$/, '$1 $2'))
    .toSorted();
}

describe.skipIf(!hasDnsmasq)(hasDnsmasq ? 'dnsmasq' : 'dnsmasq is not installed', () => {
  let server: RealDnsServer;
  beforeAll(async () => {
    server = await startDnsmasq([
      '--host-record=web.example,192.0.2.1,2001:db8::1,60',
      '--cname=www.example,web.example,120',
      '--srv-host=_http._tcp.example,web.example,8080,1,10',
      '--txt-record=text.example,version=1.0.0,second string',
      '--dns-rr=raw.example,65280,0a0b0c',
      '--local-ttl=30',
      ...Array.from({ length: 40 }, (_, i) => `--txt-record=many.example,${`${i}`.padStart(100, 'x')}`),
    ]);
  });
  afterAll(() => server.stop());

  test('addresses, aliases in the answer, SRV with addresses beside it, texts, raw data', async () => {
    const client = clientOf([server.address]);
    expect(lines((await client.query('Web.example', 'A')).records)).toEqual(['Web.example 60 A 192.0.2.1']);
    const alias = await client.query('www.example', 'AAAA');
    expect(lines(alias.aliases)).toEqual(['www.example 120 CNAME web.example']);
    expect(lines(alias.records)).toEqual(['web.example 60 AAAA 2001:db8::1']);
    const srv = await client.query('_http._tcp.example', 'SRV');
    expect(lines(srv.records)).toEqual(['_http._tcp.example 30 SRV 1 10 8080 web.example']);
    expect(lines(srv.additionals)).toContain('web.example 60 A 192.0.2.1');
    expect(lines((await client.query('text.example', 'TXT')).records)).toEqual([
      'text.example 30 TXT "version=1.0.0" "second string"',
    ]);
    expect((await client.query('raw.example', 65_280)).records).toMatchObject([
      { rdata: new Uint8Array([10, 11, 12]) },
    ]);
    const any = await client.query('web.example', 'ANY');
    expect(any.records.map(({ type }) => type)).toEqual(expect.arrayContaining(['A', 'AAAA']));
  });

  test('nothing there, and more than fits a datagram', async () => {
    const client = clientOf([server.address]);
    expect(await client.query('none.example', 'A')).toMatchObject({ outcome: 'nxdomain' });
    expect(await client.query('web.example', 'MX')).toMatchObject({ outcome: 'nodata' });
    expect((await client.query('many.example', 'TXT')).records).toHaveLength(40);
    await expect(client.query('elsewhere.test', 'A')).rejects.toMatchObject({ details: { dns: 'REFUSED' } });
  });
});
