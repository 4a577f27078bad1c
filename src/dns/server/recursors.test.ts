import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { askTcp, askUdp, lines } from '../../../test/support/dns-ask.js';
import { catalogOf, nodeRow, queriesOver, serviceRow } from '../../../test/support/dns-catalog.js';
import { createDnsServer, decodeMessage, encodeMessage } from '../index.js';
import type { DnsAddress, DnsOptions, DnsServer, Message, ResourceRecord } from '../index.js';
import { framed, Frames } from '../wire/frames.js';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

interface Upstream extends DnsAddress {
  readonly asked: { readonly message: Message; readonly transport: 'udp' | 'tcp' }[];
}

/** A server that answers as told; undefined is silence. */
async function upstream(reply: (asked: Message) => Message | readonly Message[] | undefined): Promise<Upstream> {
  const asked: Upstream['asked'] = [];
  const answersTo = (bytes: Buffer, transport: 'udp' | 'tcp'): Buffer[] => {
    const message = decodeMessage(bytes);
    asked.push({ message, transport });
    const given = reply(message);
    return (Array.isArray(given) ? given : given ? [given] : []).map((one: Message) => encodeMessage(one));
  };
  const tcp = createServer((socket) => {
    const frames = new Frames();
    socket.on('error', () => {});
    socket.on('data', (piece: Buffer) => {
      frames.push(piece);
      const question = frames.next();
      if (question) for (const answer of answersTo(question, 'tcp')) socket.write(framed(answer));
    });
  });
  await new Promise<void>((resolve) => void tcp.listen(0, '127.0.0.1', resolve));
  const { port } = tcp.address() as AddressInfo;
  const udp = createSocket('udp4');
  udp.on('message', (bytes, from) => {
    for (const answer of answersTo(bytes, 'udp')) udp.send(answer, from.port, from.address);
  });
  await new Promise<void>((resolve) => void udp.bind(port, '127.0.0.1', resolve));
  closers.push(
    () => tcp.close(),
    () => udp.close(),
  );
  return { host: '127.0.0.1', port, asked };
}

function answering(question: Message, rcode: number, address?: string): Message {
  const name = question.questions[0]?.name ?? '';
  const answers: ResourceRecord[] = address ? [{ name, class: 1, ttl: 60, type: 'A', address }] : [];
  return { ...question, response: true, recursionAvailable: true, rcode, answers };
}

async function start(
  recursors: readonly DnsAddress[],
  more: Partial<DnsOptions> = {},
): Promise<{ server: DnsServer; at: DnsAddress }> {
  const catalog = catalogOf([
    nodeRow('a', '10.0.0.1'),
    serviceRow('a', 'ext', { address: 'db.example.com', port: 5432 }),
  ]);
  const server = createDnsServer({
    catalog,
    queries: queriesOver(catalog, {}),
    config: { recursors: recursors.map(({ host, port }) => `${host}:${port}`), recursorTimeoutMs: 150, ...more },
  });
  closers.push(() => server.close());
  return { server, at: await server.listen({ host: '127.0.0.1', port: 0 }) };
}

const right = '192.0.2.1';

