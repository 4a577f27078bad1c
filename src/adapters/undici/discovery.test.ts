import { createServer, type Server } from 'node:https';
import { Readable } from 'node:stream';
import {
  Agent,
  fetch as undiciFetch,
  getGlobalDispatcher,
  interceptors,
  request,
  setGlobalDispatcher,
  WebSocket,
} from 'undici';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ServiceDiscoveryError } from '../../model/index.js';
import { deadPort, httpInstance, type HttpInstance } from '../../testing/http-instance.js';
import { endpointAt, InMemoryDiscovery } from '../../testing/in-memory-discovery.js';
import { listenOnLoopback, testCertificate } from '../../testing/loopback-server.js';
import { discovery, type DiscoveryInterceptor, type DiscoveryOptions } from './discovery.js';

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

function dispatcher(options: DiscoveryOptions = {}): Agent & { interceptor: DiscoveryInterceptor } {
  const agent = new Agent({ connect: { timeout: 2_000 } });
  const interceptor = discovery({ manager, ...options });
  ends.push(() => agent.destroy());
  return Object.assign(agent.compose(interceptor), { interceptor }) as unknown as ReturnType<typeof dispatcher>;
}

async function text(
  url: string,
  { init, ...options }: DiscoveryOptions & { init?: object } = {},
): Promise<readonly [number, string]> {
  const answer = await undiciFetch(url, { ...init, dispatcher: dispatcher(options) });
  return [answer.status, await answer.text()];
}

const hanging = (): Promise<HttpInstance> => instance(() => {});

const unavailable = (): Promise<HttpInstance> =>
  instance((_request, response) => {
    response.statusCode = 503;
    response.end('try elsewhere');
  });

async function cause(answer: Promise<unknown>): Promise<unknown> {
  return answer.then(
    () => expect.fail('it was answered'),
    (error: Error) => error.cause,
  );
}

