import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { request as http1 } from 'node:https';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';
import { askTcp, askUdp, frame, questionBytes, sendTcp, sendUdp } from '../../../test/support/dns-ask.js';
import { catalogOf, fleetRows, nodeRow, queriesOver, serviceRow } from '../../../test/support/dns-catalog.js';
import { limits } from '../../model/index.js';
import { silentLogger } from '../../runtime/index.js';
import { FakeClock } from '../../testing/fake-clock.js';
import { createDnsServer, decodeMessage } from '../index.js';
import type { DnsAddress, DnsServer, DnsServerSetup } from '../index.js';
import { ConnectionGate } from './connection-gate.js';
import { DnsStats } from './dns-stats.js';
import { UdpListener } from './udp-listener.js';

const opened: DnsServer[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((server) => server.close()));
});

const fixture = (file: string): Buffer => readFileSync(join(import.meta.dirname, '../../../test/fixtures/tls', file));
const tls = { cert: fixture('localhost.crt'), key: fixture('localhost.key') };

function create(setup: Partial<DnsServerSetup> = {}): DnsServer {
  const catalog = catalogOf([
    ...fleetRows('web', 40),
    nodeRow('six', 'fd00::6'),
    serviceRow('six', 'six'),
    nodeRow('vast', '10.0.0.1', {
      meta: Object.fromEntries(Array.from({ length: 64 }, (_, i) => [`key${i}`, 'v'.repeat(500)])),
    }),
  ]);
  const server = createDnsServer({ catalog, queries: queriesOver(catalog, {}), ...setup });
  opened.push(server);
  return server;
}

async function start(setup: Partial<DnsServerSetup> = {}, host = '127.0.0.1') {
  const server = create(setup);
  return { server, at: await server.listen({ host, port: 0 }) };
}

describe('UDP', () => {
  test.each(['127.0.0.1', '::1', 'localhost'])('on %s', async (host) => {
    const { at } = await start({}, host);
    expect((await askUdp(at, 'AAAA six.service.consul')).answers).toMatchObject([{ address: 'fd00::6' }]);
    expect((await askTcp(at, 'AAAA six.service.consul')).answers).toMatchObject([{ address: 'fd00::6' }]);
  });

  test('a dual-stack socket answers IPv4 as well, and knows it as loopback', async () => {
    const { server, at } = await start({ config: { responsesPerSecond: 1 } }, '::');
    for (let i = 0; i < 5; i++) {
      expect((await askUdp({ host: '127.0.0.1', port: at.port }, 'A web.service.consul')).answers).toHaveLength(3);
    }
    expect(server.stats.rateDropped).toBe(0);
  });

  test('many at once are all answered with their own ids', async () => {
    const { at } = await start();
    const socket = createSocket('udp4');
    const ids = new Set<number>();
    const all = new Promise<void>((resolve) => {
      socket.on('message', (answer) => {
        const message = decodeMessage(answer);
        expect(message.questions[0]?.name).toBe(message.id % 2 === 0 ? 'web.service.consul' : 'Web.service.consul');
        ids.add(message.id);
        if (ids.size === 500) resolve();
      });
    });
    for (let id = 0; id < 500; id++) {
      socket.send(questionBytes(`A ${id % 2 === 0 ? 'web' : 'Web'}.service.consul`, { id }), at.port, at.host);
    }
    await all;
    socket.close();
  });

  test('a forged source port 0 and bytes that are nothing bring no answer and no harm', async () => {
    const { server, at } = await start();
    let answerLater!: (answer: Buffer) => void;
    const later = new Promise<Buffer>((resolve) => (answerLater = resolve));
    const listener = await UdpListener.open('127.0.0.1', 0, {
      responder: { respond: () => later } as never,
      sockets: new Set(),
      stats: server.stats,
      logger: silentLogger,
    });
    const socket = Reflect.get(listener, 'socket') as NodeJS.EventEmitter;
    socket.emit('message', questionBytes('A web.service.consul'), { address: '127.0.0.1', port: 0 });
    expect(server.stats.ignored).toBe(1);
    socket.emit('error', new Error('ECONNRESET'));
    socket.emit('message', questionBytes('A web.service.consul'), { address: '127.0.0.1', port: 9 });
    await listener.close();
    answerLater(Buffer.alloc(12));
    await later;
    expect(server.stats.sendErrors).toBe(2);
    await expect(sendUdp(at, Buffer.from('junk'), 50)).rejects.toThrow('no answer');
    expect((await askUdp(at, 'A web.service.consul')).rcode).toBe(0);
  });

  test('the largest answers leave whole', async () => {
    const { at } = await start();
    const answer = await askUdp(at, 'TXT vast.node.consul', { edns: 65_535 });
    expect(answer.answers).toHaveLength(64);
  });
});

