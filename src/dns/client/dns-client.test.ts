import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { lines } from '../../../test/support/dns-ask.js';
import { catalogOf, fleetRows, nodeRow, queriesOver, serviceRow } from '../../../test/support/dns-catalog.js';
import { createDnsServer } from '../index.js';
import type { DnsServerSetup } from '../index.js';
import { createDnsClient } from './index.js';
import type { CoreDnsClient, DnsClientOptions } from './index.js';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const fixture = (file: string): Buffer => readFileSync(join(import.meta.dirname, '../../../test/fixtures/tls', file));
const tls = { cert: fixture('localhost.crt'), key: fixture('localhost.key') };

function clientOf(servers: DnsClientOptions['servers'], more: Partial<DnsClientOptions> = {}): CoreDnsClient {
  const client = createDnsClient({ servers, ...more });
  closers.push(() => client.close());
  return client;
}

function ownServer(setup: Partial<DnsServerSetup> = {}) {
  const catalog = catalogOf([
    ...fleetRows('web', 60),
    nodeRow('six', 'fd00::6'),
    serviceRow('six', 'six', { port: 6 }),
    nodeRow('a', '10.0.0.1', { meta: { rack: 'r7' } }),
  ]);
  const server = createDnsServer({ catalog, queries: queriesOver(catalog, {}), tls, ...setup });
  closers.push(() => server.close());
  return server;
}

describe('against our own server', () => {
  test.each(['127.0.0.1', '::1'])('records, additional records, TTL and server over %s', async (host) => {
    const { port } = await ownServer().listen({ host, port: 0 });
    const place = host === '::1' ? `[::1]:${port}` : `127.0.0.1:${port}`;
    const answer = await clientOf([place]).query('six.service.consul', 'SRV');
    expect(answer).toMatchObject({
      name: 'six.service.consul',
      type: 33,
      outcome: 'records',
      aliases: [],
      ttlSeconds: 0,
      authoritative: true,
      extendedErrors: [],
      server: `udp://${place}`,
    });
    expect(lines(answer.records)).toEqual(['six.service.consul 0 SRV 1 1 6 six.node.dc1.consul']);
    expect(lines(answer.additionals)).toContain('six.node.dc1.consul 0 AAAA fd00::6');
  });

  test('many records come whole, though Consul would cut them without saying so', async () => {
    const { port } = await ownServer().listen({ host: '127.0.0.1', port: 0 });
    const answer = await clientOf([`127.0.0.1:${port}`]).query('web.service.consul', 'SRV');
    expect(answer.records).toHaveLength(60);
    expect(answer.additionals.filter(({ type }) => type === 'A')).toHaveLength(60);
  });

  test('NXDOMAIN and NODATA are outcomes, with the TTL of RFC 2308', async () => {
    const { port } = await ownServer({ config: { soa: { minTtl: 7 } } as never }).listen({
      host: '127.0.0.1',
      port: 0,
    });
    const client = clientOf([`127.0.0.1:${port}`]);
    expect(await client.query('nobody.service.consul', 'A')).toMatchObject({ outcome: 'nxdomain', records: [] });
    expect(await client.query('a.node.consul', 'AAAA')).toMatchObject({ outcome: 'nodata', records: [] });
  });

  test('over TLS and HTTPS, the certificate verified', async () => {
    const server = ownServer();
    const over = {
      tls: await server.listenTls({ host: '127.0.0.1', port: 0 }),
      https: await server.listenHttps({ host: '127.0.0.1', port: 0 }),
    };
    for (const transport of ['tls', 'https'] as const) {
      const { port } = over[transport];
      const trusting = clientOf([{ transport, host: '127.0.0.1', port, ca: tls.cert }]);
      const answer = await trusting.query('a.node.consul', 'A');
      expect(lines(answer.records)).toEqual(['a.node.consul 0 A 10.0.0.1']);
      expect(answer.server).toMatch(`${transport}://127.0.0.1:${port}`);
      const named = clientOf([{ transport, host: '127.0.0.1', port, ca: tls.cert, servername: 'other.example' }], {
        retry: { attempts: 1 },
      });
      await expect(named.query('a.node.consul', 'A')).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        details: { dns: 'network' },
      });
      const wary = clientOf([`${transport}://127.0.0.1:${port}`], { retry: { attempts: 1 } });
      await expect(wary.query('a.node.consul', 'A')).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        details: { dns: 'network' },
      });
    }
  });
});