describe('a service name in a URL', () => {
  test('is resolved, and its instances take turns', async () => {
    const [a, b] = [await instance(), await instance()];
    manager.set('orders', [a.port, b.port]);
    const through = dispatcher();
    for (let i = 0; i < 4; i++)
      await (await undiciFetch('http://orders.service/x?y=1', { dispatcher: through })).text();
    expect([a.requests.length, b.requests.length]).toEqual([2, 2]);
    expect(a.requests[0]).toEqual({ method: 'GET', url: '/x?y=1', host: 'orders.service', body: '' });
    expect(manager.opened).toHaveLength(1);
  });

  test.each([
    ['http://v1.orders.service/', { tags: ['v1'] }],
    ['http://orders.service.consul/', {}],
    ['http://orders.service.dc2.consul/', { datacenter: 'dc2' }],
    ['http://v1.orders.service.dc2.consul/', { tags: ['v1'], datacenter: 'dc2' }],
  ])('%s asks for %j', async (url, query) => {
    const a = await instance();
    manager.set('orders', [a.port]);
    expect(await text(url)).toEqual([200, String(a.port)]);
    expect(manager.opened).toEqual([query]);
  });

  test('suffixes and policy can be chosen', async () => {
    const a = await instance();
    manager.set('orders', [a.port]);
    expect(await text('http://orders.svc/', { suffixes: ['.svc'], policy: 'random' })).toEqual([200, String(a.port)]);
    expect(manager.opened).toEqual([{ policy: 'random' }]);
  });

  test('its port is that of the URL only for instances without one', async () => {
    const a = await instance();
    manager.set('orders', [endpointAt('orders', 0)]);
    expect(await text(`http://orders.service:${a.port}/`)).toEqual([200, String(a.port)]);
    manager.set('orders', [a.port]);
    expect(await text('http://orders.service:8081/')).toEqual([200, String(a.port)]);
  });

  test.each([
    [{}, undefined, 'orders.service'],
    [{ hostHeader: 'endpoint' as const }, undefined, /^127\.0\.0\.1:/],
    [{}, { Host: 'shop.example' }, 'shop.example'],
    [{}, ['Host', 'shop.example'], 'shop.example'],
    [{}, ['x-a', '1'], 'orders.service'],
    [{}, new Map([['x-a', '1']]), 'orders.service'],
    [{}, new Map([['HOST', 'shop.example']]), 'shop.example'],
  ])('with %j and headers %j the Host header is %s', async (options, headers, host) => {
    const a = await instance();
    manager.set('orders', [a.port]);
    const answer = await request('http://orders.service/', { headers, dispatcher: dispatcher(options) });
    await answer.body.dump();
    expect(a.requests[0]?.host).toMatch(host);
  });

  test('waits for the first set', async () => {
    const a = await instance();
    const answer = text('http://orders.service/');
    await new Promise(setImmediate);
    manager.set('orders', [a.port]);
    expect(await answer).toEqual([200, String(a.port)]);
  });

  test('without instances the request fails with NO_ENDPOINTS as the cause', async () => {
    manager.set('orders', []);
    const error = await cause(text('http://orders.service/'));
    expect(error).toBeInstanceOf(ServiceDiscoveryError);
    expect(error).toMatchObject({ code: 'NO_ENDPOINTS' });
  });

  test('works with the global fetch of Node', async () => {
    const a = await instance();
    manager.set('orders', [await deadPort(), a.port]);
    const before = getGlobalDispatcher();
    setGlobalDispatcher(dispatcher());
    try {
      for (let i = 0; i < 10; i++) {
        const answer = await fetch('http://orders.service/', { method: 'PUT', body: 'some' });
        expect(await answer.text()).toBe(String(a.port));
      }
      manager.set('orders', []);
      expect(await cause(fetch('http://orders.service/'))).toMatchObject({ code: 'NO_ENDPOINTS' });
    } finally {
      setGlobalDispatcher(before);
    }
    expect(a.requests).toHaveLength(10);
    expect(a.requests[0]).toMatchObject({ body: 'some', host: 'orders.service' });
  });

  test('letting go of it ends its watch, and the next request begins another', async () => {
    const a = await instance();
    manager.set('orders', [a.port]);
    const through = dispatcher();
    const ask = async (): Promise<string> =>
      (await undiciFetch('http://orders.service/', { dispatcher: through })).text();
    await ask();
    expect(manager.handles('orders')).toBe(1);
    await through.interceptor.close();
    await through.interceptor.close();
    expect(manager.handles('orders')).toBe(0);
    expect(await ask()).toBe(String(a.port));
  });
});

describe('others', () => {
  test('pass by untouched', async () => {
    const a = await instance();
    expect(await text(`http://127.0.0.1:${a.port}/`)).toEqual([200, String(a.port)]);
    expect(a.requests[0]?.host).toBe(`127.0.0.1:${a.port}`);
    expect(manager.opened).toEqual([]);
  });

  test('CONNECT passes by, whatever its host', () => {
    const seen: object[] = [];
    const dispatch = discovery({ manager })((options) => seen.push(options) > 0);
    const options = { origin: 'http://proxy.service', path: 'a:1', method: 'CONNECT' as const };
    dispatch(options, {});
    expect(seen[0]).toBe(options);
  });

  test('handlers of an older undici are refused by name', () => {
    manager.set('orders', [1]);
    const dispatch = discovery({ manager })(() => true);
    expect(() => dispatch({ origin: 'http://orders.service', path: '/', method: 'GET' }, { onConnect() {} })).toThrow(
      /undici 7/,
    );
  });
});

