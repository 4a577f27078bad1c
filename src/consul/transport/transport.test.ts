/** Agents that misbehave, and what of it reaches the caller. */
import { getEventListeners, once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from 'vitest';
import { defaults, isDiscoveryError, type ServiceDiscoveryError } from '../../model/index.js';
import { FakeClock } from '../../testing/fake-clock.js';
import { listenOnLoopback, refusedAddress, type LoopbackServer } from '../../testing/loopback-server.js';
import { ConsulClient, type ConsulClientOptions } from '../index.js';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

interface Fake extends LoopbackServer {
  /** `GET /v1/x`, as they came. */
  readonly seen: string[];
}

async function listening(server: Server): Promise<LoopbackServer> {
  const loopback = await listenOnLoopback(server);
  closers.push(() => loopback.close());
  return loopback;
}

async function fake(serve: (request: IncomingMessage, response: ServerResponse, nth: number) => void): Promise<Fake> {
  const seen: string[] = [];
  const listener: RequestListener = (request, response) => {
    seen.push(`${request.method} ${request.url}`);
    serve(request, response, seen.length);
  };
  return { ...(await listening(createServer(listener))), seen };
}

/** Every connection is given to `serve` when its first bytes are there. */
function rawFake(serve: (socket: Socket) => void): Promise<LoopbackServer> {
  return listening(createTcpServer((socket) => void socket.once('data', () => serve(socket))));
}

function clientOf(addresses: string | string[], options: ConsulClientOptions = {}): ConsulClient {
  const client = new ConsulClient({ addresses, ...options });
  closers.push(() => client.close());
  return client;
}

async function failure(call: Promise<unknown>): Promise<ServiceDiscoveryError> {
  const error: unknown = await call.then(
    () => new Error('it answered'),
    (reason: unknown) => reason,
  );
  if (!isDiscoveryError(error)) throw error;
  return error;
}

async function* archive(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('part');
}

const LEADER = JSON.stringify('10.0.0.1:8300');
const answering = (): Promise<Fake> => fake((_, response) => void response.end(LEADER));
const nobody = (): Promise<string> => refusedAddress(createTcpServer());

describe('an answer that is none', () => {
  test.each([
    [400, 'INVALID_ARGUMENT'],
    [401, 'UNAUTHENTICATED'],
    [403, 'PERMISSION_DENIED'],
    [404, 'NOT_FOUND'],
    [405, 'UNSUPPORTED'],
    [409, 'CONFLICT'],
    [413, 'TOO_LARGE'],
    [418, 'INVALID_ARGUMENT'],
    [429, 'RATE_LIMITED'],
    [500, 'INTERNAL'],
    [501, 'UNSUPPORTED'],
    [503, 'UNAVAILABLE'],
    [504, 'TIMEOUT'],
  ])('%i is %s, in the agent’s words', async (status, code) => {
    const { address } = await fake((_, response) => response.writeHead(status).end('Missing service name\n'));
    const error = await failure(clientOf(address).status.leader());
    expect(error).toMatchObject({
      code,
      message: 'Missing service name',
      details: { httpStatus: status, address: `http://${address}` },
    });
  });

  test.each([
    ['No cluster leader', 'NOT_READY'],
    ['No path to datacenter', 'UNAVAILABLE'],
    ['rpc error making call: rpc error making call: No cluster leader', 'NOT_READY'],
    ['rpc error making call: leadership lost while committing log', 'NOT_READY'],
    ['Permission denied', 'PERMISSION_DENIED'],
    ['rpc error making call: Permission denied: token lacks it', 'PERMISSION_DENIED'],
    ['rpc error making call: rpc error making call: ACL not found', 'PERMISSION_DENIED'],
    [
      'rpc error making call: rpc error making call: Failed to create boolean expression evaluator: x',
      'INVALID_ARGUMENT',
    ],
    ['rpc error making call: Intention not found', 'NOT_FOUND'],
    ['rpc error making call: rpc error making call: EOF', 'UNAVAILABLE'],
    ['rpc error getting client: failed to get conn: dial tcp: connection refused', 'UNAVAILABLE'],
    ["rpc error making call: rpc error getting client: rpc error: lead thread didn't get connection", 'UNAVAILABLE'],
    ['rpc error making call: stream closed', 'UNAVAILABLE'],
    ['No known Consul servers', 'UNAVAILABLE'],
    ['rpc error making call: No path to datacenter', 'UNAVAILABLE'],
    ['rpc error making call: something of its own: EOF is named', 'INTERNAL'],
  ])('500 with "%s" is %s', async (text, code) => {
    const { address } = await fake((_, response) => response.writeHead(500).end(text));
    expect(await failure(clientOf(address).status.leader())).toMatchObject({ code });
  });

  test('without a word says which request, and no more of it', async () => {
    const { address } = await fake((_, response) => response.writeHead(500).end());
    const error = await failure(clientOf(address, { token: 'hush' }).kv.get('a', { datacenter: 'dc9' }));
    expect(error.message).toBe(`GET /v1/kv/a: 500 from http://${address}`);
  });

  test('a path as long as its caller likes is not repeated in full', async () => {
    const { address } = await fake((_, response) => response.writeHead(431).end());
    const error = await failure(clientOf(address).kv.get('k'.repeat(8_000)));
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(error.message.length).toBeLessThan(300);
  });

  test('429 tells when to come back', async () => {
    const { address } = await fake((_, response) => response.writeHead(429, { 'Retry-After': '3' }).end('slower'));
    expect((await failure(clientOf(address).status.leader())).details['retryAfterMs']).toBe(3_000);
  });

  test.each([
    ['<html>', /something that is not JSON/],
    ['', /something that is not JSON/],
    ['[1, 2', /something that is not JSON/],
    ['{"a": 1}', /something that is not a list/],
  ])('%j is told as such, with the question whether that is an agent', async (body, says) => {
    const { address } = await fake((_, response) => response.end(body));
    const error = await failure(clientOf(address).catalog.nodes());
    expect(error).toMatchObject({
      code: 'INTERNAL',
      details: { hint: expect.stringContaining('address of an agent') },
    });
    expect(error.message).toMatch(says);
  });

  test('a redirect is not followed', async () => {
    const elsewhere = await answering();
    const { address } = await fake((_, response) =>
      response.writeHead(301, { Location: `http://${elsewhere.address}/v1/status/leader` }).end(),
    );
    expect((await failure(clientOf(address).status.leader())).message).toMatch(/redirect \(301\)/);
    expect(elsewhere.seen).toEqual([]);
  });

  test('404 of a web server is not an absent key', async () => {
    const { address } = await fake((_, response) => response.writeHead(404).end('not found'));
    expect(await failure(clientOf(address).kv.get('a'))).toMatchObject({ code: 'INTERNAL' });
  });

  test.each([
    [
      'announced',
      (response: ServerResponse) => response.writeHead(200, { 'Content-Length': '2000' }).end('x'.repeat(2_000)),
    ],
    ['in pieces', (response: ServerResponse) => response.write('x'.repeat(900)) && response.end('x'.repeat(900))],
  ])('a body beyond the bound, %s, is TOO_LARGE', async (_, send) => {
    const { address } = await fake((_request, response) => void send(response));
    const error = await failure(clientOf(address, { maxAnswerBytes: 1_000 }).status.leader());
    expect(error).toMatchObject({ code: 'TOO_LARGE', message: expect.stringContaining('maxAnswerBytes') });
  });

  test('bytes that are not HTTP', async () => {
    const { address } = await rawFake((socket) => socket.end('SSH-2.0-x\r\n'));
    expect(await failure(clientOf(address).status.leader())).toMatchObject({ code: 'UNAVAILABLE' });
  });

  test('a connection reset in the middle of the body', async () => {
    const { address } = await rawFake((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"half', () => socket.resetAndDestroy());
    });
    expect(await failure(clientOf(address).status.leader())).toMatchObject({ code: 'UNAVAILABLE' });
  });
});

describe('time', () => {
  test('an agent that does not answer', async () => {
    const { address } = await fake(() => {});
    const error = await failure(clientOf(address).status.leader({ timeoutMs: 50 }));
    expect(error).toMatchObject({ code: 'TIMEOUT', message: `no answer from http://${address} within 0.05 s` });
  });

  test('an answer that drips is cut at the deadline', async () => {
    const { address } = await fake((_, response) => {
      response.write('"');
      const drip = setInterval(() => response.write('x'), 5);
      response.once('close', () => clearInterval(drip));
    });
    expect(await failure(clientOf(address).status.leader({ timeoutMs: 100 }))).toMatchObject({ code: 'TIMEOUT' });
  });

  test('a read that is held has the time it may be held for, and a call’s', async () => {
    const { address, seen } = await fake(() => {});
    const clock = new FakeClock();
    const client = clientOf(address, { clock, timeoutMs: 7_000 });
    let error: unknown;
    const held = failure(client.kv.get('a', { index: 5, waitMs: 600_000 })).then((found) => (error = found));
    await expect.poll(() => seen).toEqual(['GET /v1/kv/a?index=5&wait=600000ms']);
    expect(clock.pending).toBeGreaterThan(0);
    await client.close();
    await held;
    expect(error).toMatchObject({ code: 'CLOSED' });
    expect(clock.pending).toBe(0);
  });

  test('a caller that gives up, before and after', async () => {
    const { address, seen } = await fake(() => {});
    const client = clientOf(address);
    expect(await failure(client.status.leader({ signal: AbortSignal.abort() }))).toMatchObject({ code: 'ABORTED' });
    expect(seen).toEqual([]);
    const stop = new AbortController();
    const call = failure(client.status.leader({ signal: stop.signal }));
    await expect.poll(() => seen.length).toBe(1);
    stop.abort();
    expect(await call).toMatchObject({ code: 'ABORTED' });
  });

  test('one signal for many calls brings no warning, and ends them all', async () => {
    const warnings: string[] = [];
    const note = (warning: Error): void => void warnings.push(warning.name);
    process.on('warning', note);
    const { address, seen } = await fake(() => {});
    const client = clientOf(address);
    const stop = new AbortController();
    const calls = Array.from({ length: 20 }, () => failure(client.status.leader({ signal: stop.signal })));
    await expect.poll(() => seen.length).toBe(20);
    stop.abort();
    for (const { code } of await Promise.all(calls)) expect(code).toBe('ABORTED');
    process.off('warning', note);
    expect(warnings).toEqual([]);
    expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
  });

  test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('timeoutMs %d is refused', async (timeoutMs) => {
    expect(await failure(clientOf('127.0.0.1:1').status.leader({ timeoutMs }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('timeoutMs'),
    });
  });

  test('a peer that froze under held reads is noticed by probes, long before their wait is over', async () => {
    const { address, seen } = await fake((request, response) => {
      if (request.method === 'OPTIONS') response.destroy();
    });
    const clock = new FakeClock();
    const held = failure(clientOf(address, { clock }).kv.get('a', { index: 5, waitMs: 600_000 }));
    await expect.poll(() => seen.length).toBe(1);
    await clock.advance(defaults.peerQuietMs);
    await expect.poll(() => seen.length, { timeout: 5_000 }).toBeGreaterThanOrEqual(2);
    await expect.poll(() => clock.advance(defaults.peerProbeAgainMs).then(() => seen.length)).toBeGreaterThanOrEqual(3);
    expect(await held).toMatchObject({ code: 'UNAVAILABLE', message: expect.stringContaining('any more') });
    expect(new Set(seen.slice(1))).toEqual(new Set(['OPTIONS /v1/status/leader']));
  });
});

async function pass(clock: FakeClock, until: () => boolean): Promise<void> {
  const step = async (): Promise<boolean> => {
    await clock.advance(500);
    return until();
  };
  await expect.poll(step, { timeout: 5_000, interval: 5 }).toBe(true);
}

const leaderless = (...others: string[]) => leaderlessAgent({}, ...others);

/** `headers` are those of its answer that there is no leader. */
async function leaderlessAgent(headers: Readonly<Record<string, string>>, ...others: string[]) {
  const agent = await fake((request, response) => {
    if (request.method === 'OPTIONS') response.end();
    else if (request.url === '/v1/status/leader') response.writeHead(200, headers).end('""');
  });
  const clock = new FakeClock();
  return { agent, clock, client: clientOf([agent.address, ...others], { clock }) };
}

describe('held reads of an agent whose servers lost their leader', () => {
  test('end long before their wait is over', async () => {
    const { agent, clock, client } = await leaderless();
    let error: ServiceDiscoveryError | undefined;
    void failure(client.catalog.nodes({ index: 5, waitMs: 600_000 })).then((reason) => (error = reason));
    await expect.poll(() => agent.seen.length).toBe(1);
    await pass(clock, () => error !== undefined);
    expect(error).toMatchObject({ code: 'NOT_READY', message: expect.stringContaining('have no leader') });
    expect(clock.now()).toBeLessThan(60_000);
  });

  test('go on to the next address', async () => {
    const second = await fake((_, response) => response.end('[]'));
    const { agent, clock, client } = await leaderless(second.address);
    let address: string | undefined;
    void client.catalog.nodes({ index: 5, waitMs: 600_000 }).then((answer) => (address = answer.address));
    await expect.poll(() => agent.seen.length).toBe(1);
    await pass(clock, () => address !== undefined);
    expect(address).toBe(`http://${second.address}`);
    expect(second.seen).toEqual(['GET /v1/catalog/nodes']);
  });

  test('stay when any server may answer, or none is needed', async () => {
    const { agent, clock, client } = await leaderless();
    const stop = new AbortController();
    const held = [
      failure(client.catalog.nodes({ index: 5, waitMs: 600_000, consistency: 'stale', signal: stop.signal })),
      failure(client.agent.service('a', { hash: 'h', waitMs: 600_000, signal: stop.signal })),
    ];
    await expect.poll(() => agent.seen.length).toBe(2);
    for (let probes = 1; probes <= 8; probes++) {
      await clock.advance(defaults.peerQuietMs);
      await expect.poll(() => agent.seen.length).toBe(2 + probes);
    }
    expect(new Set(agent.seen.slice(2))).toEqual(new Set(['OPTIONS /v1/status/leader']));
    stop.abort();
    for (const one of held) expect(await one).toMatchObject({ code: 'ABORTED' });
  });
});

describe('held reads of one of our agents', () => {
  test('of the catalog need no leader while it confirms them', async () => {
    const { agent, clock, client } = await leaderlessAgent({ 'X-Consul-Knownleader': 'true' });
    const stop = new AbortController();
    const held = failure(client.health.service('a', { index: 5, waitMs: 600_000, signal: stop.signal }));
    let error: ServiceDiscoveryError | undefined;
    void failure(client.kv.get('a', { index: 5, waitMs: 600_000 })).then((reason) => (error = reason));
    await expect.poll(() => agent.seen.length).toBe(2);
    await pass(clock, () => error !== undefined);
    // The one of a key has ended by then, because nobody decides keys.
    expect(error).toMatchObject({ code: 'NOT_READY' });
    stop.abort();
    expect(await held).toMatchObject({ code: 'ABORTED' });
  });

  test('end when it does not confirm its catalog any more', async () => {
    const { agent, clock, client } = await leaderlessAgent({ 'X-Consul-Knownleader': 'false' });
    let error: ServiceDiscoveryError | undefined;
    void failure(client.health.service('a', { index: 5, waitMs: 600_000 })).then((reason) => (error = reason));
    await expect.poll(() => agent.seen.length).toBe(1);
    await pass(clock, () => error !== undefined);
    expect(error).toMatchObject({ code: 'NOT_READY' });
    expect(clock.now()).toBeLessThan(60_000);
  });
});

describe('several addresses', () => {
  test('the first is asked until it fails, then the one that works', async () => {
    const [first, second] = [await answering(), await answering()];
    const client = clientOf([first.address, second.address]);
    await client.status.leader();
    await client.status.leader();
    expect([first.seen.length, second.seen.length]).toEqual([2, 0]);
    await first.close();
    expect((await client.status.leader()).address).toBe(`http://${second.address}`);
    await client.status.leader();
    expect(second.seen.length).toBe(2);
    expect(client.addresses[0]).toBe(`http://${second.address}`);
  });

  test('one that failed is asked last for a while, and again when all others fail', async () => {
    const gone = await nobody();
    const clock = new FakeClock();
    const second = await answering();
    const client = clientOf([gone, second.address], { clock });
    await client.status.leader();
    expect(client.addresses).toEqual([`http://${second.address}`, `http://${gone}`]);
    await second.close();
    const error = await failure(client.status.leader());
    expect(error.message).toContain(gone);
    expect(error.message).toContain(second.address);
    expect((error.cause as AggregateError).errors).toHaveLength(2);
  });

  test.each<[string, (request: IncomingMessage, response: ServerResponse) => void]>([
    ['hangs up', (_, response) => void response.destroy()],
    ['has no leader', (_, response) => void response.writeHead(500).end('No cluster leader')],
    ['is a proxy without an agent', (_, response) => void response.writeHead(502).end('bad gateway')],
    ['does not answer', () => {}],
  ])('a read goes on when the first %s', async (_, serve) => {
    const [first, second] = [await fake(serve), await answering()];
    const client = clientOf([first.address, second.address]);
    expect((await client.status.leader({ timeoutMs: 1_000 })).address).toBe(`http://${second.address}`);
  });

  test.each([
    [403, 'Permission denied', 'PERMISSION_DENIED'],
    [500, 'No path to datacenter', 'UNAVAILABLE'],
  ])('a read does not go on from an answer that would be the same elsewhere: %i %s', async (status, text, code) => {
    const first = await fake((_, response) => response.writeHead(status).end(text));
    const second = await answering();
    const client = clientOf([first.address, second.address]);
    expect(await failure(client.status.leader())).toMatchObject({ code });
    expect(second.seen).toEqual([]);
  });

  test('a write goes on only when it cannot have been sent', async () => {
    const second = await answering();
    await clientOf([await nobody(), second.address]).kv.put('a', 'v');
    expect(second.seen).toEqual(['PUT /v1/kv/a']);
    const first = await fake((_, response) => void response.destroy());
    expect(await failure(clientOf([first.address, second.address]).kv.put('b', 'v'))).toMatchObject({
      code: 'UNAVAILABLE',
    });
    expect(second.seen).toHaveLength(1);
    expect(first.seen).toHaveLength(1);
  });

  test('an index is not taken to another address than the one it is from', async () => {
    const second = await answering();
    const [gone, there] = [await nobody(), `http://${second.address}`];
    const client = clientOf([gone, second.address]);
    await client.status.leader();
    await failure(client.kv.get('a', { index: 5, indexFrom: `http://${gone}`, waitMs: 1_000 }));
    await failure(client.kv.get('a', { index: 5, indexFrom: there, waitMs: 1_000 }));
    const other = clientOf([gone, second.address]);
    await failure(other.kv.get('b', { index: 5, waitMs: 1_000 }));
    expect(second.seen.slice(1)).toEqual(['GET /v1/kv/a', 'GET /v1/kv/a?index=5&wait=1000ms', 'GET /v1/kv/b']);
  });

  describe('what is an agent’s own', () => {
    const UNKNOWN = 'unknown service ID: a';

    test('stays with an agent whose servers have no leader, when other reads go on to the next one', async () => {
      const first = await fake((request, response) =>
        request.url?.startsWith('/v1/agent/checks')
          ? response.end('{}')
          : response.writeHead(500).end('No cluster leader'),
      );
      const second = await answering();
      const client = clientOf([first.address, second.address]);
      expect((await client.status.leader()).address).toBe(`http://${second.address}`);
      expect(await failure(client.agent.service('a'))).toMatchObject({ code: 'NOT_READY' });
      expect((await client.agent.checks()).address).toBe(`http://${first.address}`);
      expect((await client.status.leader()).address).toBe(`http://${second.address}`);
      expect(second.seen).toEqual(['GET /v1/status/leader', 'GET /v1/status/leader']);
    });

    test('stays with an agent that is slow but there', async () => {
      const first = await fake((request, response) => void (request.method === 'OPTIONS' && response.end()));
      const second = await fake((_, response) => response.writeHead(404).end(UNKNOWN));
      const clock = new FakeClock();
      const client = clientOf([first.address, second.address], { clock });
      for (let call = 1; call <= 2; call++) {
        const late = failure(client.agent.service('a', { timeoutMs: 5_000 }));
        await expect.poll(() => first.seen.filter((line) => line.startsWith('GET')).length).toBe(call);
        await clock.advance(5_000);
        expect(await late).toMatchObject({ code: 'TIMEOUT' });
        await expect
          .poll(() => first.seen.filter((line) => line.startsWith('OPTIONS')).length)
          .toBeGreaterThanOrEqual(call);
        await expect.poll(() => first.connections()).toBeGreaterThan(0);
      }
      expect(second.seen).toEqual([]);
    });

    test('goes on to the next address once a late one does not answer anything', async () => {
      const first = await fake(() => {});
      const second = await fake((_, response) => response.end('{}'));
      const clock = new FakeClock();
      const client = clientOf([first.address, second.address], { clock });
      const late = failure(client.agent.checks({ timeoutMs: 2_000 }));
      await expect.poll(() => first.seen.length).toBe(1);
      await clock.advance(2_000);
      expect(await late).toMatchObject({ code: 'TIMEOUT' });
      await expect.poll(() => first.seen.length).toBe(2);
      await clock.advance(defaults.peerProbeMs);
      expect((await client.agent.checks()).address).toBe(`http://${second.address}`);
    });

    test('goes on to the next address when one that took the call is found frozen', async () => {
      const first = await fake(() => {});
      const second = await fake((_, response) => response.end('{}'));
      const clock = new FakeClock();
      const client = clientOf([first.address, second.address], { clock });
      let address: string | undefined;
      void client.agent.checks({ timeoutMs: 60_000 }).then((answer) => (address = answer.address));
      let written: ServiceDiscoveryError | undefined;
      void failure(client.agent.deregister('a', { timeoutMs: 60_000 })).then((error) => (written = error));
      await expect.poll(() => first.seen.length).toBe(2);
      await pass(clock, () => address !== undefined && written !== undefined);
      expect(address).toBe(`http://${second.address}`);
      expect(written).toMatchObject({ code: 'UNAVAILABLE' });
      expect(clock.now()).toBeLessThan(20_000);
    });

    test('goes on at once when nobody is there', async () => {
      const second = await fake((_, response) => response.end('{}'));
      const client = clientOf([await nobody(), second.address]);
      expect((await client.agent.checks()).address).toBe(`http://${second.address}`);
      await client.agent.deregister('a');
      expect(second.seen).toEqual(['GET /v1/agent/checks', 'PUT /v1/agent/service/deregister/a']);
    });

    test('is asked again at the same address when a kept connection was closed meanwhile', async () => {
      const first = await fake((_, response, nth) => (nth === 2 ? response.destroy() : response.end('{}')));
      const second = await fake((_, response) => response.end('{}'));
      const client = clientOf([first.address, second.address]);
      await client.agent.checks();
      expect((await client.agent.checks()).address).toBe(`http://${first.address}`);
      expect((await client.agent.checks()).address).toBe(`http://${first.address}`);
      expect(second.seen).toEqual([]);
    });
  });

  test('an agent that is not there', async () => {
    const error = await failure(clientOf(await nobody()).status.leader());
    expect(error).toMatchObject({ code: 'UNAVAILABLE', message: expect.stringContaining('connection refused') });
  });

  test('a read whose kept connection was closed meanwhile goes out once more', async () => {
    const { address, seen } = await fake((_, response, nth) => (nth === 2 ? response.destroy() : response.end(LEADER)));
    const client = clientOf(address);
    await client.status.leader();
    await client.status.leader();
    expect(seen).toHaveLength(3);
  });
});

test('a held read whose agent went away meanwhile, perhaps to start again, begins at 0', async () => {
  const { address, seen } = await fake((_, response, nth) => (nth === 1 ? response.destroy() : response.end('[]')));
  await clientOf(address).catalog.nodes({ index: 7, waitMs: 1_000 });
  expect(seen).toEqual(['GET /v1/catalog/nodes?index=7&wait=1000ms', 'GET /v1/catalog/nodes']);
});

test.each([
  [{ index: 1.5 }, /index must be a whole number/],
  [{ index: 1, waitMs: -1 }, /waitMs must be/],
])('%j is refused, and is no fault of the address', async (options, says) => {
  const { address, seen } = await answering();
  const client = clientOf([address, await nobody()]);
  expect(await failure(client.catalog.nodes({ timeoutMs: 1_000, ...options }))).toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringMatching(says),
  });
  expect(seen).toEqual([]);
  expect(client.addresses[0]).toBe(`http://${address}`);
});

