/** How an agent ends when it is asked to: nothing waits for ever, nothing is left behind, nothing is lost. */
import { existsSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { isProcessRunning } from '../../src/testing/running-process.js';
import { datapunk, type AgentOptions, type AgentProcess } from '../support/agent.js';
import { http, httpJson } from '../support/http.js';
import { FREE_PORTS, useAgents } from '../support/use-agents.js';

const agents = useAgents();
const start = (options?: AgentOptions): Promise<AgentProcess> =>
  agents.start({ dataDir: agents.path('data'), ...options });

/** A connection that has sent `text` and reads nothing unless told to. */
async function half(origin: string, text: string): Promise<Socket> {
  const { hostname, port } = new URL(origin);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.write(text);
  return socket;
}

const index = (answer: { headers: Readonly<Record<string, unknown>> }): number =>
  Number(answer.headers['x-consul-index']);

/** A script check that never ends, and what it starts; both write who they are. */
async function endlessScript(agent: AgentProcess): Promise<number[]> {
  const [own, child] = [agents.path('script.pid'), agents.path('child.pid')];
  await httpJson(agent.origin, 'PUT /v1/agent/check/register', {
    Name: 'endless',
    Args: ['sh', '-c', `echo $$ > ${own}; sleep 600 & echo $! > ${child}; wait`],
    Interval: '1s',
    Timeout: '10m',
  });
  const pids = (): number[] =>
    [own, child].map((file) => (existsSync(file) ? Number(readFileSync(file, 'utf8')) : Number.NaN));
  await expect.poll(() => pids().every((pid) => pid > 0), { timeout: 5_000 }).toBe(true);
  return pids();
}

test('SIGTERM: queries answer, streams end, scripts are gone, exit 0, all data there afterwards', async () => {
  const agent = await start({ config: { enable_script_checks: true } });
  await httpJson(agent.origin, 'PUT /v1/agent/service/register', { ID: 'a1', Name: 'a', Port: 1 });
  await httpJson(agent.origin, 'PUT /v1/kv/kept', 'value');
  const scripts = await endlessScript(agent);
  const before = await http(agent.origin, 'GET /v1/health/service/a');
  const blocked = [
    `GET /v1/health/service/a?index=${index(before)}&wait=5m`,
    `GET /v1/catalog/services?index=${index(before) + 1000}&wait=5m`,
    `GET /v1/kv/kept?index=${index(before) + 1000}&wait=5m`,
    `GET /v1/kv/absent?index=${index(before) + 1000}&wait=5m`,
  ].map((line) => http(agent.origin, line));
  const event = await httpJson<{ ID: string }>(agent.origin, 'PUT /v1/event/fire/x');
  const events = await http(agent.origin, 'GET /v1/event/list');
  expect(event.ID).not.toBe('');
  blocked.push(http(agent.origin, `GET /v1/event/list?index=${String(events.headers['x-consul-index'])}&wait=5m`));
  const hash = await http(agent.origin, 'GET /v1/agent/service/a1');
  blocked.push(
    http(agent.origin, `GET /v1/agent/service/a1?hash=${String(hash.headers['x-consul-contenthash'])}&wait=5m`),
  );
  const streams = ['/v1/watch/service/a', '/v1/agent/monitor?loglevel=debug'].map((path) => fetch(agent.origin + path));
  const texts = (await Promise.all(streams)).map((answer) => answer.text());
  // Clients that never finish their request, or never take their answer.
  const host = 'Host: x\r\n';
  await half(agent.origin, `GET /v1/agent/self HTTP/1.1\r\n${host}\r\n`);
  await half(agent.origin, `PUT /v1/kv/half HTTP/1.1\r\n${host}Content-Length: 10\r\n\r\nhalf`);
  await half(agent.origin, `GET /v1/agent/se`);
  await half(agent.origin, '');
  await expect.poll(async () => (await http(agent.origin, 'GET /livez')).status).toBe(200);

  const began = performance.now();
  agent.signal('SIGTERM');
  const answers = await Promise.all(blocked);
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 404, 200, 200]);
  expect(answers.slice(0, 4).every((answer) => index(answer) > 0)).toBe(true);
  expect(answers.map(({ headers }) => headers['connection'])).toEqual(answers.map(() => 'close'));
  const [watched] = await Promise.all(texts);
  expect(watched).toContain('event: service\ndata: [');
  expect(watched?.endsWith('\n\n')).toBe(true);
  expect(await agent.exited).toEqual({ code: 0, signal: null });
  expect(performance.now() - began).toBeLessThan(5_000);
  expect(scripts.filter(isProcessRunning)).toEqual([]);
  expect(agent.log()).not.toMatch(/"level":"?(error|50)/);

  const again = await start();
  const after = await http(again.origin, 'GET /v1/health/service/a');
  expect(after.text).toContain('"ID":"a1"');
  expect(index(after)).toBeGreaterThanOrEqual(index(before));
  expect((await http(again.origin, 'GET /v1/kv/kept?raw')).text).toBe('value');
  expect((await http(again.origin, 'GET /v1/kv/half')).status).toBe(404);
});