describe('a request that fails', () => {
  test('one dead address of two: 0 of 100 idempotent requests fail', async () => {
    const a = await instance();
    manager.set('orders', [a.port, await deadPort()]);
    const through = dispatcher();
    const bare = dispatcher({ retries: 0 });
    let failed = 0;
    let failedBare = 0;
    for (let i = 0; i < 100; i++) {
      await request('http://orders.service/', { dispatcher: through }).then(
        ({ body }) => body.dump(),
        () => failed++,
      );
      await request('http://orders.service/', { dispatcher: bare }).then(
        ({ body }) => body.dump(),
        () => failedBare++,
      );
    }
    expect(failed).toBe(0);
    expect(failedBare).toBeGreaterThan(25);
  });

  test('a refused connection is tried elsewhere whatever the method, without a retry of the budget', async () => {
    const a = await instance();
    manager.set('orders', [await deadPort(), a.port]);
    manager.retries = 0;
    const body = Readable.from(['streamed ', 'body']);
    const answer = await request('http://orders.service/', { method: 'POST', body, dispatcher: dispatcher() });
    expect(await answer.body.text()).toBe(String(a.port));
    expect(a.requests.map(({ body }) => body)).toEqual(['streamed body']);
    expect(manager.outcomes[0]).toMatchObject({ outcome: { ok: false, kind: 'connect' } });
    expect(manager.outcomes[1]).toMatchObject({ at: `127.0.0.1:${a.port}`, outcome: { ok: true } });
  });

  test('all refused: the caller gets the last refusal, after each was tried once', async () => {
    manager.set('orders', [await deadPort(), await deadPort()]);
    expect(await cause(text('http://orders.service/'))).toMatchObject({ code: 'ECONNREFUSED' });
    expect(new Set(manager.outcomes.map(({ at }) => at)).size).toBe(2);
    expect(manager.outcomes).toHaveLength(2);
  });

  test.each([
    ['GET', undefined, 'ok', 2],
    ['PUT', 'text', 'ok', 2],
    ['DELETE', undefined, 'ok', 2],
    ['PUT', 'stream', 'UND_ERR_SOCKET', 1],
    ['POST', 'text', 'UND_ERR_SOCKET', 1],
    ['PATCH', undefined, 'UND_ERR_SOCKET', 1],
  ] as const)('reset in the middle of the headers: %s with body %s', async (method, kind, ends, attempts) => {
    const broken = await instance((_request, response) => {
      response.socket?.write('HTTP/1.1 200 OK\r\nx-hal');
      response.socket?.end();
    });
    const good = await instance((_request, response) => void response.end('ok'));
    manager.set('orders', [broken.port, good.port]);
    const body = kind === 'stream' ? Readable.from(['a']) : kind;
    const answer = request('http://orders.service/', { method, body, dispatcher: dispatcher() });
    const got = await answer.then(
      ({ body }) => body.text(),
      (error: { code: string }) => error.code,
    );
    expect(got).toBe(ends);
    expect(manager.outcomes).toHaveLength(attempts);
    expect(manager.outcomes[0]?.outcome).toMatchObject({ ok: false, kind: 'response' });
  });

  test('undici’s own word on idempotence counts', async () => {
    const broken = await instance((_request, response) => void response.socket?.destroy());
    const good = await instance();
    manager.set('orders', [broken.port, good.port]);
    const answer = await request('http://orders.service/', {
      method: 'POST',
      idempotent: true,
      dispatcher: dispatcher(),
    });
    expect(await answer.body.text()).toBe(String(good.port));
  });

  test('a budget that is spent ends it', async () => {
    const broken = await instance((_request, response) => void response.socket?.destroy());
    manager.set('orders', [broken.port, broken.port]);
    manager.retries = 0;
    expect(await cause(text('http://orders.service/'))).toMatchObject({ code: 'UND_ERR_SOCKET' });
    expect(broken.requests).toHaveLength(1);
  });

  test('three attempts are the most', async () => {
    const broken = await Promise.all(
      [1, 2, 3, 4].map(() => instance((_r, response) => void response.socket?.destroy())),
    );
    manager.set(
      'orders',
      broken.map(({ port }) => port),
    );
    expect(await cause(text('http://orders.service/'))).toMatchObject({ code: 'UND_ERR_SOCKET' });
    expect(broken.reduce((sum, { requests }) => sum + requests.length, 0)).toBe(3);
  });

  test('what the caller did wrong is neither repeated nor held against the instance', async () => {
    const a = await instance();
    manager.set('orders', [a.port, a.port]);
    const wrong = request('http://orders.service/', { headers: { 'bad header': 'x' }, dispatcher: dispatcher() });
    await expect(wrong).rejects.toMatchObject({ code: 'UND_ERR_INVALID_ARG' });
    expect(manager.outcomes).toMatchObject([{ outcome: { kind: 'cancelled' } }]);
  });

  test('after the headers it is the caller’s', async () => {
    const half = await instance((_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half', () => response.socket?.destroy());
    });
    manager.set('orders', [half.port, half.port]);
    await expect(text('http://orders.service/')).rejects.toThrow('terminated');
    expect(half.requests).toHaveLength(1);
    expect(manager.outcomes).toMatchObject([{ outcome: { ok: false, kind: 'response' } }]);
  });
});

