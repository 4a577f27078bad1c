import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRegistry } from '../registry/index.js';
import type { Registry } from '../registry/index.js';
import { ApiWorld } from '../testing/api-world.js';
import type { Answered } from '../testing/api-world.js';

/** The families over a real registry in memory. */
let registry: Registry;
let world: ApiWorld;

beforeAll(async () => {
  registry = await createRegistry({ node: { name: 'n1' } });
  world = await ApiWorld.start({ handle: { catalog: registry.catalog, registry } });
});
afterAll(async () => {
  await world.close();
  await registry.close();
});

const get = (path: string) => world.ask(`/v1/${path}`);
const put = (path: string, body: string | Buffer | object = '') =>
  world.ask(`/v1/${path}`, {
    method: 'PUT',
    body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
  });
const remove = (path: string) => world.ask(`/v1/${path}`, { method: 'DELETE' });
const index = (answer: Answered) => Number(answer.headers['x-consul-index']);

const txn = (operations: unknown) => put('txn', JSON.stringify(operations));

describe('kv', () => {
  test('flags keep 64 bits, values any bytes', async () => {
    const value = Buffer.from([0, 255, 254, 128, 10]);
    expect((await put('kv/bits?flags=18446744073709551615', value)).text).toBe('true');
    const read = await get('kv/bits');
    expect(read.text).toContain('"Flags":18446744073709551615,');
    expect((await get('kv/bits?pretty')).text).toContain('"Flags": 18446744073709551615,');
    expect(read.text).toContain(`"Value":"${value.toString('base64')}"`);
    const raw = await get('kv/bits?raw');
    expect(raw.body.equals(value)).toBe(true);
    expect(raw.headers).toMatchObject({
      'content-type': 'text/plain',
      'x-content-type-options': 'nosniff',
      'content-security-policy': 'sandbox',
    });
  });

  test('keys are bytes, and names that mean something to JavaScript are keys', async () => {
    for (const path of ['__proto__', 'a%2Fb', '%FF%FE', 'gr%C3%BC%C3%9Fe', 'constructor/', 'a+b', '%2E%2E']) {
      const answer = await put(`kv/odd/${path}`, path);
      if (path === '%2E%2E') expect(answer.status).toBe(301);
      else expect((await get(`kv/odd/${path}?raw`)).text).toBe(path);
    }
    const keys = (await get('kv/odd/?keys')).json();
    expect(keys).toEqual(['odd/__proto__', 'odd/a+b', 'odd/a/b', 'odd/constructor/', 'odd/grüße', 'odd/\ufffd\ufffd']);
    expect((await get('kv/odd/?keys&separator=/')).json()).toContain('odd/a/');
    expect((await get('kv/odd/gr?keys&separator=%C3%BC')).json()).toEqual(['odd/grü']);
  });

  const refusals: readonly [string, string, number, string][] = [
    ['PUT', 'kv/a?cas=1&acquire=x', 400, 'Conflicting flags: acquire=x&cas=1'],
    ['DELETE', 'kv/a?recurse&cas=1', 400, 'Conflicting flags: cas=1&recurse='],
    ['PUT', 'kv/a?flags=', 500, 'strconv.ParseUint: parsing "": invalid syntax'],
    ['PUT', 'kv/a?cas=1e3', 500, 'strconv.ParseUint: parsing "1e3": invalid syntax'],
    [
      'PUT',
      'kv/a?cas=18446744073709551616',
      500,
      'strconv.ParseUint: parsing "18446744073709551616": value out of range',
    ],
    ['GET', 'kv/', 400, 'Missing key name'],
    ['PUT', 'kv/?dc=nope', 500, 'No path to datacenter'],
  ];
  test.each(refusals)('%s %s', async (method, path, status, text) => {
    const answer = await world.ask(`/v1/${path}`, { method });
    expect([answer.status, answer.text]).toEqual([status, text]);
  });

  test('a check registered alone has an ID, one inside a service a CheckID', async () => {
    const alone = await world.ask('/v1/agent/check/register', {
      method: 'PUT',
      body: '{"CheckID":"c","Name":"c","TTL":"30s"}',
    });
    expect([alone.status, alone.text]).toEqual([400, 'Request decode failed: json: unknown field "CheckID"']);
    const body = '{"Name":"with-check","Check":{"CheckID":"c","TTL":"30s"}}';
    expect((await world.ask('/v1/agent/service/register', { method: 'PUT', body })).status).toBe(200);
    await world.ask('/v1/agent/service/deregister/with-check', { method: 'PUT' });
  });

  test('a missing key is 404 without a body, with an index; a list of nothing too, but for the root', async () => {
    for (const path of ['kv/none', 'kv/none/?recurse', 'kv/none/?keys']) {
      const answer = await get(path);
      expect([answer.status, answer.text, index(answer) > 0]).toEqual([404, '', true]);
    }
    expect((await get('kv/?keys')).status).toBe(200);
  });

  test('deleting with cas', async () => {
    await put('kv/d', '1');
    expect((await remove('kv/d?cas=0')).text).toBe('false');
    expect((await remove('kv/d?cas=1')).text).toBe('false');
    expect((await remove('kv/none?cas=1')).text).toBe('true');
    const [{ ModifyIndex = 0 } = {}] = (await get('kv/d')).json() as { ModifyIndex?: number }[];
    expect((await remove(`kv/d?cas=${ModifyIndex}`)).text).toBe('true');
    expect((await get('kv/d')).status).toBe(404);
  });

  test('a waiter on a key wakes for that key only, one on a prefix for all under it', async () => {
    await put('kv/w/a', '1');
    const at = index(await get('kv/w/a'));
    const single = get(`kv/w/a?index=${at}&wait=10s`);
    const list = get(`kv/w/?recurse&index=${index(await get('kv/w/?recurse'))}&wait=10s`);
    await put('kv/w/b', '2');
    expect((await list).json()).toHaveLength(2);
    await put('kv/w/a', '3');
    expect((await single).json()).toMatchObject([{ Key: 'w/a', Value: 'Mw==' }]);
  });
});