describe('connections', () => {
  test('are kept, and as many as allowed', async () => {
    const waiting: ServerResponse[] = [];
    const server = await fake((request, response) => {
      if (request.url?.includes('index')) waiting.push(response);
      else response.end('[]');
    });
    const client = clientOf(server.address, { maxConnections: 5 });
    const held = Array.from({ length: 8 }, () => client.catalog.nodes({ index: 3 }));
    await expect.poll(() => waiting.length).toBe(4);
    for (let i = 0; i < 20; i++) await client.catalog.nodes();
    expect(waiting.length).toBe(4);
    expect(server.connections()).toBe(5);
    const drain = setInterval(() => waiting.splice(0).forEach((response) => response.end('[]')), 5);
    await Promise.all(held);
    clearInterval(drain);
  });

  test('reads to be held that are more than they take turns, and none is forgotten', async () => {
    const waits: number[] = [];
    const server = await fake((request, response) => {
      const { searchParams } = new URL(request.url ?? '', 'http://agent');
      waits.push(Number.parseInt(searchParams.get('wait') ?? '', 10));
      setTimeout(() => response.end('[]'), 5);
    });
    const client = clientOf(server.address, { maxConnections: 5 });
    const answered = await Promise.all(
      Array.from({ length: 40 }, () => client.catalog.nodes({ index: 3, waitMs: 60_000 })),
    );
    expect(answered).toHaveLength(40);
    expect(waits.filter((wait) => wait === 60_000).length).toBeLessThanOrEqual(6);
    expect(Math.min(...waits)).toBe((defaults.heldRoundMs * 4) / 40);
  });

  test.each([
    ['an agent of ours on this machine', true, {}, 200],
    ['a Consul', false, {}, 128],
    ['an agent of ours, but the number was given', true, { maxConnections: 50 }, 40],
  ] as const)('of 200 reads to be held, %s is given its number', async (_who, isOurs, options, most) => {
    const waiting: ServerResponse[] = [];
    const server = await fake((request, response) => {
      if (isOurs) response.setHeader('X-Discovery-Index-Space', 'space');
      if (request.url?.includes('index')) waiting.push(response);
      else response.end('[]');
    });
    const client = clientOf(server.address, options);
    await client.catalog.nodes();
    const held = Promise.allSettled(Array.from({ length: 200 }, () => client.catalog.nodes({ index: 3 })));
    await expect.poll(() => waiting.length).toBe(most);
    await client.catalog.nodes();
    expect(waiting.length).toBe(most);
    await client.close();
    expect((await held).every(({ status }) => status === 'rejected')).toBe(true);
  });

  test('end with the client, and so does what is under way', async () => {
    const server = await fake(() => {});
    const client = clientOf(server.address);
    const call = failure(client.status.leader());
    await expect.poll(() => server.seen.length).toBe(1);
    await client.close();
    await client.close();
    expect(await call).toMatchObject({ code: 'CLOSED' });
    expect(await failure(client.status.leader())).toMatchObject({ code: 'CLOSED' });
    await expect.poll(() => server.connections()).toBe(0);
  });
});