describe('answers of servers that failed', () => {
  test('503 is tried elsewhere, and its connection kept', async () => {
    const [bad, good] = [await unavailable(), await instance()];
    manager.set('orders', [bad.port, good.port]);
    const through = dispatcher();
    for (let i = 0; i < 6; i++) {
      const answer = await undiciFetch('http://orders.service/', { dispatcher: through });
      expect([answer.status, await answer.text()]).toEqual([200, String(good.port)]);
    }
    expect(bad.connections()).toBe(1);
    expect(manager.outcomes[0]).toMatchObject({
      at: `127.0.0.1:${bad.port}`,
      outcome: { ok: false, kind: 'response' },
    });
  });

  test('a long one that is not wanted is not read to its end', async () => {
    const bad = await instance((_request, response) => {
      response.statusCode = 503;
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(16_384)));
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    });
    const good = await instance();
    manager.set('orders', [bad.port, good.port]);
    expect(await text('http://orders.service/')).toEqual([200, String(good.port)]);
    await expect.poll(() => bad.connections()).toBe(0);
  });

  test.each([
    ['a POST', { method: 'POST' }, Infinity],
    ['a spent budget', {}, 0],
  ])('%s gets the 503 itself', async (_what, init, retries) => {
    const [bad, good] = [await unavailable(), await instance()];
    manager.set('orders', [bad.port, good.port]);
    manager.retries = retries;
    expect(await text('http://orders.service/', { init })).toEqual([503, 'try elsewhere']);
  });

  test('when all answer 503 the last answer is the caller’s', async () => {
    const all = [await unavailable(), await unavailable()];
    manager.set(
      'orders',
      all.map(({ port }) => port),
    );
    expect(await text('http://orders.service/')).toEqual([503, 'try elsewhere']);
    expect(all.map(({ requests }) => requests.length)).toEqual([1, 1]);
  });

  test('a storm of them is retried no more often than the budget says', async () => {
    const all = [await unavailable(), await unavailable(), await unavailable()];
    manager.set(
      'orders',
      all.map(({ port }) => port),
    );
    manager.retries = 20;
    const through = dispatcher();
    for (let i = 0; i < 100; i++) {
      await (await undiciFetch('http://orders.service/', { dispatcher: through })).text();
    }
    expect(all.reduce((sum, { requests }) => sum + requests.length, 0)).toBe(120);
  });

  test('500 is the caller’s, and counts as a failure', async () => {
    const bad = await instance((_request, response) => {
      response.statusCode = 500;
      response.end('bug');
    });
    manager.set('orders', [bad.port, bad.port]);
    expect(await text('http://orders.service/')).toEqual([500, 'bug']);
    expect(manager.outcomes).toMatchObject([{ outcome: { ok: false, kind: 'response' } }]);
  });

  test('404 is an answer like any other', async () => {
    const a = await instance((_request, response) => {
      response.statusCode = 404;
      response.end();
    });
    manager.set('orders', [a.port]);
    expect(await text('http://orders.service/')).toEqual([404, '']);
    expect(manager.outcomes).toMatchObject([{ outcome: { ok: true } }]);
  });
});

