/** What servers, networks and forgers do, and what becomes of a question all the same. */
import { afterEach, describe, expect, test } from 'vitest';
import { lines } from '../../../test/support/dns-ask.js';
import { createMisbehavingDns } from '../../testing/misbehaving-dns.js';
import type { DnsBehaviour, MisbehavingDns, MisbehavingDnsOptions } from '../../testing/misbehaving-dns.js';
import { rcodes } from '../index.js';
import { createDnsClient } from './index.js';
import type { CoreDnsClient, DnsClientOptions } from './index.js';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const records = [
  'web.example 60 A 192.0.2.1',
  'web.example 50 A 192.0.2.2',
  'alias.example 40 CNAME web.example',
  'far.example 30 CNAME target.elsewhere',
  'target.elsewhere 20 A 192.0.2.9',
  '_http._tcp.example 60 SRV 1 1 80 web.example',
];
const right = ['web.example 50 A 192.0.2.2', 'web.example 60 A 192.0.2.1'];

async function fake(behaviour?: MisbehavingDnsOptions['behaviour'], more: MisbehavingDnsOptions = {}) {
  const server = await createMisbehavingDns({ records, behaviour, ...more });
  closers.push(() => server.close());
  return server;
}

function clientOf(servers: readonly (MisbehavingDns | string)[], more: Partial<DnsClientOptions> = {}): CoreDnsClient {
  const client = createDnsClient({
    servers: servers.map((server) => (typeof server === 'string' ? server : server.address)),
    retry: { attempts: 1 },
    ...more,
  });
  closers.push(() => client.close());
  return client;
}

/** a → b → a; any other name → a longer one, without end. */
function nextOf(name: string): string {
  if (name === 'a.example') return 'b.example';
  return name === 'b.example' ? 'a.example' : `x${name}`;
}

describe('forgery over UDP', () => {
  test.each<[DnsBehaviour, number]>([
    ['forged-id', 1],
    ['forged-question', 1],
    // The system drops it: the socket is connected.
    ['forged-port', 0],
  ])('%s: the true answer is waited for', async (behaviour, unexpected) => {
    const client = clientOf([await fake(behaviour)]);
    expect(lines((await client.query('web.example', 'A')).records)).toEqual(right);
    expect(client.stats).toMatchObject({ unexpected, sent: 1 });
  });

  test('the second of two equal answers is nobody’s', async () => {
    const server = await fake('duplicate');
    const client = clientOf([server]);
    for (let i = 0; i < 20; i++) expect((await client.query('web.example', 'A')).records).toHaveLength(2);
    expect(client.stats.sent).toBe(20);
  });

  test('letters in another case are asked again over TCP, and then no more mixed', async () => {
    const server = await fake('other-case');
    const client = clientOf([server]);
    const name = 'a-long-name-so-that-all-lower-case-is-unlikely.WEB.example';
    for (let i = 0; i < 2; i++) {
      const answer = await client.query(name, 'A');
      expect(answer).toMatchObject({ outcome: 'nxdomain', name });
    }
    expect(server.asked.map(({ transport }) => transport)).toEqual(['udp', 'tcp', 'udp']);
  });

  test('letters in another case where there is no TCP: the server is taken as it is', async () => {
    const server = await fake('other-case', { udpOnly: true });
    const client = clientOf([server]);
    const name = 'a-long-name-so-that-all-lower-case-is-unlikely.example';
    for (let i = 0; i < 2; i++) expect(await client.query(name, 'A')).toMatchObject({ outcome: 'nxdomain' });
    expect(server.asked).toHaveLength(3);
    expect(client.stats.doubted).toBe(1);
  });

  test('case is mixed, kept, and not seen in the answer', async () => {
    const server = await fake();
    const client = clientOf([server]);
    for (let i = 0; i < 8; i++) {
      const answer = await client.query('_http._tcp.example', 'SRV');
      expect(lines(answer.records)).toEqual(['_http._tcp.example 60 SRV 1 1 80 web.example']);
      expect(lines(answer.additionals)).toEqual(right);
    }
    expect(new Set(server.asked.map(({ name }) => name)).size).toBeGreaterThan(4);
    const plain = clientOf([server], { mixCase: false });
    await plain.query('Web.example', 'A');
    expect(server.asked.at(-1)?.name).toBe('Web.example');
  });

  test('ids, ports and letters are not to be foreseen', async () => {
    const server = await fake();
    const client = clientOf([server]);
    const questions = 2_000;
    for (let i = 0; i < questions / 50; i++) {
      await Promise.all(Array.from({ length: 50 }, () => client.query('web.example', 'A')));
    }
    const ids = server.asked.map(({ message }) => message.id);
    expect(new Set(ids).size).toBeGreaterThan(questions * 0.95);
    for (let bit = 0; bit < 16; bit++) {
      const share = ids.filter((id) => ((id >> bit) & 1) === 1).length / questions;
      // Six standard deviations.
      expect(Math.abs(share - 0.5)).toBeLessThan(3 / Math.sqrt(questions));
    }
    const uses = new Map<number, number>();
    for (const { port } of server.asked) uses.set(port, (uses.get(port) ?? 0) + 1);
    expect(uses.size).toBeGreaterThanOrEqual(8);
    expect(Math.max(...uses.values())).toBeLessThanOrEqual(256);
  });
});

