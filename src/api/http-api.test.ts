import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ServiceDiscoveryError } from '../model/index.js';
import { ApiWorld } from '../testing/api-world.js';
import { checkRow, nodeRow, serviceRow } from '../testing/catalog-world.js';

/** What every endpoint does alike (docs/contract.md section 1.1 to 1.5), over real sockets. */
let world: ApiWorld;
const registered: unknown[] = [];

beforeAll(async () => {
  world = await ApiWorld.start({
    rows: [nodeRow('n1'), serviceRow('n1', 'web-1', { service: 'web', tags: ['v1'] }), checkRow('n1', 'serfHealth')],
    commands: {
      registerCatalog: async (body) => void registered.push(body),
      registerService: async () => {
        throw new Error('a bug');
      },
      deregisterService: async () => {
        throw new ServiceDiscoveryError('NOT_FOUND', 'Unknown service ID "x".');
      },
      updateTtl: async () => {
        throw new ServiceDiscoveryError('INVALID_ARGUMENT', 'no TTL', { details: { status: 500 } });
      },
    },
    settings: { responseHeaders: { 'X-Extra': 'yes' }, kvMaxValueBytes: 1000 },
  });
});
afterAll(() => world.close());

const put = (body: string, headers: Record<string, string> = {}) =>
  world.ask('/v1/catalog/register', { method: 'PUT', body, headers });

const named = async (path: string) => (await world.ask(path)).headers['x-consul-effective-consistency'];

describe('statuses and texts', () => {
  const cases: readonly [string, string, number, string][] = [
    ['GET', '/v1/nope', 404, 'Invalid URL path: not a recognized HTTP API endpoint'],
    ['POST', '/v1/agent/services', 405, 'method POST not allowed'],
    ['HEAD', '/v1/agent/self', 405, ''],
    ['GET', '/v1/kv/%zz', 400, ''],
    ['GET', '/v1/kv/%00', 400, ''],
    ['GET', '/v1/catalog/service/', 400, 'Missing service name'],
    ['GET', '/v1/catalog/nodes?dc=other', 500, 'No path to datacenter'],
    ['GET', '/v1/catalog/nodes?dc=&index=&ns=&token=&filter=', 200, ''],
    ['GET', '/v1/catalog/nodes?dc=other&datacenter=dc1', 200, ''],
    [
      'GET',
      '/v1/catalog/nodes?ns=a',
      400,
      'Invalid query parameter: "ns" - Namespaces are a Consul Enterprise feature',
    ],
    [
      'GET',
      '/v1/catalog/nodes?partition=a',
      400,
      'Invalid query parameter: "partition" - Partitions are a Consul Enterprise feature',
    ],
    [
      'GET',
      '/v1/catalog/nodes?stale&consistent',
      400,
      'Cannot specify ?stale with ?consistent, conflicting semantics.',
    ],
    ['GET', '/v1/catalog/nodes?max_stale=soon', 400, 'Invalid max_stale value "soon"'],
    ['GET', '/v1/catalog/nodes?index=-1', 400, 'Invalid index'],
    ['GET', '/v1/catalog/nodes?wait=10', 400, 'Invalid wait time'],
    ['GET', '/v1/health/service/web?passing=maybe', 400, 'Invalid value for ?passing'],
    ['GET', '/v1/acl/tokens', 401, 'ACL support disabled'],
    ['PUT', '/v1/agent/token/default', 401, 'ACL support disabled'],
    ['PUT', '/v1/config', 501, 'config is not supported by this agent yet'],
    ['GET', '/v1/connect/ca/configuration', 501, 'connect/ca/configuration is not supported by this agent yet'],
    ['GET', '/v1/config/service-defaults/x', 404, 'Config entry not found for "service-defaults" / "x"'],
    ['GET', '/v1/connect/intentions/exact?source=a&destination=b', 404, 'Intention not found'],
    ['GET', '/v1/connect/intentions/check?source=a', 400, "required query parameter 'destination' not set"],
    ['POST', '/v1/agent/connect/authorize', 501, 'agent/connect/authorize is not supported by this agent yet'],
    ['GET', '/v1/discovery-chain/web', 501, 'discovery-chain/web is not supported by this agent yet'],
    ['GET', '/v1/agent/members?wan=1&segment=a', 400, 'Cannot provide a segment with wan=true'],
    ['GET', '/v1/agent/members?segment=_all', 200, ''],
    ['GET', '/v1/agent/members?segment=a', 500, 'Network segments are not supported in this version of Consul'],
    ['PUT', '/v1/agent/force-leave/nobody', 500, "agent: No node found with name 'nobody'"],
    ['GET', '/v1/agent/monitor?loglevel=loud', 400, 'Unknown log level: loud'],
    ['GET', '/v1/coordinate/node/nobody', 404, ''],
    ['GET', '/v1/coordinate/node/', 404, ''],
    [
      'GET',
      '/v1/agent/metrics?format=prometheus',
      415,
      'Prometheus is not enabled since its retention time is not positive',
    ],
    ['GET', '/v1/operator/keyring', 500, 'Keyring is empty (encryption not enabled)'],
    ['PUT', '/v1/agent/service/deregister/x', 404, 'Unknown service ID "x".'],
    ['PUT', '/v1/agent/check/pass/x', 500, 'no TTL'],
    ['GET', '/livez', 200, 'ok'],
    ['HEAD', '/livez', 200, ''],
  ];
  test.each(cases)('%s %s', async (method, path, status, text) => {
    const answer = await world.ask(path, { method });
    expect(answer.status).toBe(status);
    if (status !== 200) expect(answer.text).toBe(text);
  });

  test('an exception in a handler is a 500 that says nothing of itself', async () => {
    const answer = await world.ask('/v1/agent/service/register', { method: 'PUT', body: '{"Name":"a"}' });
    expect([answer.status, answer.text]).toEqual([500, 'internal error']);
  });

  test('a filter that is none is 500 everywhere, under agent/ too', async () => {
    for (const path of ['/v1/agent/services', '/v1/catalog/nodes', '/v1/health/service/web']) {
      const answer = await world.ask(`${path}?filter=Bogus==1`);
      expect(answer.status).toBe(500);
      expect(answer.text).toMatch(/^Failed to create boolean expression evaluator: /);
    }
  });
});

