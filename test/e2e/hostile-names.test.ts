/**
 * Names that mean something to JavaScript, to paths or to nobody are plain data wherever a client may put one, and
 * still are after a restart.
 */
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../../src/testing/store-tools.js';
import { startAgent, type AgentProcess } from '../support/agent.js';
import { askUdp } from '../support/dns-ask.js';
import { http, httpJson } from '../support/http.js';

const NAMES = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'valueOf',
  'hasOwnProperty',
  '__defineGetter__',
  'then',
  'length',
  '0',
  'null',
  'é ü 漢 🙂',
  '100%',
  'a b&c=d;e#f?g',
  '"quoted"',
  "it's",
  '<script>',
  '$(reboot)',
  '\u202eright to left',
];

let agent: AgentProcess;
let directory: Awaited<ReturnType<typeof temporaryDirectory>>;

beforeAll(async () => {
  directory = await temporaryDirectory();
  agent = await startAgent({ dataDir: directory.path });
});
afterAll(async () => {
  expect(agent.log()).toBe('');
  await agent.stop();
  await directory.remove();
});

const get = <T>(path: string): Promise<T> => httpJson<T>(agent.origin, `GET ${path}`);
const put = <T>(path: string, body?: unknown): Promise<T> => httpJson<T>(agent.origin, `PUT ${path}`, body);
const enc = encodeURIComponent;
const having = async (filter: string): Promise<string[]> =>
  Object.keys(await get<object>(`/v1/agent/services?filter=${enc(filter)}`));
/** Own keys and nothing from a prototype, as text: `__proto__` in a literal would not be a key. */
const pairs = (map: object): string[] => Object.entries(map).map(([key, value]) => `${key}=${String(value)}`);
const mapOf = (key: string, value: string): object => Object.fromEntries([[key, value]]);