describe('answers that are no good', () => {
  const refused: readonly [string, DnsBehaviour, string, string?][] = [
    ['garbage', 'garbage', 'malformed'],
    ['aliases in a circle', 'alias-loop', 'malformed'],
    ['aliases without end', 'long-alias', 'malformed'],
    ['cut over TCP too', 'always-truncate', 'malformed'],
    ['a referral', 'refer', 'malformed'],
    ['SERVFAIL', { rcode: rcodes.SERVFAIL }, 'SERVFAIL'],
    ['REFUSED', { rcode: rcodes.REFUSED }, 'REFUSED'],
    ['another code', { rcode: 9 }, 'RCODE9'],
  ];
  test.each(refused)(
    '%s: the next server is asked, and an error tells of it when there is none',
    async (_, bad, dns) => {
      const [sick, sound] = [await fake(bad), await fake()];
      const both = clientOf([sick, sound]);
      for (let i = 0; i < 6; i++) expect(lines((await both.query('web.example', 'A')).records)).toEqual(right);
      expect(sick.asked.length).toBeGreaterThan(0);
      const error = await clientOf([sick])
        .query('web.example', 'A')
        .catch((error: unknown) => error);
      expect(error).toMatchObject({
        name: 'ServiceDiscoveryError',
        code: 'UNAVAILABLE',
        details: { dns, name: 'web.example', type: 'A', attempts: [{ dns, server: `udp://${sick.address}` }] },
      });
      expect(String(error)).toContain(`no DNS answer for A web.example: udp://${sick.address} answered`);
    },
  );

  test('what nobody asked for is left out', async () => {
    const server = await fake('out-of-bailiwick');
    const client = clientOf([server]);
    expect(lines((await client.query('web.example', 'A')).records)).toEqual(right);
    const srv = await client.query('_http._tcp.example', 'SRV');
    expect(lines(srv.records)).toEqual(['_http._tcp.example 60 SRV 1 1 80 web.example']);
    expect(lines(srv.additionals)).toEqual(right);
  });

  test('a server without EDNS is asked without it, from then on at once', async () => {
    const server = await fake('no-edns');
    const client = clientOf([server]);
    for (let i = 0; i < 2; i++) expect(lines((await client.query('web.example', 'A')).records)).toEqual(right);
    expect(server.asked.map(({ message }) => message.edns !== undefined)).toEqual([true, false, false]);
  });

  test('a cookie that a server demands is given back', async () => {
    const server = await fake('demands-cookie');
    const client = clientOf([server], { cookies: true });
    for (let i = 0; i < 2; i++) expect(lines((await client.query('web.example', 'A')).records)).toEqual(right);
    expect(server.asked).toHaveLength(3);
    // Without the cookie it knows to give, an answer is in doubt, and TCP decides.
    server.behave('answer');
    expect((await client.query('web.example', 'A')).server).toBe(`tcp://${server.address}`);
    expect((await client.query('web.example', 'A')).server).toBe(`udp://${server.address}`);
    expect(client.stats.doubted).toBe(1);
  });
});