describe('transactions', () => {
  test('reads alone carry the state of the leader, writes do not', async () => {
    const wrote = await txn([{ KV: { Verb: 'set', Key: 't/a', Value: 'YQ==', Flags: 3 } }]);
    expect(wrote.json()).toMatchObject({ Results: [{ KV: { Key: 't/a', Value: null, Flags: 3 } }], Errors: null });
    expect(wrote.headers['x-consul-knownleader']).toBeUndefined();
    const read = await txn([{ KV: { Verb: 'get', Key: 't/a' } }]);
    expect(read.json()).toMatchObject({ Results: [{ KV: { Value: 'YQ==' } }], LastContact: 0, KnownLeader: true });
    expect(read.headers['x-consul-knownleader']).toBe('true');
  });

  test('failure is 409 with every failing operation, and nothing is done', async () => {
    const answer = await txn([
      { KV: { Verb: 'set', Key: 't/b', Value: '' } },
      { KV: { Verb: 'get', Key: 't/none' } },
      { KV: { Verb: 'poke', Key: 't/a' } },
    ]);
    expect(answer.status).toBe(409);
    expect(answer.json()).toMatchObject({
      Results: null,
      Errors: [{ OpIndex: 1 }, { OpIndex: 2, What: 'unknown KV verb "poke"' }],
    });
    expect((await get('kv/t/b')).status).toBe(404);
  });

  const refusals: readonly [string, string][] = [
    ['', 'Failed to parse body: EOF'],
    ['{}', 'Failed to parse body: json: cannot unmarshal object into Go value of type []struct'],
    ['[{"KV":{"Verb":"set","Key":"a","Value":"!!!"}}]', 'Failed to parse body: illegal base64 data at input byte 0'],
    ['[{"KV":{"Verb":"set","Key":"a","Value":"YQ"}}]', 'Failed to parse body: illegal base64 data at input byte 2'],
    ['[{"KV":{"Bogus":1}}]', 'Failed to parse body: json: unknown field "Bogus"'],
  ];
  test.each(refusals)('%s', async (body, text) => {
    const answer = await put('txn', body);
    expect([answer.status, answer.text]).toEqual([400, text]);
  });

  test('too many operations, too many bytes', async () => {
    const many = await txn(Array.from({ length: 129 }, () => ({ KV: { Verb: 'get', Key: 'a' } })));
    expect([many.status, many.text]).toEqual([413, 'Transaction contains too many operations (129 > 128)']);
    expect((await put('txn', ' '.repeat(512 * 1024 + 1))).status).toBe(413);
    expect((await txn([{}])).json()).toMatchObject({ Results: [], Errors: null });
  });
});

