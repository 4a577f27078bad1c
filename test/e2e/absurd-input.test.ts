/** Numbers, texts and bodies that make no sense: refused or taken at their word, at once, by an agent that goes on. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../../src/testing/seeded-random.js';
import { startAgent, type AgentProcess } from '../support/agent.js';
import { http, httpJson, type HttpAnswer } from '../support/http.js';

let agent: AgentProcess;
const enc = encodeURIComponent;

beforeAll(async () => {
  agent = await startAgent({ config: { enable_script_checks: false } });
  for (let i = 0; i < 200; i++) {
    await httpJson(agent.origin, 'PUT /v1/agent/service/register', {
      ID: `web-${i}`,
      Name: 'web',
      Port: i,
      Meta: { long: 'a'.repeat(500), key: `${i}` },
    });
  }
});
afterAll(async () => {
  expect(await httpJson(agent.origin, 'GET /v1/status/leader')).toBe('127.0.0.1:8300');
  expect(agent.rssBytes()).toBeLessThan(600e6);
  expect(await agent.stop()).toEqual({ code: 0, signal: null });
  expect(agent.log()).toBe('');
});

/** The answer, which must not take long. */
async function soon(line: string, body?: unknown, withinMs = 3_000): Promise<HttpAnswer> {
  const began = performance.now();
  const answer = await http(agent.origin, line, body);
  expect(performance.now() - began, `${line.slice(0, 100)}: ${answer.status}`).toBeLessThan(withinMs);
  return answer;
}

describe('numbers', () => {
  test.each<[string, number]>([
    ['GET /v1/health/service/web?index=-1', 400],
    ['GET /v1/health/service/web?index=1e9', 400],
    ['GET /v1/health/service/web?index=18446744073709551616', 400],
    ['GET /v1/health/service/web?index=18446744073709551615&wait=10ms', 200],
    ['GET /v1/health/service/web?index=9007199254740993&wait=10ms', 200],
    ['GET /v1/health/service/web?index=1&wait=1000000h', 200],
    ['GET /v1/health/service/web?index=99999&wait=-1s', 200],
    ['GET /v1/health/service/web?index=99999&wait=5', 400],
    ['GET /v1/health/service/web?index=99999&wait=99999999999999999999h', 400],
    ['GET /v1/health/service/web?max_stale=-1s', 200],
    ['GET /v1/health/service/web?passing=maybe', 400],
    ['PUT /v1/kv/n?cas=-1', 500],
    ['PUT /v1/kv/n?cas=18446744073709551615', 200],
    ['PUT /v1/kv/n?cas=x', 500],
    ['PUT /v1/kv/n?flags=-1', 500],
    ['PUT /v1/kv/n?flags=18446744073709551616', 500],
    ['DELETE /v1/kv/n?cas=-1', 500],
    ['PUT /v1/kv/n?flags=18446744073709551615', 200],
  ])('%s: %i', async (line, status) => {
    expect((await soon(line, line.startsWith('PUT') ? 'v' : undefined)).status).toBe(status);
  });

  test('flags of 64 bits keep every bit', async () => {
    expect((await http(agent.origin, 'GET /v1/kv/n')).text).toContain('"Flags":18446744073709551615,');
  });

  test.each([
    { TTL: '1e400s' },
    { TTL: 1e300 },
    { TTL: '999999999h' },
    { TCP: '127.0.0.1:1', Interval: -1 },
    { TCP: '127.0.0.1:1', Interval: '-1s' },
    { HTTP: 'http://127.0.0.1:1', Interval: '1s', Timeout: 'soon' },
    { TTL: '1h', SuccessBeforePassing: 1.5 },
    { TTL: '1h', OutputMaxSize: -1 },
    { TTL: '1h', Status: 'fine' },
  ])('a check of %j is refused', async (check) => {
    const answer = await soon('PUT /v1/agent/service/register', { Name: 'bad', Check: check });
    expect([answer.status, answer.text.length > 5]).toEqual([400, true]);
    expect(await httpJson(agent.origin, 'GET /v1/catalog/service/bad')).toEqual([]);
  });

  test('a TTL of a month is no TTL of a moment', async () => {
    const Check = { CheckID: 'month', TTL: '720h', Status: 'passing' };
    await httpJson(agent.origin, 'PUT /v1/agent/service/register', { Name: 'patient', Check });
    await new Promise((resolve) => setTimeout(resolve, 100));
    const checks = await httpJson<{ month: { Status: string } }>(agent.origin, 'GET /v1/agent/checks');
    expect(checks.month.Status).toBe('passing');
  });
});