describe('methods', () => {
  test('Allow names OPTIONS and the path’s own, without spaces', async () => {
    const answer = await world.ask('/v1/kv/a', { method: 'POST' });
    expect(answer.headers.allow).toBe('OPTIONS,GET,PUT,DELETE');
    const options = await world.ask('/v1/kv/a', { method: 'OPTIONS' });
    expect([options.status, options.headers.allow, options.text]).toEqual([200, 'OPTIONS,GET,PUT,DELETE', '']);
  });

  test('below query/, Allow of a refusal lacks OPTIONS', async () => {
    expect(await allow('/v1/query/x/execute', 'PUT')).toBe('GET');
    expect(await allow('/v1/query/x', 'POST')).toBe('GET,PUT,DELETE');
    expect(await allow('/v1/query/x/execute', 'OPTIONS')).toBe('OPTIONS,GET');
    expect(await allow('/v1/query', 'PUT')).toBe('OPTIONS,GET,POST');
  });
});

describe('headers', () => {
  test('are spelt as Go spells them', async () => {
    const { rawHeaders } = await world.ask('/v1/health/service/web');
    const names = rawHeaders.filter((_, at) => at % 2 === 0);
    expect(names).toEqual(
      expect.arrayContaining([
        'X-Consul-Index',
        'X-Consul-Knownleader',
        'X-Consul-Lastcontact',
        'X-Consul-Effective-Consistency',
        'X-Consul-Query-Backend',
        'X-Consul-Default-Acl-Policy',
        'X-Discovery-Index-Space',
        'Vary',
      ]),
    );
  });

  test('the consistency asked for is named by catalog reads and by no others', async () => {
    expect(await named('/v1/catalog/nodes')).toBe('leader');
    expect(await named('/v1/catalog/nodes?stale=false')).toBe('stale');
    expect(await named('/v1/catalog/nodes?max_stale=10s')).toBe('stale');
    expect(await named('/v1/catalog/nodes?consistent')).toBe('consistent');
    expect(await named('/v1/kv/a?consistent')).toBeUndefined();
    expect(await named('/v1/session/list')).toBeUndefined();
  });

  test('those of the configuration are on every answer', async () => {
    for (const path of ['/v1/catalog/nodes', '/v1/nope', '/v1/health/service/web']) {
      expect((await world.ask(path)).headers['x-extra']).toBe('yes');
    }
  });

  test('a cached read is a MISS, then a HIT', async () => {
    const cache = async (path: string) => (await world.ask(path)).headers['x-cache'];
    expect(await cache('/v1/catalog/services?cached')).toBe('MISS');
    expect(await cache('/v1/catalog/services?cached')).toBe('HIT');
    expect(await cache('/v1/catalog/services')).toBeUndefined();
    const bad = await world.ask('/v1/catalog/services?cached', { headers: { 'Cache-Control': 'max-age=soon' } });
    expect([bad.status, bad.text]).toEqual([400, 'Invalid Cache-Control header.']);
  });
});