describe('sessions and events', () => {
  test('a session with no body, and with fields nobody knows', async () => {
    const { ID } = (await put('session/create')).json() as { ID: string };
    expect((await get(`session/info/${ID}`)).json()).toMatchObject([
      { ID, Node: 'n1', LockDelay: 15e9, ServiceChecks: null },
    ]);
    expect((await put('session/create', { Bogus: 1, LockDelay: '0s' })).status).toBe(200);
    expect((await put(`session/destroy/${ID}`)).text).toBe('true');
    expect((await get(`session/info/${ID}`)).json()).toEqual([]);
    const renewed = await put(`session/renew/${ID}`);
    expect([renewed.status, renewed.text]).toEqual([404, `Session id '${ID}' not found`]);
    expect((await get('session/info/nope')).text).toBe(
      'failed session lookup: index error: UUID must be 36 characters',
    );
  });

  test('the index of events is a hash of the newest: only that exact one waits', async () => {
    expect(index(await get('event/list?name=e'))).toBe(1);
    const fired = (await put('event/fire/e', 'payload')).json() as { ID: string };
    expect(fired).toMatchObject({
      Name: 'e',
      Payload: Buffer.from('payload').toString('base64'),
      LTime: 0,
      Version: 1,
    });
    const listed = await get('event/list?name=e');
    const hex = fired.ID.replaceAll('-', '');
    expect(listed.headers['x-consul-index']).toBe(
      String(BigInt(`0x${hex.slice(0, 16)}`) ^ BigInt(`0x${hex.slice(16)}`)),
    );
    expect((await get('event/list?name=e&index=7&wait=10s')).json()).toHaveLength(1);
    const waiting = get(`event/list?name=e&index=${String(listed.headers['x-consul-index'])}&wait=10s`);
    await put('event/fire/e', 'more');
    expect((await waiting).json()).toHaveLength(2);
  });
});

describe('the agent', () => {
  test('one service waits by its hash', async () => {
    await put('agent/service/register', { Name: 'h', Port: 1, Meta: { a: 'b' } });
    const first = await get('agent/service/h');
    const hash = String(first.headers['x-consul-contenthash']);
    expect(first.json()).toMatchObject({ ContentHash: hash, Port: 1, Tags: [] });
    const waiting = get(`agent/service/h?hash=${hash}&wait=10s`);
    await put('agent/service/register', { Name: 'h', Port: 2 });
    expect((await waiting).json()).toMatchObject({ Port: 2, Meta: {} });
    const { headers } = await get('agent/service/h');
    const gone = get(`agent/service/h?hash=${String(headers['x-consul-contenthash'])}&wait=10s`);
    await put('agent/service/deregister/h');
    expect(await gone).toMatchObject({ status: 404, text: 'unknown service ID: h' });
  });

  test('health as a status code', async () => {
    await put('agent/service/register', { Name: 'hs', Check: { TTL: '60s' } });
    const health = await get('agent/health/service/id/hs');
    expect([health.status, health.headers['x-consul-reason']]).toEqual([503, 'critical']);
    await put('agent/check/warn/service:hs');
    expect((await get('agent/health/service/name/hs?format=text')).status).toBe(429);
    await put('agent/check/pass/service:hs');
    expect((await get('agent/health/service/id/hs')).json()).toMatchObject({
      AggregatedStatus: 'passing',
      Checks: [{ CheckID: 'service:hs', Type: '' }],
    });
    const odd = await get('agent/health/service/id/%C3%BC%E2%80%A8x');
    expect([odd.status, odd.headers['x-consul-reason']]).toEqual([404, 'ServiceId ??x not found']);
    await put('agent/service/deregister/hs');
  });

  test('flips of a check are kept', async () => {
    await put('agent/check/register', { Name: 'flip', TTL: '60s' });
    await put('agent/check/pass/flip?note=up');
    expect((await get('internal/health-history/flip')).json()).toMatchObject({
      Node: 'n1',
      CheckID: 'flip',
      Changes: [{ From: 'critical', To: 'passing', Output: 'up' }],
    });
    await put('agent/check/deregister/flip');
  });
});