describe('bodies', () => {
  const writers = [
    'PUT /v1/agent/service/register',
    'PUT /v1/agent/check/register',
    'PUT /v1/agent/check/update/x',
    'PUT /v1/catalog/register',
    'PUT /v1/catalog/deregister',
    'PUT /v1/session/create',
    'PUT /v1/txn',
    'POST /v1/query',
    'PUT /v1/coordinate/update',
    'PUT /v1/operator/autopilot/configuration',
    'PUT /v1/snapshot',
  ];
  const bodies: readonly (readonly [string, string | Buffer])[] = [
    ['100,000 brackets', '['.repeat(100_000)],
    ['100,000 closed brackets', '['.repeat(100_000) + ']'.repeat(100_000)],
    ['100,000 objects in each other', '{"Meta":'.repeat(100_000)],
    ['closed objects in each other', `${'{"Proxy":{"Config":'.repeat(20_000)}1${'}}'.repeat(20_000)}`],
    [
      'deep in a field that takes anything',
      `{"Name":"deep","Proxy":{"Config":${'{"a":'.repeat(30_000)}1${'}'.repeat(30_000)}}}`,
    ],
    ['no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])],
    ['UTF-16', Buffer.from('{"Name":"x"}', 'utf16le')],
    ['nothing', ''],
    ['null', 'null'],
    ['a number', '1e400'],
    ['a list of null', '[null]'],
    ['an unfinished string', '{"Name":"'],
    ['a comment', '{/**/}'],
    ['an open escape', '{"Name":"\\ud83'],
    ['100,000 fields', `{${Array.from({ length: 100_000 }, (_, i) => `"k${i}":1`).join(',')}}`.slice(0, 1_000_000)],
  ];
  test.each(bodies)('%s', async (_, body) => {
    for (const writer of writers) {
      const { status, text } = await soon(writer, body);
      expect(text, writer).not.toBe('internal error');
      expect([200, 400, 404, 409, 413, 500], `${writer}: ${status} ${text.slice(0, 100)}`).toContain(status);
    }
  });

  test('of a name given twice the last one counts, whatever its case', async () => {
    await httpJson(agent.origin, 'PUT /v1/agent/service/register', '{"Name":"first","name":"second","NAME":"third"}');
    expect(await httpJson<object[]>(agent.origin, 'GET /v1/catalog/service/third')).toHaveLength(1);
    expect(await httpJson(agent.origin, 'GET /v1/catalog/service/first')).toEqual([]);
  });

  test('registrations of absurd size are refused without a trace', async () => {
    const huge = 'x'.repeat(100_000);
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        http(agent.origin, 'PUT /v1/agent/service/register', { Name: `huge${i}`, Meta: { huge }, Tags: [huge] }),
      ),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([400]));
  });
});