describe('streams', () => {
  test('begin within the time, then take theirs; the signal ends them', async () => {
    let out: ServerResponse | undefined;
    const { address } = await fake((_, response) => {
      out = response;
      response.write('first\n');
    });
    const stop = new AbortController();
    const { value } = await clientOf(address).agent.monitor({ timeoutMs: 500, signal: stop.signal });
    const [first] = (await once(value, 'data')) as [Buffer];
    expect(first.toString()).toBe('first\n');
    out?.write('second\n');
    const [second] = (await once(value, 'data')) as [Buffer];
    expect(second.toString()).toBe('second\n');
    const ended = once(value, 'close').catch((error: unknown) => error);
    stop.abort();
    expect(await ended).toMatchObject({ code: 'ABORTED' });
  });

  test('that break off say so to whoever reads them, and harm nobody else', async () => {
    const { address } = await fake((_, response) => {
      response.write('first\n', () => setImmediate(() => response.destroy()));
    });
    const { value: unread } = await clientOf(address).agent.monitor();
    const { value: read } = await clientOf(address).agent.monitor();
    expect(await failure(buffer(read))).toMatchObject({ code: 'UNAVAILABLE' });
    unread.resume();
    await expect.poll(() => unread.destroyed).toBe(true);
  });

  test('end with whoever lets go of them', async () => {
    let ended = false;
    const { address } = await fake((request, response) => {
      request.socket.once('end', () => (ended = true));
      response.write('first\n');
    });
    const { value } = await clientOf(address).agent.monitor();
    for await (const line of value) {
      expect(String(line)).toBe('first\n');
      break;
    }
    await expect.poll(() => ended).toBe(true);
  });

  test('a refusal is the agent’s', async () => {
    const { address } = await fake((_, response) => response.writeHead(400).end('Unknown log level: x'));
    expect(await failure(clientOf(address).agent.monitor({ logLevel: 'x' }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'Unknown log level: x',
    });
  });

  test('a body that streams is sent once', async () => {
    const gone = await nobody();
    const { address, seen } = await answering();
    expect(await failure(clientOf([gone, address]).snapshot.restore(archive()))).toMatchObject({ code: 'UNAVAILABLE' });
    await clientOf(address).snapshot.restore(archive());
    expect(seen).toEqual(['PUT /v1/snapshot']);
  });
});

describe('secrets', () => {
  test('are sent, and in no error even if the server repeats them', async () => {
    const { address } = await fake((request, response) => {
      const { authorization, 'x-consul-token': token } = request.headers;
      response.writeHead(400).end(`got ${String(token)} and ${String(authorization)}`);
    });
    const client = clientOf(address, { token: 'hush-own', auth: 'me:hush' });
    for (const call of [client.status.leader(), client.status.leader({ token: 'hush-given' })]) {
      const error = await failure(call);
      expect(error.message).toContain('got');
      expect(JSON.stringify([error, error.message, error.details])).not.toMatch(/hush|bWU6aHVzaA/);
    }
  });

  test('a token that no header can hold is refused without it', async () => {
    const error = await failure(clientOf('127.0.0.1:1', { token: 'hush\r\nX: y' }).status.leader());
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', message: 'token must be visible ASCII without spaces' });
  });
});

test.each([
  ['', /service must not be empty/],
  ['a//b', /service must not begin with/],
  ['../x', /service must not begin with/],
  ['.', /service must not begin with/],
  ['a\u0000b', /service must not hold control characters/],
  ['\ud800', /service must be well-formed Unicode/],
])('a name that no path can hold, %j, is refused', async (service, says) => {
  const error = await failure(clientOf('127.0.0.1:1').health.service(service));
  expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(says) });
});