describe('aliases', () => {
  test('in one answer', async () => {
    const answer = await clientOf([await fake()]).query('alias.example', 'A');
    expect(lines(answer.aliases)).toEqual(['alias.example 40 CNAME web.example']);
    expect(lines(answer.records)).toEqual(right);
    expect(answer).toMatchObject({ name: 'alias.example', ttlSeconds: 40, outcome: 'records' });
  });

  test('that leave the answer are followed', async () => {
    const server = await fake({
      message: (answer, { name }) => ({
        ...answer,
        answers: answer.answers.filter((record) => record.name.toLowerCase() === name.toLowerCase()),
      }),
    });
    const answer = await clientOf([server]).query('far.example', 'A');
    expect(lines(answer.aliases)).toEqual(['far.example 30 CNAME target.elsewhere']);
    expect(lines(answer.records)).toEqual(['target.elsewhere 20 A 192.0.2.9']);
    expect(answer.ttlSeconds).toBe(20);
    expect(server.asked.map(({ name }) => name.toLowerCase())).toEqual(['far.example', 'target.elsewhere']);
  });

  test('from answer to answer in a circle, and without end, are refused', async () => {
    const server = await fake({
      message: (answer, { name }) => ({
        ...answer,
        rcode: 0,
        authorities: [],
        answers: [{ name, class: 1, ttl: 1, type: 'CNAME', target: nextOf(name.toLowerCase()) }],
      }),
    });
    const client = clientOf([server]);
    for (const name of ['a.example', 'x.example']) {
      await expect(client.query(name, 'A')).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        details: { dns: 'malformed' },
      });
    }
    expect(server.asked.length).toBeLessThanOrEqual(2 + 8);
  });

  test('an alias is itself the answer to who asks for it', async () => {
    const answer = await clientOf([await fake()]).query('alias.example', 'CNAME');
    expect(lines(answer.records)).toEqual(['alias.example 40 CNAME web.example']);
    expect(answer.aliases).toEqual([]);
  });
});

describe('TCP', () => {
  test('what is cut over UDP comes over TCP, and says so', async () => {
    const server = await fake('truncate');
    const answer = await clientOf([server]).query('web.example', 'A');
    expect(lines(answer.records)).toEqual(right);
    expect(answer.server).toBe(`tcp://${server.address}`);
  });

  test('an answer in single bytes', async () => {
    const server = await fake('drip');
    expect(lines((await clientOf([`tcp://${server.address}`]).query('web.example', 'A')).records)).toEqual(right);
  });

  test.each(['reset', 'partial'] as const)('%s is a failure of the network', async (behaviour) => {
    const server = await fake(behaviour);
    await expect(clientOf([`tcp://${server.address}`]).query('web.example', 'A')).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      details: { dns: 'network' },
    });
  });

  test('a connection that a server gave up is no failure: the question goes over another', async () => {
    let cut = false;
    const server = await fake(() => (cut ? 'reset' : 'answer'));
    const client = clientOf([`tcp://${server.address}`]);
    await client.query('web.example', 'A');
    cut = true;
    const asking = client.query('web.example', 'A');
    while (server.asked.length < 2) await new Promise((resolve) => void setImmediate(resolve));
    cut = false;
    expect(lines((await asking).records)).toEqual(right);
    expect(server.asked).toHaveLength(3);
  });

  test('many at once share few connections, whatever the order of the answers', async () => {
    let n = 0;
    const server = await fake(() => ({ delayMs: (n++ * 7) % 5 }));
    const client = clientOf([`tcp://${server.address}`]);
    const names = Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? 'web.example' : `no${i}.example`));
    const answers = await Promise.all(names.map((name) => client.query(name, 'A')));
    expect(answers.map(({ name }) => name)).toEqual(names);
    expect(answers.map(({ outcome }) => outcome)).toEqual(names.map((_, i) => (i % 2 === 0 ? 'records' : 'nxdomain')));
    expect(server.connections()).toBeLessThanOrEqual(4);
  });

  test('a wrong id is nobody’s, a wrong question is malformed', async () => {
    const server = await fake('wrong-question');
    const client = clientOf([`tcp://${server.address}`]);
    await expect(client.query('web.example', 'A')).rejects.toMatchObject({ details: { dns: 'malformed' } });
    server.behave('forged-id');
    expect(lines((await client.query('web.example', 'A')).records)).toEqual(right);
    expect(client.stats.unexpected).toBe(1);
  });
});
