/** Whole agents in this process, over TCP on the loopback: what each is told is answered by all, by every face. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { listenOnLoopback, refusedAddress } from '../testing/loopback-server.js';
import { startTestAgent, type TestAgent, type TestAgentOptions } from '../testing/test-agent.js';
import { askUdp } from '../../test/support/dns-ask.js';
import { http, httpJson } from '../../test/support/http.js';
import { ServiceDiscoveryManager } from '../index.js';
import { loadConfig, startAgent, type Agent, type AgentFlags } from './index.js';

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function start(options: TestAgentOptions): Promise<TestAgent> {
  const agent = await startTestAgent(options);
  closers.push(() => agent.close());
  return agent;
}

async function mesh(count: number, host = '127.0.0.1'): Promise<TestAgent[]> {
  const agents: TestAgent[] = [];
  const free = host.includes(':') ? `[${host}]:0` : `${host}:0`;
  for (let at = 1; at <= count; at++) {
    const config = { node_name: `n${at}`, primary_node: 'n1' };
    const known = agents[0]?.peers === undefined ? {} : { join: [agents[0].peers] };
    agents.push(await start({ http: free, dns: free, peers: free, ...known, config }));
  }
  await soon(() => {
    for (const { cluster } of agents) expect(cluster.members()).toHaveLength(count);
  });
  return agents;
}

const soon = (check: () => unknown): Promise<unknown> => vi.waitFor(check, { timeout: 10_000, interval: 10 });
const origin = ({ http: at }: TestAgent): string => `http://${at}`;

function dnsOf({ dns }: TestAgent) {
  const at = dns.lastIndexOf(':');
  return { host: dns.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(dns.slice(at + 1)) };
}

test('a service registered at one agent is answered by all: HTTP, DNS, blocking queries; and deregistered at another', async () => {
  const [a, b, c] = (await mesh(3)) as [TestAgent, TestAgent, TestAgent];
  const before = await http(origin(c), 'GET /v1/health/service/web');
  const index = String(before.headers['x-consul-index']);
  const waiting = httpJson<object[]>(origin(c), `GET /v1/health/service/web?index=${index}&wait=20s`);
  const body = { Node: 'ext', Address: '10.0.0.9', Service: { Service: 'web', Port: 80 } };
  await httpJson(origin(a), 'PUT /v1/catalog/register', body);
  expect(await waiting).toHaveLength(1);
  for (const agent of [b, c]) {
    await soon(async () => {
      expect(await httpJson(origin(agent), 'GET /v1/catalog/service/web')).toHaveLength(1);
      expect((await askUdp(dnsOf(agent), 'A web.service.consul')).answers).toHaveLength(1);
    });
  }
  await httpJson(origin(b), 'PUT /v1/catalog/deregister', { Node: 'ext', ServiceID: 'web' });
  expect(await httpJson(origin(b), 'GET /v1/catalog/service/web')).toEqual([]);
  await soon(async () => expect(await httpJson(origin(c), 'GET /v1/catalog/service/web')).toEqual([]));
});

test('a watch at one agent sees what happens at another', async () => {
  const [a, , c] = (await mesh(3)) as [TestAgent, TestAgent, TestAgent];
  await using discovery = new ServiceDiscoveryManager({ addresses: [c.http], environment: {} });
  const seen: number[] = [];
  const watching = (async (): Promise<void> => {
    for await (const { endpoints } of discovery.watchService('web')) {
      seen.push(endpoints.length);
      if (seen.includes(1) && endpoints.length === 0) return;
    }
  })();
  await soon(() => expect(seen).toEqual([0]));
  await a.registry.registerService({ Name: 'web', Port: 80 });
  await soon(() => expect(seen.at(-1)).toBe(1));
  await a.registry.deregisterService('web');
  await watching;
});

test('keys and locks through agents that are not the home', async () => {
  const [, b, c] = (await mesh(3)) as [TestAgent, TestAgent, TestAgent];
  expect(await httpJson(origin(b), 'PUT /v1/kv/a', 'value')).toBe(true);
  expect((await http(origin(c), 'GET /v1/kv/a?raw')).text).toBe('value');
  const session = async (agent: TestAgent): Promise<string> =>
    (await httpJson<{ ID: string }>(origin(agent), 'PUT /v1/session/create', {})).ID;
  const [mine, theirs] = [await session(b), await session(c)];
  expect(await httpJson(origin(b), `PUT /v1/kv/lock?acquire=${mine}`, '')).toBe(true);
  expect(await httpJson(origin(c), `PUT /v1/kv/lock?acquire=${theirs}`, '')).toBe(false);
  await httpJson(origin(c), `PUT /v1/session/destroy/${mine}`);
  const [row] = await httpJson<{ Session?: string }[]>(origin(b), 'GET /v1/kv/lock');
  expect(row?.Session).toBeUndefined();
});

test('a mesh over IPv6', async () => {
  const [a, b, c] = (await mesh(3, '::1')) as [TestAgent, TestAgent, TestAgent];
  expect(a.peers).toMatch(/^\[::1\]:\d+$/);
  await a.registry.registerService({ Name: 'six', Port: 6 });
  for (const agent of [b, c]) {
    await soon(async () =>
      expect(await httpJson(origin(agent), 'GET /v1/catalog/service/six')).toMatchObject([{ Address: '::1' }]),
    );
  }
  expect(await httpJson(origin(c), 'GET /v1/status/leader')).toBe('[::1]:8300');
});

test('whom to meet may be up later, and may be oneself', async () => {
  const later = await refusedAddress(createServer());
  const early = await start({ join: [later], config: { node_name: 'early' } });
  const late = await start({ peers: later, join: [later], config: { node_name: 'late' } });
  await soon(() => {
    for (const { cluster } of [early, late]) expect(cluster.members()).toHaveLength(2);
  });
});

test('joined, left and forgotten over HTTP', async () => {
  const [a, b] = (await mesh(2)) as [TestAgent, TestAgent];
  const c = await start({ peers: '127.0.0.1:0', config: { node_name: 'n3', primary_node: 'n1' } });
  await httpJson(origin(c), `PUT /v1/agent/join/${a.peers}`);
  await soon(() => expect(b.cluster.members()).toHaveLength(3));
  const refused = await http(origin(a), 'PUT /v1/agent/join/127.0.0.1:1');
  expect([refused.status, refused.text]).toEqual([500, expect.stringContaining('127.0.0.1:1')]);
  await c.registry.registerService({ Name: 'web' });
  await soon(async () => expect(await httpJson(origin(b), 'GET /v1/catalog/service/web')).toHaveLength(1));
  await httpJson(origin(c), 'PUT /v1/agent/leave');
  await soon(async () => expect(await httpJson(origin(b), 'GET /v1/catalog/service/web')).toEqual([]));
  const members = await httpJson<{ Name: string; Status: number }[]>(origin(b), 'GET /v1/agent/members');
  expect(members.find(({ Name }) => Name === 'n3')?.Status).toBe(3);
});

test('with a key nobody without it is let in', async () => {
  const [key, other] = [1, 2].map((fill) => Buffer.alloc(32, fill).toString('base64'));
  const a = await start({ peers: '127.0.0.1:0', config: { node_name: 'a', encrypt: key } });
  const join = a.peers === undefined ? [] : [a.peers];
  const b = await start({ join, config: { node_name: 'b', encrypt: key } });
  const stranger = await start({ join, config: { node_name: 'c', encrypt: other } });
  const naked = await start({ join, config: { node_name: 'd' } });
  await soon(() => expect(b.cluster.members()).toHaveLength(2));
  await expect(stranger.cluster.join(a.peers ?? '')).rejects.toMatchObject({ code: 'CONFLICT' });
  await expect(naked.cluster.join(a.peers ?? '')).rejects.toMatchObject({ code: 'CONFLICT' });
  expect(a.cluster.members()).toHaveLength(2);
  expect(a.cluster.report().peers).toMatchObject([{ encrypted: true }]);
});

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'datapunk-agents-'));
  closers.push(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

async function launch(flags: AgentFlags, config: object = {}): Promise<{ agent: Agent; log: string[] }> {
  const file = join(directory(), 'agent.json');
  writeFileSync(file, JSON.stringify({ ports: { http: 0, dns: 0 }, ...config }));
  const log: string[] = [];
  const loaded = await loadConfig({ ...flags, configFile: [file] }, {});
  const agent = await startAgent(loaded.config, { log: (line) => log.push(line) });
  closers.push(() => agent.close());
  return { agent, log };
}

describe('on disk', () => {
  test('an agent restarted with its data is who it was, finds the others by itself, and has all they did meanwhile', async () => {
    const dataDir = directory();
    const one = await launch({ dataDir: directory(), node: 'one', peerAddr: '127.0.0.1:0' }, { primary_node: 'one' });
    const peers = one.agent.addresses.peer ?? '';
    const flags = { dataDir, node: 'two', peerAddr: '127.0.0.1:0' };
    const two = await launch({ ...flags, join: [peers] }, { primary_node: 'one' });
    const id = two.agent.registry.nodeId;
    await two.agent.registry.registerService({ Name: 'web', Port: 80 });
    await soon(() => expect(one.agent.registry.catalog.hasService('web')).toBe(true));
    await two.agent.close();
    await one.agent.registry.registerService({ Name: 'db', Port: 1 });
    const again = await launch(flags, { primary_node: 'one' });
    expect(again.agent.registry.nodeId).toBe(id);
    await soon(() => expect(again.agent.registry.catalog.hasService('db')).toBe(true));
    await soon(() =>
      expect(one.agent.cluster.members().map(({ node, state }) => `${node} ${state}`)).toEqual([
        'one alive',
        'two alive',
      ]),
    );
    expect(one.agent.registry.catalog.serviceView('web').instances).toHaveLength(1);
  });

  test('an agent that knows of others decides no keys when it is started without a peer port', async () => {
    const dataDir = directory();
    const one = await launch({ dataDir, node: 'one', peerAddr: '127.0.0.1:0' });
    await launch({
      dataDir: directory(),
      node: 'two',
      join: [one.agent.addresses.peer ?? ''],
      peerAddr: '127.0.0.1:0',
    });
    await soon(() => expect(one.agent.cluster.members()).toHaveLength(2));
    await one.agent.close();
    const alone = await launch({ dataDir, node: 'one' }, { ports: { http: 0, dns: 0, serf_lan: -1 } });
    expect(alone.agent.addresses.peer).toBeUndefined();
    const refused = await http(`http://${alone.agent.addresses.http[0]}`, 'PUT /v1/kv/a', '1');
    expect([refused.status, refused.text]).toEqual([500, 'No cluster leader']);
  });

  test('keys that were changed while it ran are those it starts with again', async () => {
    const [old, next] = [1, 2].map((fill) => Buffer.alloc(32, fill).toString('base64')) as [string, string];
    const flags = { dataDir: directory(), peerAddr: '127.0.0.1:0' };
    const first = await launch(flags, { encrypt: old });
    await first.agent.cluster.keyring?.install(next);
    await first.agent.cluster.keyring?.use(next);
    await first.agent.close();
    const again = await launch(flags, { encrypt: old });
    expect([again.agent.cluster.keyring?.keys, again.agent.cluster.keyring?.primary]).toEqual([[next, old], next]);
  });

  test('the default peer port, taken: a warning, and it runs alone', async () => {
    await using taken = await listenOnLoopback(createServer(), '127.0.0.77', 8301);
    const { agent, log } = await launch({ dataDir: directory() }, { client_addr: '127.0.0.77' });
    expect(agent.addresses.peer).toBeUndefined();
    expect(log.join('\n')).toMatch(/warn +peers\.port_taken .*address=127\.0\.0\.77:8301/);
    await expect(agent.cluster.join('127.0.0.1')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    for (const asked of [{ retry_join: ['127.0.0.1:1'] }, { ports: { http: 0, dns: 0, serf_lan: 8301 } }]) {
      await expect(launch({ dataDir: directory() }, { client_addr: '127.0.0.77', ...asked })).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        message: `cannot listen on ${taken.address} for peers: the port is taken`,
      });
    }
  });

  test('the default peer port, free: it is open where HTTP is', async () => {
    const { agent } = await launch({ dataDir: directory() }, { client_addr: '127.0.0.78' });
    expect(agent.addresses.peer).toBe('127.0.0.78:8301');
  });
});

test('in memory no peer port is opened unless it is asked for', async () => {
  expect((await start({})).peers).toBeUndefined();
  expect((await start({ peers: '127.0.0.1:0' })).peers).toMatch(/^127\.0\.0\.1:\d+$/);
});