describe('an instance that hangs', () => {
  test('is left after the time for one attempt', async () => {
    const [stuck, good] = [await hanging(), await instance()];
    manager.set('orders', [stuck.port, good.port]);
    expect(await text('http://orders.service/', { attemptTimeoutMs: 50 })).toEqual([200, String(good.port)]);
    expect(manager.outcomes[0]).toMatchObject({ outcome: { ok: false, kind: 'timeout', latencyMs: 50 } });
    await expect.poll(() => stuck.connections()).toBe(0);
  });

  test('fails with TIMEOUT when there is no other way', async () => {
    const stuck = await hanging();
    manager.set('orders', [stuck.port]);
    const error = await cause(text('http://orders.service/', { attemptTimeoutMs: 30, init: { method: 'POST' } }));
    expect(error).toMatchObject({ code: 'TIMEOUT' });
  });

  test('a hedged request is answered by another, and the copy is taken back', async () => {
    const [stuck, good] = [await hanging(), await instance()];
    manager.set('orders', [stuck.port, good.port]);
    manager.hedgeAfterMs = 20;
    expect(await text('http://orders.service/', { hedge: true })).toEqual([200, String(good.port)]);
    await expect.poll(() => stuck.connections()).toBe(0);
    expect(manager.outcomes.map(({ at }) => at).toSorted()).toEqual(
      [stuck, good].map(({ port }) => `127.0.0.1:${port}`).toSorted(),
    );
    const ofStuck = manager.outcomes.find(({ at }) => at === `127.0.0.1:${stuck.port}`);
    expect(ofStuck?.outcome).toMatchObject({ kind: 'cancelled' });
  });

  test.each([
    ['unless asked', {}, {}],
    ['not for a POST', { hedge: true }, { method: 'POST' }],
  ])('is not hedged: %s', async (_what, options, init) => {
    const slow = await instance((_request, response) => void setTimeout(() => response.end('slow'), 100));
    const other = await instance();
    manager.set('orders', [slow.port, other.port]);
    manager.hedgeAfterMs = 10;
    expect(await text('http://orders.service/', { ...options, init })).toEqual([200, 'slow']);
    expect(other.requests).toEqual([]);
  });

  test('a spent budget of hedges leaves the first copy alone', async () => {
    const slow = await instance((_request, response) => void setTimeout(() => response.end('slow'), 100));
    const other = await instance();
    manager.set('orders', [slow.port, other.port]);
    manager.hedgeAfterMs = 10;
    manager.hedges = 0;
    expect(await text('http://orders.service/', { hedge: true })).toEqual([200, 'slow']);
    expect(other.requests).toEqual([]);
  });

  test.each([
    ['a caller who gives up', (): AbortController => new AbortController(), undefined, { kind: 'cancelled' }],
    [
      'a caller whose time is over',
      (): AbortController => new AbortController(),
      new DOMException('late', 'TimeoutError'),
      { ok: false, kind: 'timeout' },
    ],
  ])('%s is told at once', async (_what, make, reason, outcome) => {
    const stuck = await hanging();
    manager.set('orders', [stuck.port, stuck.port]);
    const abort = make();
    const answer = undiciFetch('http://orders.service/', { signal: abort.signal, dispatcher: dispatcher() });
    await expect.poll(() => stuck.requests.length).toBe(1);
    abort.abort(reason);
    await expect(answer).rejects.toThrow(reason?.message ?? 'aborted');
    await expect.poll(() => stuck.connections()).toBe(0);
    expect(manager.outcomes).toMatchObject([{ outcome }]);
  });
});

describe('aborts', () => {
  test('while the first set is awaited', async () => {
    const abort = new AbortController();
    const answer = undiciFetch('http://orders.service/', { signal: abort.signal, dispatcher: dispatcher() });
    await new Promise(setImmediate);
    abort.abort();
    await expect(answer).rejects.toThrow('aborted');
    expect(manager.outcomes).toEqual([]);
  });

  test('before it began', async () => {
    const a = await instance();
    manager.set('orders', [a.port]);
    const answer = request('http://orders.service/', { signal: AbortSignal.abort(), dispatcher: dispatcher() });
    await expect(answer).rejects.toThrow('aborted');
    expect(a.requests).toEqual([]);
  });

  test('in the middle of an answer', async () => {
    const endless = await instance((_request, response) => void response.write('first'));
    manager.set('orders', [endless.port]);
    const abort = new AbortController();
    const answer = await undiciFetch('http://orders.service/', { signal: abort.signal, dispatcher: dispatcher() });
    const body = answer.text();
    abort.abort();
    await expect(body).rejects.toThrow('aborted');
    await expect.poll(() => endless.connections()).toBe(0);
    expect(manager.outcomes).toMatchObject([{ outcome: { ok: true } }]);
  });
});