describe('recursors', () => {
  test('foreign names are passed on over the same transport, ours are not', async () => {
    const other = await upstream((question) => answering(question, 0, right));
    const { at, server } = await start([other]);
    const answer = await askUdp(at, 'A www.Example.com', { rd: true, id: 99, edns: 1400 });
    expect(answer).toMatchObject({
      id: 99,
      rcode: 0,
      recursionAvailable: true,
      recursionDesired: true,
      authoritative: false,
    });
    expect(lines(answer.answers)).toEqual([`www.Example.com 60 A ${right}`]);
    expect(other.asked[0]).toMatchObject({ transport: 'udp', message: { edns: { udpSize: 1400 } } });
    expect((await askTcp(at, 'A www.example.com')).answers).toHaveLength(1);
    expect(other.asked[1]).toMatchObject({ transport: 'tcp' });
    const own = await askUdp(at, 'A a.node.consul');
    expect(own).toMatchObject({ recursionAvailable: true, authoritative: true });
    expect(other.asked).toHaveLength(2);
    expect(server.stats.recursions).toBe(2);
  });

  test('reverse names that we do not know too', async () => {
    const other = await upstream((question) => answering(question, 3));
    const { at } = await start([other]);
    expect((await askUdp(at, 'PTR 1.0.0.10.in-addr.arpa')).answers).toHaveLength(1);
    expect((await askUdp(at, 'PTR 9.9.9.10.in-addr.arpa')).rcode).toBe(3);
    expect(other.asked).toHaveLength(1);
  });

  const failing: readonly [string, (question: Message) => Message | readonly Message[] | undefined][] = [
    ['SERVFAIL', (question) => answering(question, 2)],
    ['REFUSED', (question) => answering(question, 5)],
    ['silence', () => undefined],
    ['a wrong id', (question) => answering({ ...question, id: question.id ^ 1 }, 0, '192.0.2.66')],
    [
      'an answer to another question',
      (question) =>
        answering({ ...question, questions: [{ name: 'evil.example', type: 1, class: 1 }] }, 0, '192.0.2.66'),
    ],
    ['our question back', (question) => question],
  ];
  test.each(failing)('%s: the next one is asked', async (_, reply) => {
    const [bad, good] = [await upstream(reply), await upstream((question) => answering(question, 0, right))];
    const { at } = await start([bad, good]);
    expect(lines((await askUdp(at, 'A www.example.com')).answers)).toEqual([`www.example.com 60 A ${right}`]);
    expect(lines((await askTcp(at, 'A www.example.com')).answers)).toEqual([`www.example.com 60 A ${right}`]);
    expect(bad.asked).toHaveLength(2);
  });

  test('a forged answer before the right one does no harm', async () => {
    const other = await upstream((question) => [
      answering({ ...question, id: question.id ^ 1 }, 0, '192.0.2.66'),
      answering(question, 0, right),
    ]);
    const { at } = await start([other]);
    expect(lines((await askUdp(at, 'A www.example.com')).answers)).toEqual([`www.example.com 60 A ${right}`]);
  });

  test('nobody there: SERVFAIL with RA', async () => {
    const closed = await upstream(() => undefined);
    for (const close of closers.splice(0)) close();
    const { at, server } = await start([closed]);
    for (const ask of [askUdp, askTcp]) {
      const answer = await ask(at, 'A www.example.com', { edns: 1232 });
      expect(answer).toMatchObject({ rcode: 2, recursionAvailable: true, authoritative: false, answers: [] });
      expect(answer.edns?.options).toMatchObject([{ type: 'ede', code: 22 }]);
    }
    expect(server.stats.recursionsFailed).toBe(2);
  });

  test('in random order when so configured', async () => {
    const others = [
      await upstream((question) => answering(question, 0, right)),
      await upstream((question) => answering(question, 0, right)),
    ];
    const { at } = await start(others, { recursorStrategy: 'random' });
    for (let i = 0; i < 30; i++) await askUdp(at, 'A www.example.com');
    for (const { asked } of others) expect(asked.length).toBeGreaterThan(3);
  });

  test('ids and ports are new for every question, cookies of the asker stay here', async () => {
    const other = await upstream((question) => answering(question, 0, right));
    const { at } = await start([other]);
    const cookie = { type: 'cookie', client: new Uint8Array(8), server: new Uint8Array() } as const;
    for (let i = 0; i < 8; i++) {
      await askUdp(at, 'A www.example.com', { edns: { udpSize: 1232, version: 0, dnssecOk: true, options: [cookie] } });
    }
    expect(new Set(other.asked.map(({ message }) => message.id)).size).toBeGreaterThan(6);
    expect(other.asked[0]?.message.edns).toEqual({ udpSize: 1232, version: 0, dnssecOk: true, options: [] });
  });

  test('a CNAME that leads outside is followed', async () => {
    const other = await upstream((question) => answering(question, 0, right));
    const { at } = await start([other]);
    expect(lines((await askUdp(at, 'A ext.service.consul')).answers)).toEqual([
      `db.example.com 60 A ${right}`,
      'ext.service.consul 0 CNAME db.example.com',
    ]);
    const srv = await askUdp(at, 'SRV ext.service.consul', { edns: 1232 });
    expect(lines(srv.answers)).toEqual(['ext.service.consul 0 SRV 1 1 5432 db.example.com']);
    expect(lines(srv.additionals)).toEqual([`db.example.com 60 A ${right}`]);
    const silent = await start([await upstream(() => undefined)]);
    expect((await askUdp(silent.at, 'A ext.service.consul')).answers).toHaveLength(1);
  });

  test('closing ends what is under way', async () => {
    const { at, server } = await start([await upstream(() => undefined)], { recursorTimeoutMs: 60_000 });
    const asking = askUdp(at, 'A www.example.com').catch((error: Error) => error.message);
    while (server.stats.recursions === 0) await new Promise((resolve) => void setImmediate(resolve));
    await server.close();
    await new Promise((resolve) => void setImmediate(resolve));
    expect(server.stats.recursionsFailed).toBe(1);
    void asking;
  });

  test.each(['example.com', '10.0.0.1:0', '10.0.0.1:x', '[::1', ''])('%j is no recursor', async (text) => {
    await expect(start([], { recursors: [text] })).rejects.toThrow('is not an IP address');
  });
});