describe('bodies', () => {
  test('pretty is indented by four spaces', async () => {
    expect((await world.ask('/v1/catalog/services?pretty')).text).toBe('{\n    "web": [\n        "v1"\n    ]\n}\n');
  });

  test('gzip only when asked for and worth it', async () => {
    const headers = { 'Accept-Encoding': 'gzip' };
    expect((await world.ask('/v1/catalog/services', { headers })).headers['content-encoding']).toBeUndefined();
    const document = await world.ask('/v1/openapi.json', { headers });
    expect(document.headers['content-encoding']).toBe('gzip');
    expect(JSON.parse(gunzipSync(document.body).toString('utf8'))).toMatchObject({ openapi: '3.1.0' });
    const refused = await world.ask('/v1/openapi.json', { headers: { 'Accept-Encoding': 'gzip;q=0, br' } });
    expect(refused.headers['content-encoding']).toBeUndefined();
  });

  test('only the first value counts; unknown fields are refused with Consul’s words', async () => {
    expect((await put('{"Node":"a","Address":"1.2.3.4"} trailing')).text).toBe('true');
    expect(registered).toEqual([{ Node: 'a', Address: '1.2.3.4' }]);
    expect((await put('')).text).toBe('Request decode failed: EOF');
    expect((await put('{"Bogus":1}')).text).toBe('Request decode failed: json: unknown field "Bogus"');
    expect(await put('{"Namespace":"x"}')).toMatchObject({
      status: 400,
      text: 'Request decode failed: json: unknown field "Namespace" - Namespaces are a Consul Enterprise feature',
    });
  });

  test('too large is told by its length, and by its bytes when chunked', async () => {
    const text = 'Request body(1001 bytes) too large, max size: 1000 bytes. See https://';
    for (const chunked of [false, true]) {
      const answer = await world.ask('/v1/kv/a', { method: 'PUT', body: 'a'.repeat(1001), chunked });
      expect(answer.status).toBe(413);
      expect(answer.text.startsWith(text)).toBe(true);
    }
  });
});

describe('writes from a browser', () => {
  const cases: readonly [string, Record<string, string>, number][] = [
    ['no browser', {}, 200],
    ['our own page', { Origin: 'http://127.0.0.1:8500', Host: '127.0.0.1:8500' }, 200],
    ['our own page by name', { Origin: 'http://agent.example', Host: 'agent.example' }, 200],
    ['another origin', { Origin: 'http://evil.example', Host: '127.0.0.1:8500' }, 403],
    ['another port', { Origin: 'http://127.0.0.1:3000', Host: '127.0.0.1:8500' }, 403],
    ['a sandboxed page', { Origin: 'null', Host: '127.0.0.1:8500' }, 403],
    ['another site', { 'Sec-Fetch-Site': 'cross-site' }, 403],
    ['a name pointed at us', { Origin: 'http://evil.example:8500', Host: 'evil.example:8500' }, 403],
  ];
  test.each(cases)('%s', async (_, headers, status) =>
    expect((await put('{"Node":"a"}', headers)).status).toBe(status),
  );
});

describe('rate limits', () => {
  test('enforced, they answer 429 with the time to wait', async () => {
    const limited = await ApiWorld.start({
      settings: { requestLimits: { mode: 'enforcing', readRate: 2, writeRate: 0 } },
    });
    const statuses = await Promise.all([1, 2, 3].map(() => limited.ask('/v1/catalog/nodes')));
    expect(statuses.map((answer) => answer.status).toSorted((a, b) => a - b)).toEqual([200, 200, 429]);
    expect(statuses.find((answer) => answer.status === 429)?.headers['retry-after']).toBe('1');
    await limited.close();
  });
});

describe('what is not run here answers as if it were empty', () => {
  const cases: readonly [string, unknown][] = [
    ['/v1/config/service-defaults', []],
    ['/v1/connect/intentions', []],
    ['/v1/connect/intentions/check?source=a&destination=b', { Allowed: true }],
    ['/v1/connect/intentions/match?by=source&name=a&name=__proto__', JSON.parse('{"a":[],"__proto__":[]}')],
    ['/v1/connect/ca/roots', { ActiveRootID: '', TrustDomain: '', Roots: [] }],
    ['/v1/agent/connect/ca/roots', { ActiveRootID: '', TrustDomain: '', Roots: [] }],
    ['/v1/catalog/gateway-services/gw', null],
    ['/v1/health/connect/web', []],
    ['/v1/catalog/datacenters', ['dc1']],
    ['/v1/status/leader', '127.0.0.1:8300'],
  ];
  test.each(cases)('%s', async (path, wanted) => expect((await world.ask(path)).json()).toEqual(wanted));
});

test('the API document names every route with its body', async () => {
  const document = (await world.ask('/v1/openapi.json')).json() as { paths: Record<string, Record<string, unknown>> };
  expect(document.paths['/v1/catalog/register']?.['put']).toHaveProperty([
    'requestBody',
    'content',
    'application/json',
    'schema',
    'properties',
    'NodeMeta',
  ]);
  expect(Object.keys(document.paths).length).toBeGreaterThan(70);
  expect(JSON.stringify(document)).not.toContain('$ref');
  const ids = Object.values(document.paths).flatMap((item) =>
    Object.values(item).flatMap((operation) => (operation as { operationId?: string }).operationId ?? []),
  );
  expect(new Set(ids).size).toBe(ids.length);
});

async function allow(path: string, method: string): Promise<string | undefined> {
  return (await world.ask(path, { method })).headers.allow;
}
