/**
 * Several agents as people and programs meet them: three of one datacenter and one of another, real processes on
 * loopback, looked at through the command line, HTTP and DNS.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { main } from '../../src/cli/main.js';
import { ConsulClient } from '../../src/consul/index.js';
import { memoryIo } from '../../src/testing/memory-io.js';
import { startAgent, type AgentProcess } from '../support/agent.js';

const KEYS = ['pUqJrVyVRj5jsiYEkM/tFQYfWyJIv4s3XkvDwy7Cu5s=', 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8='] as const;

const agents = new Map<string, AgentProcess>();
const clients = new Map<string, ConsulClient>();

async function start(name: string, config: object = {}): Promise<void> {
  const join = [...agents.values()].slice(0, 1).flatMap((first) => ['--join', peerAddress(first)]);
  const agent = await startAgent({
    config: { node_name: name, primary_node: 'n1', encrypt: KEYS[0], ...config },
    flags: ['--peer-addr', '127.0.0.1:0', ...join],
    logLevel: 'error',
  });
  agents.set(name, agent);
  clients.set(name, new ConsulClient({ addresses: agent.origin }));
}

function peerAddress(agent: AgentProcess): string {
  return agent.addresses.get('peers')?.[0] ?? '';
}

function agentOf(name: string): AgentProcess {
  return agents.get(name) as AgentProcess;
}

function clientOf(name: string): ConsulClient {
  return clients.get(name) as ConsulClient;
}

async function run(name: string, ...args: string[]) {
  const { io, out, err } = memoryIo({ environment: { CONSUL_HTTP_ADDR: new URL(agentOf(name).origin).host } });
  const code = await main(args, io);
  return { code, out: out(), err: err() };
}

async function shown(name: string, ...args: string[]): Promise<string> {
  const { code, out, err } = await run(name, ...args);
  expect([code, err], out).toEqual([0, '']);
  return out;
}

async function eventually(look: () => unknown): Promise<void> {
  await expect.poll(look, { timeout: 15_000, interval: 100 }).toBe(true);
}

const register = (node: string, id: string, service = 'web') =>
  clientOf(node).agent.register({ Name: service, ID: id, Port: 8080, Address: '127.0.0.1' });

beforeAll(async () => {
  await start('n1');
  await start('n2');
  await start('n3');
  await start('far', { datacenter: 'dc2', primary_node: 'far' });
}, 60_000);

afterAll(async () => {
  for (const client of clients.values()) await client.close();
  for (const agent of agents.values()) await agent.stop('SIGKILL');
});

describe('several agents', () => {
  test('know each other, each with its marks', async () => {
    await eventually(async () => {
      const [here, there] = await Promise.all([clientOf('n2').agent.members(), clientOf('far').catalog.datacenters()]);
      return here.value.filter(({ Status }) => Status === 1).length === 3 && there.value.length === 2;
    });
    const lines = (await shown('n2', 'members')).trimEnd().split('\n');
    expect(lines).toHaveLength(4);
    expect(lines.find((line) => line.startsWith('n1'))).toMatch(/alive .*\bhome\b/);
    expect(lines.find((line) => line.startsWith('n2'))).toMatch(/alive .*\bself\b/);
    expect(await shown('n2', 'members', '--wan')).toMatch(/^far\.dc2 /m);
    expect(await shown('n2', 'sync')).toMatch(/n1 +dc1 .* connected .* yes\n/);
  });

  test('answer of what was registered with any of them, and say whose it is', async () => {
    await register('n3', 'web-3');
    await eventually(async () => (await clientOf('n2').health.service('web', { passing: true })).value.length === 1);
    expect(await shown('n2', 'explain', 'web')).toMatch(/web-3 +n3 +127\.0\.0\.1:8080 +n3 +alive +passing +yes/);
    expect((await clientOf('n2').sync.owner('n3')).value.rows).toMatchObject([
      { kind: 'node', owner: { node: 'n3' } },
      {},
      {},
      {},
    ]);
  });

  test('read and write keys at the home, from anywhere', async () => {
    await shown('n2', 'kv', 'put', 'app/level', 'info');
    expect(await shown('n3', 'kv', 'get', 'app/level')).toBe('info');
    const [first, second] = await Promise.all([clientOf('n1').kv.get('app/level'), clientOf('n3').kv.get('app/level')]);
    expect([second.index, second.indexSpace]).toEqual([first.index, first.indexSpace]);
    expect((await clientOf('n3').status.leader()).value).toBe((await clientOf('n1').status.leader()).value);
  });

  test('wake a blocking read of a key that another agent writes', async () => {
    const { index } = await clientOf('n3').kv.get('app/level');
    const waiting = clientOf('n3').kv.get('app/level', { index, waitMs: 30_000 });
    await clientOf('n2').kv.put('app/level', 'debug');
    expect((await waiting).value?.Value.toString()).toBe('debug');
  });

  test('answer of another datacenter, over HTTP and DNS', async () => {
    await register('far', 'web-far');
    await eventually(
      async () => (await clientOf('n3').health.service('web', { datacenter: 'dc2' })).value.length === 1,
    );
    expect((await clientOf('n2').catalog.datacenters()).value).toEqual(['dc1', 'dc2']);
    const { host, port } = agentOf('n3').dns;
    const dns = await shown('n3', 'dns', 'web.service.dc2.consul', 'SRV', '--dns-addr', `${host}:${port}`);
    expect(dns).toMatch(/ SRV +7f000001\.addr\.dc2\.consul port 8080 /);
    await expect(clientOf('n2').kv.get('a', { datacenter: 'dc2' })).rejects.toThrow('No path to datacenter');
  });

  test('fail over to another datacenter', async () => {
    await register('far', 'only-far', 'db');
    await eventually(async () => 'db' in (await clientOf('n2').catalog.services({ datacenter: 'dc2' })).value);
    const query = { Name: 'db', Service: { Service: 'db', Failover: { NearestN: 1 } } };
    await clientOf('n2').query.create(query);
    const { value } = await clientOf('n3').query.execute('db');
    expect(value).toMatchObject({ Datacenter: 'dc2', Failovers: 1, Nodes: [{ Service: { ID: 'only-far' } }] });
  });

  test('count what they say to each other', async () => {
    const metrics = await (await fetch(`${agentOf('n2').origin}/metrics`)).text();
    expect(metrics).toMatch(/^discovery_sync_members\{state="alive"\} 4$/m);
    expect(metrics).toMatch(/^discovery_sync_lag_versions\{node="n3",origin="[\w-]+",kind="catalog"\} 0$/m);
    expect(metrics).toMatch(/^discovery_sync_sent_bytes_total [1-9]\d*$/m);
  });

  test('are looked at by the doctor', async () => {
    const { out } = await run('n2', 'doctor', '--json');
    const found = JSON.parse(out) as { subject: string; level: string; says: string }[];
    const about = (subject: string): string | undefined => found.find((one) => one.subject === subject)?.level;
    expect([about('other agents'), about('home'), about('protected mode'), about('datacenter dc2')]).toEqual([
      'ok',
      'ok',
      'ok',
      'ok',
    ]);
  });

  test('change their key while they talk', async () => {
    const [old, next] = KEYS;
    /** Of each agent's list, the line of a key. */
    const lineOf = async (name: string, key: string): Promise<string> =>
      (await shown(name, 'keyring', 'list')).split('\n').find((line) => line.startsWith(key)) ?? '';
    await shown('n2', 'keyring', 'install', next);
    await eventually(async () => /([34]) of \1 /.test(await lineOf('n3', next)));
    await eventually(async () => (await lineOf('far', next)) !== '');
    await shown('n2', 'keyring', 'use', next);
    for (const name of ['n1', 'far']) await eventually(async () => / yes /.test(await lineOf(name, next)));
    await shown('n2', 'keyring', 'remove', old);
    for (const name of ['n3', 'far']) await eventually(async () => (await lineOf(name, old)) === '');
  });

  test('take a dead one out of discovery, and forget it when told to', async () => {
    await agentOf('n3').stop('SIGKILL');
    await eventually(async () => (await clientOf('n2').health.service('web', { passing: true })).value.length === 0);
    expect(await shown('n2', 'members')).toMatch(/^n3 .*failed/m);
    expect(await shown('n2', 'explain', 'web')).toMatch(/web-3 .* n3 +dead +critical +no +agent n3 is dead/);
    await shown('n2', 'force-leave', 'n3', '--prune');
    await eventually(async () => (await clientOf('n1').catalog.service('web')).value.length === 0);
    expect(await shown('n2', 'members')).not.toMatch(/^n3 /m);
    expect(await run('n2', 'force-leave', 'nobody')).toMatchObject({ code: 3 });
  });

  test('refuse what only the home decides while it is away, and answer the rest', async () => {
    await agentOf('n1').stop('SIGKILL');
    await eventually(async () => (await clientOf('n2').status.leader()).value === '');
    expect(await run('n2', 'kv', 'put', 'a', 'b')).toMatchObject({
      code: 4,
      err: expect.stringContaining('No cluster leader'),
    });
    await expect(clientOf('n2').kv.get('app/level')).rejects.toThrow('No cluster leader');
    expect((await clientOf('n2').kv.get('app/level', { consistency: 'stale' })).value?.Value.toString()).toBe('debug');
    expect((await clientOf('n2').catalog.nodes()).value.length).toBeGreaterThan(0);
    expect((await run('n2', 'doctor', '--json')).out).toContain('n1 cannot be reached');
  });

  test('leave for good', async () => {
    await register('far', 'last');
    expect(await shown('far', 'leave')).toContain('has left');
    await agentOf('far').exited;
    await eventually(
      async () =>
        !(await shown('n2', 'members', '--wan')).includes('far.dc2 ') ||
        /^far\.dc2 .* left/m.test(await shown('n2', 'members', '--wan')),
    );
  });
});