describe('streams', () => {
  test('a large answer comes as it is, at the reader’s pace', async () => {
    const bytes = Buffer.alloc(8 * 1024 * 1024, 'datapunk');
    const a = await instance((_request, response) => void response.end(bytes));
    manager.set('orders', [a.port]);
    const { body } = await request('http://orders.service/', { dispatcher: dispatcher() });
    const read: Buffer[] = [];
    for await (const chunk of body) {
      if (read.length % 16 === 0) await new Promise(setImmediate);
      read.push(chunk as Buffer);
    }
    expect(Buffer.concat(read).equals(bytes)).toBe(true);
  });

  test('raw headers and trailers come through', async () => {
    const a = await instance((_request, response) => {
      response.writeHead(200, { 'X-Case': 'Kept', trailer: 'x-sum' });
      response.write('body');
      response.addTrailers({ 'X-Sum': '4' });
      response.end();
    });
    manager.set('orders', [a.port]);
    const agent = new Agent();
    ends.push(() => agent.destroy());
    const through = discovery({ manager })(agent.dispatch.bind(agent));
    const seen = await new Promise<string[]>((resolve, reject) => {
      const seen: string[] = [];
      through(
        { origin: 'http://orders.service', path: '/', method: 'GET' },
        {
          onRequestStart() {},
          onResponseStart: (controller) => void seen.push((controller.rawHeaders as Buffer[]).join()),
          onResponseData: (_controller, chunk) => void seen.push(String(chunk)),
          onResponseEnd: (controller, trailers) =>
            resolve([...seen, (controller.rawTrailers as Buffer[]).join(), trailers['x-sum'] as string]),
          onResponseError: (_controller, error) => reject(error),
        },
      );
    });
    expect(seen).toEqual([expect.stringMatching(/^X-Case,Kept,/), 'body', 'X-Sum,4', '4']);
  });

  test('headers come as undici itself gives them: in their own case and order, repeated ones apart', async () => {
    const a = await instance((_request, response) => {
      response.writeHead(200, ['Set-Cookie', 'a=1', 'X-Case', 'Kept', 'Set-Cookie', 'b=2'] as never);
      response.end();
    });
    manager.set('orders', [a.port]);
    const answer = await request('http://orders.service/', { responseHeaders: 'raw', dispatcher: dispatcher() });
    await answer.body.dump();
    expect(answer.headers).toMatchObject({
      0: 'Set-Cookie',
      1: 'a=1',
      2: 'X-Case',
      3: 'Kept',
      4: 'Set-Cookie',
      5: 'b=2',
    });
    const fetched = await undiciFetch('http://orders.service/', { dispatcher: dispatcher() });
    expect(fetched.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
  });

  test('a request body is read once, as it is', async () => {
    const a = await instance();
    manager.set('orders', [a.port]);
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('streamed'));
        controller.close();
      },
    });
    const init = { method: 'POST', body, duplex: 'half' };
    expect(await text('http://orders.service/', { init })).toEqual([200, String(a.port)]);
    expect(a.requests[0]?.body).toBe('streamed');
  });

  test('a WebSocket reaches an instance', async () => {
    const { createServer } = await import('node:http');
    const { createHash } = await import('node:crypto');
    const server = createServer();
    server.on('upgrade', (upgrade, socket) => {
      const accept = createHash('sha1')
        .update(`${upgrade.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
        .digest('base64');
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
      );
      socket.write(Buffer.from([0x81, 2, 0x68, 0x69]));
    });
    await using listening = await listenOnLoopback(server);
    manager.set('chat', [await deadPort(), listening.port]);
    const socket = new WebSocket('ws://chat.service/', { dispatcher: dispatcher() });
    const message = await new Promise((resolve, reject) => {
      socket.addEventListener('message', ({ data }) => resolve(data));
      socket.addEventListener('error', reject);
    });
    expect(message).toBe('hi');
    expect(manager.outcomes.at(-1)?.outcome).toMatchObject({ ok: true });
  });
});

test('connections to instances that left end with the keep-alive of the agent, whatever servers announce', async () => {
  const agent = new Agent({ keepAliveTimeout: 100, keepAliveMaxTimeout: 200 });
  ends.push(() => agent.destroy());
  const through = agent.compose(discovery({ manager }));
  const all: HttpInstance[] = [];
  for (let n = 0; n < 20; n++) {
    const one = await instance((_request, response) => {
      response.setHeader('keep-alive', 'timeout=300');
      response.end();
    });
    all.push(one);
    manager.set('orders', [one.port]);
    await (await request('http://orders.service/', { dispatcher: through })).body.dump();
  }
  await expect.poll(() => all.reduce((sum, one) => sum + one.connections(), 0), { timeout: 10_000 }).toBe(0);
  expect(agent.stats).toEqual({});
});

test('interceptors composed after it see names', async () => {
  const landed = await instance();
  const redirecting = await instance((_request, response) => {
    response.writeHead(302, { location: 'http://other.service/landed' });
    response.end();
  });
  manager.set('orders', [redirecting.port]);
  manager.set('other', [landed.port]);
  const agent = new Agent();
  ends.push(() => agent.destroy());
  const through = agent.compose(
    discovery({ manager }),
    interceptors.redirect({ maxRedirections: 3 }),
    interceptors.retry({ maxRetries: 1 }),
  );
  const answer = await request('http://orders.service/', { dispatcher: through });
  expect(await answer.body.text()).toBe(String(landed.port));
  const followed = await undiciFetch('http://orders.service/', {
    headers: { cookie: 'a=1' },
    dispatcher: dispatcher(),
  });
  expect([followed.url, await followed.text()]).toEqual(['http://other.service/landed', String(landed.port)]);
  expect(landed.requests).toMatchObject([{ host: 'other.service' }, { host: 'other.service' }]);
});

describe('TLS', () => {
  const { key, cert } = testCertificate();
  async function secure(): Promise<{ port: number; names: unknown[] }> {
    const names: unknown[] = [];
    const server: Server = createServer({ key, cert }, (request, response) => {
      names.push((request.socket as { servername?: unknown }).servername);
      response.end(request.headers.host);
    });
    const listening = await listenOnLoopback(server);
    ends.push(listening.close);
    return { port: listening.port, names };
  }

  test.each([
    [undefined, 'api.service'],
    ['api.example', 'api.example'],
    [(endpoint: { service: string }): string => `${endpoint.service}.example`, 'api.example'],
  ])('with servername %s the name verified is %s', async (servername, name) => {
    const { port, names } = await secure();
    manager.set('api', [port]);
    const agent = new Agent({ connect: { ca: cert, checkServerIdentity: () => undefined } });
    ends.push(() => agent.destroy());
    const through = agent.compose(discovery({ manager, servername }));
    const answer = await undiciFetch('https://api.service/', { dispatcher: through });
    expect(await answer.text()).toBe('api.service');
    expect(names).toEqual([name]);
  });
});

describe('options', () => {
  test.each([
    [{ retrys: 1 }, 'discovery: retrys is not an option; did you mean retries?'],
    [{ retries: 3 }, 'discovery: retries must be at most 2'],
    [{ suffixes: ['service'] }, 'discovery: suffixes.0 must begin with a dot, as in .service'],
    [{ suffixes: [] }, 'discovery: suffixes must name at least one'],
    [{ manager: {} }, 'discovery: manager must be a ServiceDiscoveryManager'],
    [{ attemptTimeoutMs: 0 }, 'discovery: attemptTimeoutMs must be positive'],
    [{ hostHeader: 'none' }, 'discovery: hostHeader must be service or endpoint'],
    [{ key: 'x' }, 'discovery: key must be a function'],
    [{ retryStatuses: [404] }, 'discovery: retryStatuses.0 must be statuses of servers that failed, 500 to 599'],
  ])('%j: %s', (options, message) => {
    expect(() => discovery({ manager, ...options } as DiscoveryOptions)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message }),
    );
  });

  test('a key goes to the balancer with every pick', async () => {
    const a = await instance();
    manager.set('orders', [a.port]);
    const keys: unknown[] = [];
    await text('http://orders.service/cart/7', {
      key: ({ path }) => {
        keys.push(path);
        return path;
      },
    });
    expect(keys).toEqual(['/cart/7']);
    expect(manager.hints.at(-1)).toEqual({ key: '/cart/7' });
  });
});