describe('TCP', () => {
  test('several questions on a connection, cut anywhere', async () => {
    const { at } = await start();
    const questions = Array.from({ length: 20 }, (_, id) =>
      frame(questionBytes(id % 2 === 0 ? 'SRV web.service.consul' : 'A nope.service.consul', { id })),
    );
    const stream = Buffer.concat(questions);
    for (const size of [1, 3, 7, stream.length]) {
      const pieces = Array.from({ length: Math.ceil(stream.length / size) }, (_, i) =>
        stream.subarray(i * size, (i + 1) * size),
      );
      const answers = (await sendTcp(at, pieces, 20)).map((bytes) => decodeMessage(bytes));
      expect(answers.map(({ id }) => id)).toEqual(Array.from({ length: 20 }, (_, id) => id));
      expect(answers.map((one) => one.answers.length)).toEqual(answers.map(({ id }) => (id % 2 === 0 ? 40 : 0)));
    }
  });

  test('a client that closes its half still gets its answers', async () => {
    const { at } = await start();
    const socket = connect({ port: at.port, host: at.host, allowHalfOpen: true });
    const got: Buffer[] = [];
    socket.on('data', (piece: Buffer) => got.push(piece));
    socket.end(Buffer.concat([frame(questionBytes('A web.service.consul')), frame(questionBytes('A x.consul'))]));
    await new Promise((resolve) => socket.once('end', resolve));
    socket.destroy();
    const first = Buffer.concat(got);
    expect(first.length).toBeGreaterThan(2 + first.readUInt16BE(0));
  });

  test('a client that does not read is not read from, and loses nothing', async () => {
    const { server, at } = await start();
    const socket = connect(at.port, at.host);
    const count = 20_000;
    const question = frame(questionBytes('SRV web.service.consul'));
    socket.pause();
    socket.write(Buffer.concat(Array.from({ length: count }, () => question)));
    let before = -1;
    while (server.stats.transports.tcp !== before || before < 1) {
      before = server.stats.transports.tcp;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(before).toBeLessThan(count / 2);
    let bytes = 0;
    let size = 0;
    await new Promise<void>((resolve) => {
      socket.on('data', (piece: Buffer) => {
        if (size === 0) size = 2 + piece.readUInt16BE(0);
        bytes += piece.length;
        if (bytes >= size * count) resolve();
      });
      socket.resume();
    });
    expect(bytes).toBe(size * count);
    socket.destroy();
  });

  test('a silent connection, and one that never finishes a question, are cut off', async () => {
    const clock = new FakeClock();
    const { server, at } = await start({ clock });
    const silent = connect(at.port, at.host);
    const slow = connect(at.port, at.host);
    const busy = connect(at.port, at.host);
    const closed: string[] = [];
    for (const [name, socket] of Object.entries({ silent, slow, busy })) {
      socket.on('close', () => closed.push(name));
      socket.on('error', () => {});
    }
    while (server.stats.connectionsOpen < 3) await new Promise((resolve) => void setImmediate(resolve));
    const half = limits.dnsTcpIdleMs / 2;
    for (let i = 0; i < 3; i++) {
      slow.write(Buffer.from([0]));
      busy.write(frame(questionBytes('A web.service.consul')));
      await new Promise((resolve) => busy.once('data', resolve));
      await clock.advance(half + 1);
    }
    while (closed.length < 2) await new Promise((resolve) => void setImmediate(resolve));
    expect(closed.toSorted((a, b) => a.localeCompare(b))).toEqual(['silent', 'slow']);
    busy.destroy();
  });

  test('so many connections at once, so many of one address but for loopback', () => {
    const stats = new DnsStats();
    const gate = new ConnectionGate(stats);
    const places = Array.from({ length: limits.dnsTcpConnectionsPerClient }, () => gate.enter('192.0.2.1'));
    expect(gate.enter('192.0.2.1')).toBeUndefined();
    expect(gate.enter('192.0.2.2')).toBeDefined();
    places[0]?.();
    expect(gate.enter('192.0.2.1')).toBeDefined();
    while (stats.connectionsOpen < limits.dnsTcpConnections) expect(gate.enter('127.0.0.1')).toBeDefined();
    expect(gate.enter('127.0.0.1')).toBeUndefined();
    expect(stats.connectionsRefused).toBe(2);
  });

  test('closing cuts everybody off, and is harmless twice', async () => {
    const { server, at } = await start();
    const socket = connect(at.port, at.host);
    await new Promise((resolve) => socket.once('connect', resolve));
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => {});
    await server.close();
    await closed;
    await server.close();
    await expect(askTcp(at, 'A web.service.consul')).rejects.toThrow();
  });

  test('a port that is taken is told', async () => {
    const { server, at } = await start();
    await expect(server.listen(at)).rejects.toMatchObject({ code: 'EADDRINUSE' });
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => void socket.bind(0, '127.0.0.1', resolve));
    await expect(server.listen({ host: '127.0.0.1', port: socket.address().port })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
    socket.close();
  });
});