describe.each(NAMES)('%s', (name) => {
  test('as a service with tag, metadata, address and check', async () => {
    await put('/v1/agent/service/register', {
      ID: `id:${name}`,
      Name: name,
      Tags: [name],
      Meta: /^[A-Za-z0-9_-]+$/.test(name) ? mapOf(name, name) : { key: name },
      TaggedAddresses: Object.fromEntries([[name, { Address: '10.0.0.1', Port: 1 }]]),
      Check: { CheckID: `check:${name}`, Name: name, TTL: '1h', Notes: name },
    });
    await put(`/v1/agent/check/pass/${enc(`check:${name}`)}?note=${enc(name)}`);
    const [instance] = await get<
      { Service: { ID: string; Tags: string[]; Meta: object; TaggedAddresses: object }; Checks: { Output: string }[] }[]
    >(`/v1/health/service/${enc(name)}?passing&tag=${enc(name)}`);
    expect(instance?.Service.ID).toBe(`id:${name}`);
    expect(instance?.Service.Tags).toEqual([name]);
    expect(Object.values(instance?.Service.Meta ?? {})).toEqual([name]);
    expect(Object.keys(instance?.Service.TaggedAddresses ?? {})).toContain(name);
    expect(instance?.Checks.map(({ Output }) => Output)).toContain(name);
    expect(await get<object[]>(`/v1/catalog/service/${enc(name)}`)).toHaveLength(1);
    expect(pairs(await get('/v1/catalog/services'))).toContain(`${name}=${name}`);
    expect(Object.keys(await get<object>('/v1/agent/services'))).toContain(`id:${name}`);
    expect((await get<{ Service: string }>(`/v1/agent/service/${enc(`id:${name}`)}`)).Service).toBe(name);
    expect((await http(agent.origin, `GET /v1/agent/health/service/name/${enc(name)}?format=text`)).text).toBe(
      'passing',
    );
    const filtered = await get<object[]>(
      `/v1/health/service/${enc(name)}?filter=${enc(`Service.Service == ${JSON.stringify(name)}`)}`,
    );
    expect(filtered).toHaveLength(1);
  });

  test('as a name nobody has', async () => {
    const none = `none-${name}`;
    expect(await get(`/v1/health/service/${enc(none)}`)).toEqual([]);
    expect((await http(agent.origin, `GET /v1/agent/service/${enc(none)}`)).status).toBe(404);
    expect((await http(agent.origin, `GET /v1/kv/${enc(none)}`)).status).toBe(404);
    expect(await get(`/v1/catalog/node/${enc(none)}`)).toBe(null);
    expect((await http(agent.origin, `GET /v1/session/info/${enc(none)}`)).text).toMatch(/^failed session lookup/);
  });

  test('as a key, a node, a session, a query and an event', async () => {
    expect(await put(`/v1/kv/dir/${enc(name)}?flags=7`, name)).toBe(true);
    expect((await http(agent.origin, `GET /v1/kv/dir/${enc(name)}?raw`)).text).toBe(name);
    expect(await get('/v1/kv/dir/?keys')).toContain(`dir/${name}`);
    expect(await put('/v1/txn', [{ KV: { Verb: 'get', Key: `dir/${name}` } }])).toMatchObject({ Errors: null });
    await put('/v1/catalog/register', {
      Node: `node:${name}`,
      Address: '10.0.0.9',
      NodeMeta: mapOf('key', name),
      TaggedAddresses: mapOf(name, '10.0.0.8'),
      Service: { Service: 'elsewhere', ID: name, Tags: [name] },
      Check: { CheckID: name, Name: name, Status: 'passing' },
    });
    const node = await get<{ Node: { TaggedAddresses: object }; Services: object }>(
      `/v1/catalog/node/${enc(`node:${name}`)}`,
    );
    expect(pairs(node.Node.TaggedAddresses)).toContain(`${name}=10.0.0.8`);
    expect(Object.keys(node.Services)).toEqual([name]);
    expect(await get<object[]>(`/v1/catalog/nodes?node-meta=${enc(`key:${name}`)}`)).toHaveLength(1);
    const { ID } = await put<{ ID: string }>('/v1/session/create', { Name: name });
    expect(await get(`/v1/session/info/${ID}`)).toMatchObject([{ Name: name }]);
    expect(await put(`/v1/kv/lock/${enc(name)}?acquire=${ID}`, name)).toBe(true);
    expect(await put(`/v1/session/destroy/${ID}`)).toBe(true);
    const query = await httpJson<{ ID: string }>(agent.origin, 'POST /v1/query', {
      Name: `q:${name}`,
      Service: { Service: name, Tags: [name] },
    });
    expect((await get<{ Nodes: object[] }>(`/v1/query/${enc(`q:${name}`)}/execute`)).Nodes).toHaveLength(1);
    expect((await http(agent.origin, `DELETE /v1/query/${query.ID}`)).status).toBe(200);
    expect(await put(`/v1/event/fire/${enc(name)}`, name)).toMatchObject({ Name: name });
    expect(await get<object[]>(`/v1/event/list?name=${enc(name)}`)).toHaveLength(1);
  });
});

test('as selectors of filters they are absent or refused, never a property of something else', async () => {
  for (const name of ['__proto__', 'constructor', 'toString', '__proto__.polluted', 'constructor.prototype.polluted']) {
    for (const expression of [`${name} == "x"`, `${name} is empty`, `Service.${name} == "x"`, `"x" in ${name}`]) {
      const answer = await http(agent.origin, `GET /v1/health/service/toString?filter=${enc(expression)}`);
      expect([expression, answer.status]).toEqual([expression, 500]);
      expect(answer.text).toMatch(/^Failed to create boolean expression evaluator: /);
    }
  }
  expect(await having('Meta["__proto__"] == "__proto__"')).toEqual(['id:__proto__']);
  expect(await having('"__proto__" in Meta')).toEqual(['id:__proto__']);
  expect(await having('"isPrototypeOf" in Meta')).toEqual([]);
});

