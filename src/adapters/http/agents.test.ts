import { once } from 'node:events';
import http, { type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import https from 'node:https';
import { createServer as createTcpServer } from 'node:net';
import { create } from 'axios';
import { got } from 'got';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { deadPort, httpInstance, type HttpInstance } from '../../testing/http-instance.js';
import { endpointAt, InMemoryDiscovery } from '../../testing/in-memory-discovery.js';
import { listenOnLoopback, testCertificate } from '../../testing/loopback-server.js';
import { DiscoveryHttpAgent, DiscoveryHttpsAgent, type DiscoveryAgentOptions } from './agents.js';

let manager: InMemoryDiscovery;
const ends: (() => Promise<unknown>)[] = [];

beforeEach(() => {
  manager = new InMemoryDiscovery();
});
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

async function instance(...given: Parameters<typeof httpInstance>): Promise<HttpInstance> {
  const server = await httpInstance(...given);
  ends.push(server.close);
  return server;
}

function agent(options: DiscoveryAgentOptions = {}): DiscoveryHttpAgent {
  const made = new DiscoveryHttpAgent({ manager, ...options });
  ends.push(() => made.close());
  return made;
}

async function get(url: string, options: RequestOptions): Promise<readonly [number | undefined, string]> {
  const [answer] = (await once(http.get(url, options), 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return [answer.statusCode, Buffer.concat(chunks).toString()];
}

async function failure(request: ClientRequest): Promise<unknown> {
  const [error] = (await once(request, 'error')) as [Error];
  return error;
}

describe('node:http with the agent', () => {
  test('requests take turns over the instances, each with its own kept connection', async () => {
    const all = [await instance(), await instance()];
    manager.set(
      'orders',
      all.map(({ port }) => port),
    );
    const through = { agent: agent() };
    for (let i = 0; i < 6; i++) await get('http://orders.service/x', through);
    expect(all.map(({ requests }) => requests.length)).toEqual([3, 3]);
    expect(all.map((server) => server.connections())).toEqual([1, 1]);
    expect(all[0]?.requests[0]).toMatchObject({ host: 'orders.service', url: '/x' });
    await expect.poll(() => manager.outcomes).toHaveLength(6);
    expect(manager.outcomes.every(({ outcome }) => outcome?.ok)).toBe(true);
  });

  test('a dead address is left for another before anything is sent', async () => {
    const a = await instance();
    manager.set('orders', [await deadPort(), a.port]);
    const through = { agent: agent(), method: 'POST' };
    for (let i = 0; i < 10; i++) {
      const request = http.request('http://orders.service/', through).end('body');
      const [answer] = (await once(request, 'response')) as [IncomingMessage];
      answer.resume();
      await once(request, 'close');
    }
    expect(a.requests.map(({ body }) => body)).toEqual(Array.from({ length: 10 }, () => 'body'));
    expect(manager.outcomes.filter(({ outcome }) => outcome?.kind === 'connect').length).toBeGreaterThan(3);
  });

  test('all dead: the refusal is the request’s error', async () => {
    manager.set('orders', [await deadPort(), await deadPort()]);
    const error = await failure(http.get('http://orders.service/', { agent: agent() }));
    expect(error).toMatchObject({ code: 'ECONNREFUSED' });
    expect(manager.outcomes.filter(({ outcome }) => outcome?.kind === 'connect')).toHaveLength(2);
  });

  test('waits for the first set; none at all is NO_ENDPOINTS', async () => {
    const a = await instance();
    const answer = get('http://orders.service/', { agent: agent() });
    await new Promise(setImmediate);
    manager.set('orders', [a.port]);
    expect(await answer).toEqual([200, String(a.port)]);
    manager.set('orders', []);
    const error = await failure(http.get('http://orders.service/', { agent: agent() }));
    expect(error).toMatchObject({ code: 'NO_ENDPOINTS' });
  });

  test('other hosts are left to Node', async () => {
    const a = await instance();
    expect(await get(`http://127.0.0.1:${a.port}/`, { agent: agent() })).toEqual([200, String(a.port)]);
    expect(manager.opened).toEqual([]);
  });

  test('connections to instances that left are let go: idle ones at once, others after their request', async () => {
    let finish: (() => void) | undefined;
    const busy = await instance((_request, response) => {
      finish = () => void response.end('late');
    });
    const [idle, other] = [await instance(), await instance()];
    const through = { agent: agent() };
    manager.set('orders', [idle.port]);
    await get('http://orders.service/', through);
    manager.set('orders', [busy.port]);
    await expect.poll(() => idle.connections()).toBe(0);
    const late = get('http://orders.service/', through);
    await expect.poll(() => busy.requests.length).toBe(1);
    manager.set('orders', [other.port]);
    await get('http://orders.service/', through);
    expect([busy.connections(), other.connections()]).toEqual([1, 1]);
    finish?.();
    expect(await late).toEqual([200, 'late']);
    await expect.poll(() => busy.connections()).toBe(0);
    expect(other.connections()).toBe(1);
  });

  test('an instance without a port gets that of the URL', async () => {
    const a = await instance();
    manager.set('orders', [endpointAt('orders', 0)]);
    expect(await get(`http://orders.service:${a.port}/`, { agent: agent() })).toEqual([200, String(a.port)]);
  });

  test.each([
    [200, true],
    [404, true],
    [503, false],
  ])('an answer of %i counts as %s', async (status, ok) => {
    const a = await instance((_request, response) => {
      response.statusCode = status;
      response.end();
    });
    manager.set('orders', [a.port]);
    await get('http://orders.service/', { agent: agent() });
    await expect.poll(() => manager.outcomes).toMatchObject([{ outcome: { ok } }]);
  });

  test.each([
    ['resets', (socket: { destroy(): void }): void => socket.destroy()],
    ['ends in the middle', (socket: { end(text: string): void }): void => socket.end('HTTP/1.1 200 OK\r\nx-ha')],
  ])('a server that %s is held against it, once', async (_what, misbehave) => {
    const bad = await instance((request) => misbehave(request.socket));
    manager.set('orders', [bad.port, bad.port]);
    await failure(http.get('http://orders.service/', { agent: agent() }));
    await expect.poll(() => manager.outcomes).toMatchObject([{ outcome: { ok: false } }]);
    expect(bad.requests).toHaveLength(1);
  });

  test('nobody who listens to the answer: it is thrown away, as Node does', async () => {
    const a = await instance();
    manager.set('orders', [a.port]);
    await once(http.get('http://orders.service/', { agent: agent() }), 'close');
    expect(manager.outcomes).toMatchObject([{ outcome: { ok: true } }]);
  });

  test('over maxSockets requests wait, and all are answered', async () => {
    const a = await instance();
    manager.set('orders', [a.port]);
    const through = { agent: agent({ agent: { maxSockets: 2 } }) };
    await Promise.all(Array.from({ length: 20 }, () => get('http://orders.service/', through)));
    expect(a.requests).toHaveLength(20);
    expect(a.connections()).toBeLessThanOrEqual(2);
  });

  test('an unhandled error is still the owner’s', async () => {
    manager.set('orders', [await deadPort()]);
    const request = http.get('http://orders.service/', { agent: agent() });
    expect(request.listenerCount('error')).toBe(0);
    await failure(request);
  });
});

describe('a request that its owner takes back', () => {
  test('while the first set is awaited', async () => {
    const request = http.get('http://orders.service/', { agent: agent() });
    await new Promise(setImmediate);
    request.destroy(new Error('mine'));
    expect(await failure(request)).toMatchObject({ message: 'mine' });
    expect(manager.outcomes).toEqual([]);
  });

  test('by a signal, while it is connected', async () => {
    const mute = await listenOnLoopback(createTcpServer((socket) => void socket.resume()));
    ends.push(mute.close);
    manager.set('api', [mute.port]);
    const through = new DiscoveryHttpsAgent({ manager });
    ends.push(() => through.close());
    const abort = new AbortController();
    const request = https.get('https://api.service/', { agent: through, signal: abort.signal });
    const failed = failure(request);
    await expect.poll(() => mute.connections()).toBe(1);
    abort.abort();
    expect(await failed).toMatchObject({ name: 'AbortError' });
    await expect.poll(() => mute.connections()).toBe(0);
    await expect.poll(() => manager.outcomes).toMatchObject([{ outcome: { kind: 'cancelled' } }]);
  });

  test('while the server thinks', async () => {
    const stuck = await instance(() => {});
    manager.set('orders', [stuck.port]);
    const request = http.get('http://orders.service/', { agent: agent() });
    const failed = failure(request);
    await expect.poll(() => stuck.requests.length).toBe(1);
    request.destroy();
    expect(await failed).toMatchObject({ code: 'ECONNRESET' });
    expect(manager.outcomes).toMatchObject([{ outcome: { kind: 'cancelled' } }]);
  });

  test('because its time is over, which counts against the instance', async () => {
    const mute = await instance(() => {});
    manager.set('orders', [mute.port]);
    const abort = new AbortController();
    const failed = failure(http.get('http://orders.service/', { agent: agent(), signal: abort.signal }));
    await expect.poll(() => mute.requests.length).toBe(1);
    abort.abort(new DOMException('late', 'TimeoutError'));
    expect(await failed).toMatchObject({ name: 'AbortError' });
    await expect.poll(() => manager.outcomes).toMatchObject([{ outcome: { ok: false, kind: 'timeout' } }]);
  });
});

test('a server that takes connections and says nothing over TLS is left after connectTimeoutMs', async () => {
  const { key, cert } = testCertificate();
  const mute = await listenOnLoopback(createTcpServer((socket) => void socket.resume()));
  const good = await listenOnLoopback(
    https.createServer({ key, cert }, (_request, response) => void response.end('ok')),
  );
  ends.push(mute.close, good.close);
  manager.set('api', [mute.port, good.port]);
  const through = new DiscoveryHttpsAgent({
    manager,
    connectTimeoutMs: 50,
    agent: { ca: cert, checkServerIdentity: () => undefined },
  });
  ends.push(() => through.close());
  const [answer] = (await once(https.get('https://api.service/', { agent: through }), 'response')) as [IncomingMessage];
  expect((answer.socket as { servername?: string }).servername).toBe('api.service');
  answer.resume();
  await once(answer, 'close');
  expect(manager.outcomes[0]).toMatchObject({ outcome: { ok: false, kind: 'connect' } });
});

test('what Node’s agents do inside is what we stand on', () => {
  for (const { prototype } of [http.Agent, https.Agent]) {
    for (const method of ['addRequest', 'createConnection', 'keepSocketAlive']) {
      expect(typeof (prototype as unknown as Record<string, unknown>)[method], method).toBe('function');
    }
  }
  expect(typeof (http.ClientRequest.prototype as { onSocket?: unknown }).onSocket).toBe('function');
});

describe('clients of the ecosystem', () => {
  test('got', async () => {
    const a = await instance();
    manager.set('orders', [await deadPort(), a.port]);
    const client = got.extend({ agent: { http: agent() }, retry: { limit: 0 } });
    for (let i = 0; i < 4; i++) expect(await client('http://orders.service/x').text()).toBe(String(a.port));
    const posted = await client.post('http://v1.orders.service/x', { json: { a: 1 } }).text();
    expect(posted).toBe(String(a.port));
    expect(a.requests.at(-1)?.body).toBe('{"a":1}');
  });

  test('axios', async () => {
    const a = await instance();
    manager.set('orders', [await deadPort(), a.port]);
    const client = create({ httpAgent: agent(), proxy: false });
    for (let i = 0; i < 4; i++) {
      const { status, data } = await client.get<number>('http://orders.service/x');
      expect([status, data]).toEqual([200, a.port]);
    }
    await client.post('http://orders.service/x', { a: 1 });
    expect(a.requests.at(-1)?.body).toBe('{"a":1}');
  });
});

test.each([
  [{ timeout: 1 }, 'the agent: timeout is not an option'],
  [{ connectTimeoutMs: -1 }, 'the agent: connectTimeoutMs must be positive'],
  [{ suffixes: ['x'] }, 'the agent: suffixes.0 must begin with a dot, as in .service'],
])('%j: %s', (options, message) => {
  expect(() => new DiscoveryHttpAgent({ manager, ...options })).toThrow(message);
});