describe('DNS over TLS (RFC 7858)', () => {
  test('as over TCP', async () => {
    const server = create({ tls });
    const at = await server.listenTls({ host: '127.0.0.1', port: 0 });
    const socket = connectTls({ ...at, ca: tls.cert, servername: 'localhost', ALPNProtocols: ['dot'] });
    const answer = new Promise<Buffer>((resolve, reject) => {
      socket.once('data', resolve);
      socket.once('error', reject);
    });
    socket.write(frame(questionBytes('SRV web.service.consul')));
    expect(decodeMessage((await answer).subarray(2)).answers).toHaveLength(40);
    expect(socket.alpnProtocol).toBe('dot');
    expect(server.stats.transports.tls).toBe(1);
    socket.destroy();
  });

  test('somebody who speaks no TLS is turned away', async () => {
    const server = create({ tls });
    const at = await server.listenTls({ host: '127.0.0.1', port: 0 });
    await expect(askTcp(at, 'A web.service.consul')).rejects.toThrow();
    expect(server.stats.internalErrors).toBe(0);
  });

  test('needs a certificate', async () => {
    await expect(create().listenTls({ host: '127.0.0.1', port: 0 })).rejects.toThrow('certificate');
    await expect(create().listenHttps({ host: '127.0.0.1', port: 0 })).rejects.toThrow('certificate');
  });
});