describe('whatever is sent', () => {
  test('no request is answered with an internal error, and none ends the server', async () => {
    const paths = Object.keys(((await get('openapi.json')).json() as { paths: object }).paths).filter(
      (path) => !/monitor|watch|snapshot|agent\/leave/.test(path),
    );
    const piece = fc.oneof(
      fc.constantFrom('__proto__', 'n1', '%00', '%FF', '..', 'x'.repeat(300), ''),
      fc.string({ unit: 'binary', maxLength: 6 }).map((text) => encodeURIComponent(Buffer.from(text).toString())),
    );
    const parameter = fc.tuple(
      fc.constantFrom(
        'filter',
        'index',
        'passing',
        'tag',
        'node-meta',
        'near',
        'cas',
        'flags',
        'keys',
        'recurse',
        'enable',
        'hash',
        'limit',
        'dc',
        'wait',
      ),
      fc.oneof(piece, fc.constantFrom('1', 'true', 'a==b', '1ms')),
    );
    const request = fc.record({
      method: fc.constantFrom('GET', 'PUT', 'POST', 'DELETE', 'OPTIONS', 'PATCH'),
      path: fc.constantFrom(...paths),
      piece,
      parameters: fc.array(parameter, { maxLength: 3 }),
      body: fc.oneof(
        fc.constant(''),
        fc.json({ maxDepth: 3 }),
        fc.string({ maxLength: 20 }),
        fc.constant('{"Name":"f","ID":"f"}'),
      ),
    });
    await fc.assert(
      fc.asyncProperty(request, async ({ method, path, piece, parameters, body }) => {
        // Bounded, so that a query that blocks does not hold the test.
        const query = [...parameters, ['wait', '1ms']].map((pair) => pair.join('=')).join('&');
        const answer = await world.ask(`${path.replace(/\{.*?\}/, piece)}?${query}`, { method, body });
        expect(answer.text).not.toBe('internal error');
      }),
      { numRuns: 600 },
    );
    expect((await get('agent/self')).status).toBe(200);
  }, 60_000);
});

describe('search over all services', () => {
  test('by metadata, with private keys neither found nor shown', async () => {
    const own = await ApiWorld.start({
      handle: { catalog: registry.catalog, registry },
      dependencies: { isPrivateKey: (key) => key === 'secret' },
    });
    await put('agent/service/register', { Name: 'sa', Meta: { version: '1.2.0', secret: 'x' } });
    await put('agent/service/register', { Name: 'sb', Meta: { version: '2.0.0' } });
    const search = async (filter: string) =>
      (await own.ask(`/v1/internal/search?filter=${encodeURIComponent(filter)}`)).json() as {
        Service: { Meta: object };
      }[];
    const found = await search('Service.Meta.version == "1.2.0"');
    expect(found.map((item) => item.Service.Meta)).toEqual([{ version: '1.2.0' }]);
    expect((await own.ask('/v1/internal/search?filter=Service.Meta.secret==x')).status).toBe(403);
    const explained = await own.ask('/v1/internal/search?explain&filter=Service.Meta.version=="1.2.0"');
    expect(explained.json()).toMatchObject({ Plan: 'index', Results: 1 });
    expect((await own.ask('/v1/internal/search?filter=%3D%3D')).status).toBe(500);
    await put('agent/service/deregister/sa');
    await put('agent/service/deregister/sb');
    await own.close();
  });
});