test('as keys of bodies they are unknown fields', async () => {
  for (const key of ['__proto__', 'constructor', 'toString', 'polluted']) {
    for (const path of ['agent/service/register', 'agent/check/register', 'catalog/register', 'query']) {
      const line = `${path === 'query' ? 'POST' : 'PUT'} /v1/${path}`;
      const body = `{"Name":"x","Node":"x","Address":"x","${key}":{"polluted":true}}`;
      const answer = await http(agent.origin, line, body);
      expect([line, answer.status, answer.text.includes('unknown field')]).toEqual([line, 400, true]);
    }
  }
});

test('DNS finds what can be a name there, and has nothing else', async () => {
  const srv = await askUdp(agent.dns, 'SRV __proto__.service.consul');
  expect(srv.answers.map(({ type }) => type)).toEqual(['SRV']);
  for (const name of ['__proto__.constructor', 'isPrototypeOf', '__lookupGetter__']) {
    expect((await askUdp(agent.dns, `A ${name}.service.consul`)).rcode).toBe(3);
    expect((await askUdp(agent.dns, `A ${name}.node.consul`)).rcode).toBe(3);
    expect((await askUdp(agent.dns, `A ${name}.query.consul`)).rcode).toBe(3);
  }
});

test('a NUL is refused where it would separate, and is data elsewhere', async () => {
  const register = (Node: string, Service: object): ReturnType<typeof http> =>
    http(agent.origin, 'PUT /v1/catalog/register', { Node, Address: '10.0.0.1', Service });
  expect((await register('a\0b', { Service: 'nul', ID: 'c' })).status).toBe(500);
  expect((await register('a', { Service: 'nul\0', ID: 'c' })).status).toBe(500);
  expect((await register('node:0', { Service: 'nul', ID: 'b\0c' })).status).toBe(200);
  await put('/v1/txn', [{ KV: { Verb: 'set', Key: 'dir/\0', Value: '' } }]);
  expect(await get('/v1/kv/dir/?keys')).toContain('dir/\0');
  const snapshot = await request(`${agent.origin}/v1/snapshot`);
  const archive = Buffer.from(await snapshot.body.arrayBuffer());
  expect((await http(agent.origin, 'PUT /v1/snapshot', archive)).status).toBe(200);
  expect(await get('/v1/catalog/service/nul')).toMatchObject([{ ServiceID: 'b\0c' }]);
});

test('after a restart all of it is there, and can be removed', async () => {
  const paths = ['/v1/agent/services', '/v1/kv/dir/?recurse', '/v1/catalog/nodes', '/v1/health/state/any'];
  const state = async (): Promise<unknown[]> => {
    const all = await Promise.all(paths.map((path) => get<object>(path)));
    return all.map((one) => new Map(Object.entries(one)));
  };
  const before = await state();
  await agent.stop('SIGKILL');
  agent = await startAgent({ dataDir: directory.path });
  const after = await state();
  expect(after[0]).toEqual(before[0]);
  expect(after[1]).toEqual(before[1]);
  expect((after[2] as object[]).length).toBe((before[2] as object[]).length);
  expect((after[3] as object[]).length).toBe((before[3] as object[]).length);
  await put('/v1/txn', [{ KV: { Verb: 'delete', Key: 'dir/\0' } }]);
  for (const name of NAMES) {
    await put(`/v1/agent/service/deregister/${enc(`id:${name}`)}`);
    expect(await httpJson(agent.origin, `DELETE /v1/kv/dir/${enc(name)}`)).toBe(true);
    await put('/v1/catalog/deregister', { Node: `node:${name}` });
  }
  expect(await get('/v1/agent/services')).toEqual({});
  expect(Object.keys(await get<object>('/v1/catalog/services'))).toEqual(['consul']);
  expect(await get<object[]>('/v1/catalog/nodes')).toHaveLength(1);
  expect((await http(agent.origin, 'GET /v1/kv/dir/?keys')).status).toBe(404);
});
