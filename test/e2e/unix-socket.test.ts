import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { Agent as Dispatcher } from 'undici';
import { expect, test } from 'vitest';
import { datapunk } from '../support/agent.js';
import { http } from '../support/http.js';
import { refusal, useAgents } from '../support/use-agents.js';

const agents = useAgents();

const path = (): string => agents.path('agent.sock');
const config = (socket = path()): object => ({
  addresses: { http: `127.0.0.1 unix://${socket}` },
  ports: { http: 0, dns: 0 },
  unix_sockets: { mode: '600' },
});
const over = (line: string, headers = {}): ReturnType<typeof http> =>
  http('http://agent', line, undefined, {
    dispatcher: new Dispatcher({ connect: { socketPath: path() } }),
    headers,
  });

test('a unix socket is served beside a port, with the mode asked for, by the CLI too', async () => {
  const agent = await agents.start({ config: config(), http: 'config', dns: 'config' });
  expect((await over('GET /livez')).status).toBe(200);
  expect((await http(agent.origin, 'GET /livez')).status).toBe(200);
  expect((statSync(path()).mode & 0o777).toString(8)).toBe('600');
  const env = { CONSUL_HTTP_ADDR: `unix://${path()}` };
  expect((await datapunk(['kv', 'put', 'k', 'v'], { env })).code).toBe(0);
  expect((await datapunk(['kv', 'get', 'k'], { env })).stdout).toBe('v');
  // A page on the web reaches no socket, but the rule is the same.
  expect((await over('PUT /v1/kv/k', { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
  await agent.stop();
  expect(existsSync(path())).toBe(false);
});

test('a unix socket alone is an agent without a port', async () => {
  const alone = { addresses: { http: `unix://${path()}` } };
  const agent = await agents.start({ config: alone, http: 'config' });
  expect(agent.addresses.get('HTTP')).toEqual([`unix://${path()}`]);
  expect((await over('GET /v1/status/leader')).status).toBe(200);
});

test('a unix socket that a killed agent left is taken over; that of a living one, and any other file, is not', async () => {
  const killed = await agents.start({ config: config(), http: 'config', dns: 'config' });
  await killed.stop('SIGKILL');
  expect(existsSync(path())).toBe(true);
  await agents.start({ config: config(), http: 'config', dns: 'config' });
  const file = agents.path('second.json');
  const second = async (socket?: string): Promise<string> => {
    writeFileSync(file, JSON.stringify(config(socket)));
    return refusal(await datapunk(['agent', '--dev', '--config-file', file]));
  };
  expect(await second()).toContain(path());
  expect((await over('GET /livez')).status).toBe(200);
  const precious = agents.path('precious');
  writeFileSync(precious, 'kept');
  expect(await second(precious)).toContain(precious);
  expect(readFileSync(precious, 'utf8')).toBe('kept');
  expect(await second(agents.path('x'.repeat(200)))).toContain('unix://');
});