test('writes under way at SIGTERM are done and there afterwards, or refused', async () => {
  const agent = await start();
  const acknowledged = new Set<string>();
  let unclear = 0;
  const writer = async (n: number): Promise<void> => {
    for (let i = 0; ; i++) {
      const key = `w/${n}/${i}`;
      const done = await http(agent.origin, `PUT /v1/kv/${key}`, key).catch(() => undefined);
      if (done?.status !== 200) return void unclear++;
      acknowledged.add(key);
    }
  };
  const writers = Promise.all(Array.from({ length: 16 }, (_, n) => writer(n)));
  await expect.poll(() => acknowledged.size).toBeGreaterThan(200);
  expect(await agent.stop()).toEqual({ code: 0, signal: null });
  await writers;
  expect(unclear).toBe(16);

  const again = await start();
  const there = new Set(await httpJson<string[]>(again.origin, 'GET /v1/kv/w/?keys'));
  expect([...acknowledged].filter((key) => !there.has(key))).toEqual([]);
});

test.each(['SIGTERM', 'SIGINT'] as const)('a second %s does not make it a sudden death', async (signal) => {
  const agent = await start({ config: { enable_script_checks: true } });
  const scripts = await endlessScript(agent);
  // Unread, it holds up the stop for a while.
  await half(agent.origin, 'PUT /v1/kv/half HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf');
  for (let i = 0; i < 5; i++) {
    agent.signal(signal);
    await delay(20);
  }
  expect(await agent.exited).toEqual({ code: 0, signal: null });
  expect(scripts.filter(isProcessRunning)).toEqual([]);
});

test('asked over HTTP to leave, it answers and ends with 0', async () => {
  const agent = await start();
  expect((await http(agent.origin, 'PUT /v1/agent/leave')).status).toBe(200);
  expect(await agent.exited).toEqual({ code: 0, signal: null });
});

test('a signal while it starts is a stop as any other', async () => {
  let signal: ((name: NodeJS.Signals) => void) | undefined;
  const dataDir = agents.path('data');
  const agent = datapunk(['agent', '--data-dir', dataDir, ...FREE_PORTS], { started: (send) => (signal = send) });
  await expect.poll(() => existsSync(`${dataDir}/FORMAT`), { interval: 2, timeout: 5_000 }).toBe(true);
  signal?.('SIGTERM');
  expect(await agent).toMatchObject({ code: 0, signal: null });
});

const startPeer = (node: string, ...flags: string[]): Promise<AgentProcess> =>
  agents.start({
    flags: ['--node', node, '--peer-addr', '127.0.0.1:0', ...flags],
    config: { leave_on_terminate: true },
  });

test('among several agents a stop is a pause, and a departure only where the configuration says so', async () => {
  const stays = await startPeer('stays');
  const join = ['--join', stays.addresses.get('peers')?.[0] ?? ''];
  const states = async (): Promise<string[]> => {
    const members = await httpJson<{ Name: string; Status: number }[]>(stays.origin, 'GET /v1/agent/members');
    return members.map(({ Name, Status }) => `${Name} ${Status}`).sort();
  };
  const leaver = await startPeer('leaver', ...join);
  const pauser = await startPeer('pauser', ...join);
  await expect.poll(states, { timeout: 10_000 }).toEqual(['leaver 1', 'pauser 1', 'stays 1']);
  expect(await leaver.stop('SIGTERM')).toMatchObject({ code: 0 });
  expect(await pauser.stop('SIGINT')).toMatchObject({ code: 0 });
  // Left is 3; who only stopped is missed, and alive to others until it is silent for too long.
  expect(await states()).toEqual(['leaver 3', 'pauser 1', 'stays 1']);
});