describe('filters and expressions', () => {
  const deep = 5_000;
  test.each([
    ['1 MB in a URL', 'x'.repeat(1_000_000), 431],
    ['long', `Node.Node == "${'x'.repeat(10_000)}"`, 500],
    ['many parentheses', `${'('.repeat(deep)}Node.Node == x${')'.repeat(deep)}`, 500],
    ['many nots', `${'not '.repeat(2_000)}Node.Node == x`, 500],
    ['many ors', Array.from({ length: 400 }, () => 'Node.Node == x').join(' or '), 200],
    ['an expression that backtracks elsewhere', 'Service.Meta.long matches "^(a+)+$x"', 200],
    ['another one', 'Service.Meta.long matches "(a|aa)*b"', 200],
    ['nested repeats', `Service.Meta.long matches "${'('.repeat(30)}a*${')*'.repeat(30)}b"`, 200],
    ['a bomb of counts', 'Service.Meta.long matches "((((a{1,100}){1,100}){1,100}){1,100})"', 500],
    ['no expression', 'Service.Meta.long matches "("', 500],
    ['back references', 'Service.Meta.long matches "(a)\\\\1"', 500],
  ])('%s', async (_, filter, status) => {
    const answer = await soon(`GET /v1/health/service/web?filter=${enc(filter)}`);
    expect(answer.status, answer.text.slice(0, 200)).toBe(status);
  });

  test('in events and prepared queries too', async () => {
    await httpJson(agent.origin, 'PUT /v1/event/fire/x?service=(a%2B)%2B%24', 'payload');
    for (const filter of ['node=(', `service=web&tag=${enc('(a{1,1000}){1,1000}')}`, 'service=[']) {
      expect([200, 400, 500]).toContain((await soon(`PUT /v1/event/fire/x?${filter}`)).status);
    }
    const Template = { Type: 'name_prefix_match', Regexp: '^(a+)+$' };
    const query = { Name: 'aaaa', Template, Service: { Service: '${match(0)}' } };
    expect((await soon('POST /v1/query', query)).status).toBe(200);
    expect((await soon(`GET /v1/query/${'a'.repeat(2_000)}!/execute`)).text).not.toBe('internal error');
    const bomb = '${name.full}'.repeat(5_000);
    const large = { Name: 'bomb', Template: { Type: 'name_prefix_match' }, Service: { Service: bomb } };
    expect((await soon('POST /v1/query', large)).status).toBe(200);
    const rendered = await soon(`GET /v1/query/bomb${'b'.repeat(2_000)}/execute`);
    expect([rendered.status, rendered.text.length < 10_000]).toEqual([500, true]);
  });
});

test('anything anywhere: no answer is an internal error', async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const random = seededRandom(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random.next() * from.length)] as T;
  const document = await httpJson<{
    paths: Record<string, Record<string, { parameters?: { name: string; in: string }[] }>>;
  }>(agent.origin, 'GET /v1/openapi.json');
  const values = [
    '',
    '0',
    '-1',
    '1e9',
    '%zz',
    '%00',
    '%ff',
    '__proto__',
    '../..',
    'true',
    '10ms',
    'web',
    '(',
    enc('a == b'),
    enc('🙂'),
  ];
  const names = ['web', '__proto__', '', 'a/b', '..', '\u0000', '\ud800', '🙂', 'x'.repeat(3_000), '0', 'web-1'];
  const leaves = [null, true, -1, 1.5, 2 ** 60, '', '10s', '-5s', [], {}, [null], { a: [] }, ...names];
  const fields =
    'Name ID Node Address Service Check Checks TTL Interval HTTP TCP GRPC Args AliasService Tags Meta Port Weights TaggedAddresses KV Verb Key Value Flags Session Behavior Template Regexp Type DNS Failover Proxy Connect Status Output Definition __proto__'.split(
      ' ',
    );
  const body = (depth: number): unknown =>
    depth === 0 || random.next() < 0.3
      ? pick(leaves)
      : random.next() < 0.2
        ? [body(depth - 1), body(depth - 1)]
        : Object.fromEntries(Array.from({ length: 4 }, () => [pick(fields), body(depth - 1)]));
  const stays = /agent\/(leave|monitor)|watch\/service/;
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(() => !stays.test(path))
      .map(([method, { parameters = [] }]) => ({ path, method: method.toUpperCase(), parameters })),
  );
  expect(operations.length).toBeGreaterThan(80);

  const one = async (): Promise<void> => {
    const { path, method, parameters } = pick(operations);
    const asked = parameters.filter((parameter) => parameter.in === 'query' && random.next() < 0.2);
    const query = [...asked.map(({ name }) => `${name}=${pick(values)}`), 'wait=5ms'].join('&');
    const filled = path.replace(/\{[^}]*\}/g, () =>
      random.next() < 0.8 ? enc(pick(names).replace('\ud800', '')) : pick(values),
    );
    const sent = method === 'GET' ? undefined : JSON.stringify(body(4));
    const { status, text } = await http(agent.origin, `${method} ${filled}?${query}`, sent);
    expect(text, `seed ${seed}: ${method} ${filled}?${query} ${sent?.slice(0, 500)}`).not.toBe('internal error');
    expect(status).toBeLessThan(504);
  };
  const until = performance.now() + 4_000;
  const client = async (): Promise<void> => {
    while (performance.now() < until) await one();
  };
  await Promise.all(Array.from({ length: 6 }, client));
}, 20_000);
