/** What dig, the tool people will use, makes of our answers. */
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { catalogOf, fleetRows, nodeRow, queriesOver, serviceRow } from '../../../test/support/dns-catalog.js';
import { createDnsServer } from '../index.js';
import type { DnsAddress } from '../index.js';

const hasDig = spawnSync('dig', ['-v']).error === undefined;

test('dig is here where it must be', () => {
  if (process.env.CI === 'true') expect(hasDig, 'dig is not installed: run scripts/test-setup').toBe(true);
});

describe.skipIf(!hasDig)(hasDig ? 'dig' : 'dig is not installed', () => {
  const catalog = catalogOf([
    ...fleetRows('web', 40),
    nodeRow('a', '10.0.0.1', { meta: { rack: 'r 7"', note: 'x'.repeat(300) } }),
    serviceRow('a', 'tls', { port: 443, meta: { alpn: 'h2,h3' } }),
    serviceRow('a', 'consul', { port: 8300 }),
    nodeRow('six', 'fd00::6'),
    serviceRow('six', 'six', { port: 6 }),
  ]);
  const server = createDnsServer({
    catalog,
    queries: queriesOver(catalog, {}),
    config: {
      records: [
        'raw.consul 5 TYPE65280 \\# 3 0a0b0c',
        'caa.consul 5 CAA 0 issue "ca.example"',
        'mx.consul 5 MX 10 mail.example.',
        'naptr.consul 5 NAPTR 1 2 "u" "E2U+sip" "!^.*$!sip:a@b!" .',
      ],
    },
  });
  let at: DnsAddress;
  let at6: DnsAddress;
  beforeAll(async () => {
    at = await server.listen({ host: '127.0.0.1', port: 0 });
    at6 = await server.listen({ host: '::1', port: 0 });
  });
  afterAll(() => server.close());

  /** The server is in this process, so dig must not block it. */
  async function dig(options: string, where = at): Promise<string> {
    const { execFile } = await import('node:child_process');
    const all = [`@${where.host}`, '-p', String(where.port), '+tries=1', '+time=3', ...options.split(' ')];
    return new Promise((resolve, reject) => {
      execFile('dig', all, (error, out) => (error ? reject(new Error(`${error.message}\n${out}`)) : resolve(out)));
    });
  }
  const short = async (options: string, where?: DnsAddress): Promise<string[]> =>
    (await dig(`+short ${options}`, where)).trimEnd().split('\n');

  const read: readonly [string, readonly string[]][] = [
    ['A a.node.consul', ['10.0.0.1']],
    ['AAAA six.service.consul', ['fd00::6']],
    ['SRV six.service.consul', ['1 1 6 six.node.dc1.consul.']],
    ['TXT a.node.consul', ['"rack=r 7\\""', `"note=${'x'.repeat(250)}" "${'x'.repeat(50)}"`]],
    ['HTTPS tls.service.consul', ['1 a.node.dc1.consul. alpn="h2,h3" no-default-alpn port=443 ipv4hint=10.0.0.1']],
    ['SVCB tls.service.consul', ['1 a.node.dc1.consul. alpn="h2,h3" port=443 ipv4hint=10.0.0.1']],
    ['TXT tls.instance.consul', ['"id=tls" "node=a" "alpn=h2,h3" "srv=443 a.node.dc1.consul"']],
    ['-x 10.0.0.1', ['a.node.dc1.consul.']],
    ['-x fd00::6', ['six.node.dc1.consul.']],
    ['NS consul', ['a.node.dc1.consul.']],
    ['TYPE65280 raw.consul', ['\\# 3 0A0B0C']],
    ['CAA caa.consul', ['0 issue "ca.example"']],
    ['MX mx.consul', ['10 mail.example.']],
    ['NAPTR naptr.consul', ['1 2 "u" "E2U+sip" "!^.*$!sip:a@b!" .']],
  ];
  test.each(read)('reads %s', async (question, answers) => {
    expect(await short(question)).toEqual(answers);
    expect(await short(`+tcp ${question}`)).toEqual(answers);
    expect(await short(question, at6)).toEqual(answers);
  });

  test('finds nothing to complain of', async () => {
    for (const options of ['SRV web.service.consul', '+noedns A web.service.consul', '+tcp SRV web.service.consul']) {
      const out = await dig(`+norec ${options}`);
      expect(out).not.toMatch(/malformed|extra bytes|mismatch|truncated|;; Warning/i);
    }
  });

  test('sizes, subnet, and many questions on a connection', async () => {
    expect(await short('+noedns A web.service.consul')).toHaveLength(3);
    expect(await short('+bufsize=4096 A web.service.consul')).toHaveLength(40);
    expect(await dig('+subnet=10.1.0.0/16 A web.service.consul')).toContain('CLIENT-SUBNET: 10.1.0.0/16/0');
    const twice = await dig('+tcp +keepopen A a.node.consul AAAA six.node.consul');
    expect(twice.match(/status: NOERROR/g)).toHaveLength(2);
  });
});