describe('DNS over HTTPS (RFC 8484)', () => {
  const type = 'application/dns-message';
  const question = questionBytes('A web.service.consul', { id: 0 });

  test('POST and GET', async () => {
    const { doh } = create({ config: { serviceTtlMs: new Map([['*', 7_000]]) } });
    const posted = await doh('POST', type, question, '192.0.2.1');
    expect(posted).toMatchObject({ status: 200, maxAge: 7 });
    expect(decodeMessage(posted.body).answers).toHaveLength(40);
    const got = await doh('GET', '', question.toString('base64url'), '192.0.2.1');
    expect(decodeMessage(got.body).answers).toHaveLength(40);
    expect((await doh('POST', `${type}; x=y`, question, '')).status).toBe(200);
  });

  test('what is none', async () => {
    const { doh } = create();
    expect((await doh('PUT', type, question, '')).status).toBe(405);
    expect((await doh('POST', 'text/plain', question, '')).status).toBe(415);
    expect((await doh('POST', type, Buffer.alloc(70_000), '')).status).toBe(413);
    expect((await doh('POST', type, Buffer.alloc(0), '')).status).toBe(400);
    expect((await doh('GET', '', undefined, '')).status).toBe(400);
    expect((await doh('GET', '', '%%%', '')).status).toBe(400);
    expect((await doh('POST', type, Buffer.from('junk'), '')).status).toBe(400);
    const broken = await doh('POST', type, question.subarray(0, 14), '');
    expect(broken.status).toBe(200);
    expect(decodeMessage(broken.body).rcode).toBe(1);
  });

  test('answers do not share their bytes', async () => {
    const { doh } = create();
    const ids = [1, 2, 3].map((id) => doh('POST', type, questionBytes('AAAA six.service.consul', { id }), ''));
    expect((await Promise.all(ids)).map(({ body }) => decodeMessage(body).id)).toEqual([1, 2, 3]);
  });

  test('over HTTP/2 and HTTP/1.1, on a listener of its own', async () => {
    const at = await create({ tls }).listenHttps({ host: '127.0.0.1', port: 0 });
    const session = connectHttp2(`https://localhost:${at.port}`, { ca: tls.cert });
    const ask = (headers: Record<string, string>, body?: Buffer): Promise<{ status: number; body: Buffer }> =>
      new Promise((resolve, reject) => {
        const stream = session.request(headers);
        const pieces: Buffer[] = [];
        let status = 0;
        stream.on('response', (given) => (status = Number(given[':status'])));
        stream.on('data', (piece: Buffer) => pieces.push(piece));
        stream.on('end', () => resolve({ status, body: Buffer.concat(pieces) }));
        stream.on('error', reject);
        stream.end(body);
      });
    const posted = await ask({ ':method': 'POST', ':path': '/dns-query', 'content-type': type }, question);
    expect(decodeMessage(posted.body).answers).toHaveLength(40);
    const got = await ask({ ':path': `/dns-query?dns=${question.toString('base64url')}` });
    expect(decodeMessage(got.body).answers).toHaveLength(40);
    expect((await ask({ ':path': '/elsewhere' })).status).toBe(404);
    expect((await ask({ ':path': '/dns-query' })).status).toBe(400);
    session.close();
    const older = await new Promise<Buffer>((resolve, reject) => {
      const options = { method: 'POST', path: '/dns-query', headers: { 'content-type': type }, ca: tls.cert };
      http1({ ...options, host: 'localhost', port: at.port, agent: false }, (response) => {
        response.once('data', resolve);
      })
        .once('error', reject)
        .end(question);
    });
    expect(decodeMessage(older).answers).toHaveLength(40);
  });
});

test('counters tell what was asked and answered', async () => {
  const { server, at } = await start();
  const asked: readonly [string, DnsAddress][] = [
    ['A web.service.consul', at],
    ['AAAA web.service.consul', at],
    ['A nope.service.consul', at],
    ['TYPE65280 example.com', at],
  ];
  for (const [question, where] of asked) await askUdp(where, question);
  await askTcp(at, 'A web.service.consul');
  expect(Object.fromEntries(server.stats.byType())).toEqual({ A: 3, AAAA: 1, OTHER: 1 });
  expect(Object.fromEntries(server.stats.byRcode())).toEqual({ NOERROR: 3, NXDOMAIN: 1, REFUSED: 1 });
  expect(server.stats).toMatchObject({ transports: { udp: 4, tcp: 1, tls: 0, https: 0 }, cutSilently: 1, prepared: 3 });
});
