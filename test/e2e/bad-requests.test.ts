/**
 * Requests as no client should send them, and clients as none should be: one agent takes them all, and at the end it
 * answers as before, has said nothing of failures and has not grown.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startAgent, type AgentProcess } from '../support/agent.js';
import { http, httpJson } from '../support/http.js';
import { connection, exchange, statuses } from '../support/raw.js';

let agent: AgentProcess;
const HOST = 'Host: agent\r\n';
const LEADER = `GET /v1/status/leader HTTP/1.1\r\n${HOST}\r\n`;

beforeAll(async () => {
  agent = await startAgent();
});

afterAll(async () => {
  expect((await http(agent.origin, 'GET /v1/status/leader')).status).toBe(200);
  expect(agent.rssBytes()).toBeLessThan(1e9);
  expect(await agent.stop()).toEqual({ code: 0, signal: null });
  expect(agent.log()).toBe('');
});

const statusOf = async (path: string): Promise<string> =>
  (await exchange(agent.origin, `GET ${path} HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`)).text.slice(9, 12);

const answerOf = async (request: string | Uint8Array): Promise<number[]> => {
  const { text, closed } = await exchange(agent.origin, request, (received) => received.endsWith('\r\n\r\n'));
  return closed && text === '' ? [] : statuses(text);
};

function headers(count: number): string {
  return Array.from({ length: count }, (_, i) => `X-${i}: y\r\n`).join('');
}

describe('malformed requests are refused and the connection ends', () => {
  const cases: readonly (readonly [string, string | Uint8Array, number])[] = [
    ['noise', Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 7919) & 255)), 400],
    ['a TLS handshake', Buffer.from('16030100a5010000a10303', 'hex'), 400],
    ['an HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['an unknown method', `FROB / HTTP/1.1\r\n${HOST}\r\n`, 400],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400],
    ['a header without a colon', `GET / HTTP/1.1\r\n${HOST}nothing\r\n\r\n`, 400],
    ['NUL in a header', `GET / HTTP/1.1\r\n${HOST}X: a\0b\r\n\r\n`, 400],
    ['NUL in the path', `GET /v1/kv/\0 HTTP/1.1\r\n${HOST}\r\n`, 400],
    ['a space in the path', `GET /v1/kv/a b HTTP/1.1\r\n${HOST}\r\n`, 400],
    ['two lengths', `PUT /v1/kv/a HTTP/1.1\r\n${HOST}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`, 400],
    ['a length below zero', `PUT /v1/kv/a HTTP/1.1\r\n${HOST}Content-Length: -1\r\n\r\n`, 400],
    ['an absurd length', `PUT /v1/kv/a HTTP/1.1\r\n${HOST}Content-Length: 99999999999999999999999\r\n\r\n`, 400],
    [
      'a length and chunks (a second request would hide in it)',
      `PUT /v1/kv/a HTTP/1.1\r\n${HOST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${LEADER}`,
      400,
    ],
    [
      'chunks that are not the last coding',
      `PUT /v1/kv/a HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n`,
      400,
    ],
    ['one header of 100 kB', `GET / HTTP/1.1\r\n${HOST}X: ${'x'.repeat(100_000)}\r\n\r\n`, 431],
    ['10,000 headers', `GET / HTTP/1.1\r\n${HOST}${headers(10_000)}\r\n`, 431],
    ['a URL of 100 kB', `GET /v1/kv/${'x'.repeat(100_000)} HTTP/1.1\r\n${HOST}\r\n`, 431],
  ];
  test.each(cases)('%s', async (_, request, status) => {
    expect((await answerOf(request)).at(0)).toBe(status);
    expect(await httpJson(agent.origin, 'GET /v1/status/leader')).toBe('127.0.0.1:8300');
  });

  test('a smuggled request is not answered', async () => {
    const outer = `PUT /v1/kv/a HTTP/1.1\r\n${HOST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`;
    const { text } = await exchange(agent.origin, outer + LEADER);
    expect(statuses(text)).toEqual([400]);
  });

  test('a bad chunk ends the request', async () => {
    const head = `PUT /v1/kv/a HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`;
    for (const chunk of ['zz\r\n', 'fffffffffffffffff\r\n', `1${';x'.repeat(20_000)}\r\n`, '-1\r\n']) {
      const { text, closed } = await exchange(agent.origin, head + chunk);
      expect([closed, statuses(text).every((status) => status >= 400)], chunk.slice(0, 20)).toEqual([true, true]);
    }
    expect((await http(agent.origin, 'GET /v1/kv/a')).status).toBe(404);
  });

  test('paths that lead nowhere', async () => {
    expect(await statusOf('/v1/kv/%zz')).toBe('400');
    expect(await statusOf('/v1/kv/%00')).toBe('400');
    expect(await statusOf('/v1/kv/%')).toBe('400');
    expect(await statusOf('/v1/kv/../../../etc/passwd')).toBe('301');
    expect(await statusOf('/v1/kv/%2e%2e/%2e%2e/etc/passwd')).toBe('301');
    expect(await statusOf('/../../etc/passwd')).toBe('301');
    expect(await statusOf(`/v1/kv/${'x'.repeat(20_000)}`)).toBe('414');
    expect(await statusOf('*')).toBe('404');
    expect(await statusOf('http://elsewhere.example/v1/status/leader')).toBe('200');
  });
});

describe('bodies', () => {
  test('that are too large are refused to everybody, whoever still sends', async () => {
    const sizes = [512 * 1024 + 1, 3_000_000, 20_000_000];
    const answers = sizes.flatMap((size) =>
      Array.from({ length: 5 }, () => http(agent.origin, 'PUT /v1/kv/large', Buffer.alloc(size))),
    );
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(answers.map(() => 413));
    const announced = `PUT /v1/kv/large HTTP/1.1\r\n${HOST}Content-Length: 1000000000000\r\n\r\n`;
    const { text } = await exchange(agent.origin, announced, (received) => received.includes('bytes'));
    expect(statuses(text)).toEqual([413]);
    for (const path of [
      'agent/service/register',
      'catalog/register',
      'txn',
      'query',
      'session/create',
      'event/fire/e',
    ]) {
      expect([path, (await http(agent.origin, `PUT /v1/${path}`, Buffer.alloc(2_000_000, '['))).status]).toEqual([
        path,
        path === 'query' ? 405 : 413,
      ]);
    }
  });

  test('a refused archive leaves a connection that can be used or is closed', async () => {
    for (const body of ['no archive', Buffer.alloc(500_000, 'x')]) {
      const statusesSeen = [await http(agent.origin, 'PUT /v1/snapshot', body)].map(({ status }) => status);
      for (let i = 0; i < 8; i++) statusesSeen.push((await http(agent.origin, 'GET /v1/status/leader')).status);
      expect(statusesSeen).toEqual([500, 200, 200, 200, 200, 200, 200, 200, 200]);
    }
  });
});

describe('connections', () => {
  test('a thousand requests in one write are answered in their order', async () => {
    const requests = Array.from({ length: 1000 }, (_, i) =>
      i % 2 === 0
        ? `PUT /v1/kv/p${i} HTTP/1.1\r\n${HOST}Content-Length: ${String(i).length}\r\n\r\n${i}`
        : `GET /v1/kv/p${i - 1}?raw HTTP/1.1\r\n${HOST}\r\n`,
    );
    const { text } = await exchange(
      agent.origin,
      requests.join(''),
      (received) => received.endsWith('\r\n\r\n998'),
      15_000,
    );
    const bodies = text
      .split(/HTTP\/1\.1 200 OK\r\n/)
      .slice(1)
      .map((one) => one.split('\r\n\r\n')[1]);
    expect(bodies).toEqual(requests.map((_, i) => (i % 2 === 0 ? 'true' : String(i - 1))));
  });

  test('reset in the middle of requests and answers', async () => {
    await httpJson(agent.origin, 'PUT /v1/kv/big', Buffer.alloc(500_000, 'x'));
    const requests = [
      `GET /v1/kv/big HTTP/1.1\r\n${HOST}\r\n`.repeat(5),
      `PUT /v1/kv/cut HTTP/1.1\r\n${HOST}Content-Length: 100000\r\n\r\n${'x'.repeat(1000)}`,
      `PUT /v1/snapshot HTTP/1.1\r\n${HOST}Content-Length: 100000\r\n\r\n${'x'.repeat(1000)}`,
      `GET /v1/health/service/none?index=99999&wait=1m HTTP/1.1\r\n${HOST}\r\n`,
      `GET /v1/health/service/none?index=99999&wait=1m HTTP/1.1\r\n${HOST}\r\n`.repeat(300),
      `GET /v1/kv/big HTTP/1.1\r\n${HOST}\r\nGET /v1/watch/service/none HTTP/1.1\r\n${HOST}\r\n`.repeat(20),
      `GET /v1/watch/service/none HTTP/1.1\r\n${HOST}\r\n`,
      `GET /v1/agent/monitor HTTP/1.1\r\n${HOST}\r\n`,
      `GET /v1/snapshot HTTP/1.1\r\n${HOST}\r\n`,
    ];
    await Promise.all(
      Array.from({ length: 360 }, async (_, i) => {
        const socket = await connection(agent.origin);
        socket.write(requests[i % requests.length] as string);
        await new Promise((resolve) => setTimeout(resolve, i % 50));
        socket.resetAndDestroy();
      }),
    );
    expect((await http(agent.origin, 'GET /v1/kv/cut')).status).toBe(404);
    const waiting = async (): Promise<string[]> =>
      (await http(agent.origin, 'GET /metrics')).text.match(/^discovery_http_(?:blocked|watch)\S* \d+$/gm) ?? [];
    await expect.poll(waiting).toEqual((await waiting()).map((line) => line.replace(/\d+$/, '0')));
  });
});
