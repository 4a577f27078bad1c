/** Who may do what: pages of other origins, too many requests, too many connections, an address open to the network. */
import { describe, expect, test } from 'vitest';
import type { AgentProcess } from '../support/agent.js';
import { http, httpJson } from '../support/http.js';
import { connection, exchange, statuses } from '../support/raw.js';
import { useAgents } from '../support/use-agents.js';

const agents = useAgents();

/** What a browser sends; `host` is what the page's address bar says. */
async function write(agent: AgentProcess, headers: Record<string, string>, host?: string): Promise<number> {
  const name = host ?? new URL(agent.origin).host;
  const lines = Object.entries({ Host: name, ...headers, Connection: 'close' }).map(
    ([key, value]) => `${key}: ${value}`,
  );
  const request = `PUT /v1/kv/page HTTP/1.1\r\n${lines.join('\r\n')}\r\nContent-Length: 1\r\n\r\nx`;
  return statuses((await exchange(agent.origin, request)).text)[0] ?? 0;
}

describe('web pages', () => {
  test('of another origin may not write; our own page and programs may', async () => {
    const agent = await agents.start({ config: { http_config: { allowed_hosts: ['agent.internal'] } } });
    const { host, port } = new URL(agent.origin);
    const same = { 'Sec-Fetch-Site': 'same-origin', Origin: `http://${host}` };
    expect(await write(agent, {})).toBe(200);
    expect(await write(agent, same)).toBe(200);
    expect(await write(agent, { 'Sec-Fetch-Site': 'none' })).toBe(200);
    expect(await write(agent, { Origin: `http://localhost:${port}` }, `localhost:${port}`)).toBe(200);
    expect(await write(agent, { Origin: `http://agent.internal:${port}` }, `agent.internal:${port}`)).toBe(200);

    expect(await write(agent, { 'Sec-Fetch-Site': 'cross-site' })).toBe(403);
    expect(await write(agent, { 'Sec-Fetch-Site': 'same-site' })).toBe(403);
    expect(await write(agent, { ...same, 'Sec-Fetch-Site': 'cross-site' })).toBe(403);
    expect(await write(agent, { Origin: 'https://evil.example' })).toBe(403);
    expect(await write(agent, { Origin: 'null' })).toBe(403);
    expect(await write(agent, { Origin: '' })).toBe(403);
    // Another port of this machine is another origin.
    expect(await write(agent, { Origin: `http://127.0.0.1:${Number(port) + 1}` })).toBe(403);
    // DNS rebinding: the attacker's name points here, so page and host are the same, and none of ours.
    expect(await write(agent, { Origin: `http://evil.example:${port}` }, `evil.example:${port}`)).toBe(403);
    expect(
      await write(
        agent,
        { Origin: `http://evil.example:${port}`, 'Sec-Fetch-Site': 'same-origin' },
        `evil.example:${port}`,
      ),
    ).toBe(403);
    expect(await write(agent, { Origin: `http://127.0.0.1.evil.example` }, '127.0.0.1.evil.example')).toBe(403);
    // Nothing is offered to other origins: a preflight gets no permission, a read no header that opens it.
    const preflight = `OPTIONS /v1/kv/page HTTP/1.1\r\nHost: ${host}\r\nOrigin: https://evil.example\r\nAccess-Control-Request-Method: PUT\r\nConnection: close\r\n\r\n`;
    expect((await exchange(agent.origin, preflight)).text.toLowerCase()).not.toContain('access-control');
    const read = await http(agent.origin, 'GET /v1/kv/page?raw', undefined, {
      headers: { Origin: 'https://evil.example' },
    });
    expect([read.status, Object.keys(read.headers).filter((name) => name.startsWith('access-control'))]).toEqual([
      200,
      [],
    ]);
  });
});

const limited = (mode: string): object => ({ limits: { request_limits: { mode, read_rate: 20, write_rate: 5 } } });
const tried = async (agent: AgentProcess, line: string): Promise<Map<number, number>> => {
  const answers = await Promise.all(
    Array.from({ length: 60 }, () => http(agent.origin, line, line.startsWith('PUT') ? 'x' : undefined)),
  );
  for (const { status, headers, text } of answers) {
    if (status !== 429) continue;
    expect(Number(headers['retry-after'])).toBeGreaterThanOrEqual(1);
    expect(text).toContain('rate limit exceeded');
  }
  return answers.reduce(
    (counts, { status }) => counts.set(status, (counts.get(status) ?? 0) + 1),
    new Map<number, number>(),
  );
};

describe('request limits', () => {
  test('enforcing: 429 with Retry-After beyond the rate, reads and writes apart, and 200 again later', async () => {
    const agent = await agents.start({ config: limited('enforcing') });
    const writes = await tried(agent, 'PUT /v1/kv/a');
    expect(writes.get(200)).toBeGreaterThanOrEqual(5);
    expect(writes.get(429)).toBeGreaterThan(30);
    const reads = await tried(agent, 'GET /v1/status/leader');
    expect(reads.get(200)).toBeGreaterThanOrEqual(15);
    expect(reads.get(429)).toBeGreaterThan(10);
    await expect.poll(async () => (await http(agent.origin, 'PUT /v1/kv/a', 'x')).status, { timeout: 3_000 }).toBe(200);
    // Who watches over the agent is not kept out.
    expect(await tried(agent, 'GET /livez')).toEqual(new Map([[200, 60]]));
  });

  test('permissive: all are served, and it is said', async () => {
    const agent = await agents.start({ config: limited('permissive') });
    expect(await tried(agent, 'PUT /v1/kv/a')).toEqual(new Map([[200, 60]]));
    await expect.poll(() => agent.log()).toContain('http.rate-limit-exceeded');
  });

  test('off by default', async () => {
    const agent = await agents.start();
    expect(await tried(agent, 'PUT /v1/kv/a')).toEqual(new Map([[200, 60]]));
  });
});

describe('connections', () => {
  test('beyond the total of the configuration none is taken, and those there are go on', async () => {
    const agent = await agents.start({ config: { limits: { http_max_conns: 20 } } });
    const held = await Promise.all(Array.from({ length: 20 }, () => connection(agent.origin)));
    const extra = await exchange(
      agent.origin,
      'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n',
      (text) => text.includes('200'),
      2_000,
    );
    expect(extra).toEqual({ text: '', closed: true });
    const [first] = held;
    const answered = new Promise((resolve) => first?.once('data', resolve));
    first?.write('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(String(await answered)).toContain('200 OK');
    for (const socket of held) socket.destroy();
    await expect.poll(async () => (await http(agent.origin, 'GET /livez')).status, { timeout: 3_000 }).toBe(200);
  });

  test('from loopback are not counted by client', async () => {
    const agent = await agents.start({ config: { limits: { http_max_conns_per_client: 5 } } });
    const held = await Promise.all(Array.from({ length: 50 }, () => connection(agent.origin)));
    expect(await httpJson(agent.origin, 'GET /v1/status/leader')).toBe('127.0.0.1:8300');
    for (const socket of held) socket.destroy();
  });

  test('open to the network without authentication: said loudly at the start', async () => {
    const open = await agents.start({ http: '0.0.0.0:0' });
    expect(open.log()).toContain('http.open_to_network_without_authentication');
    expect(open.log()).toContain('0.0.0.0:');
    const closed = await agents.start();
    expect(closed.log()).toBe('');
  });
});

test('secrets given in requests are in no log', async () => {
  const agent = await agents.start({ logLevel: 'debug' });
  const secret = 'b1946ac9-secret';
  const headers = { 'X-Consul-Token': secret, Authorization: `Bearer ${secret}` };
  await http(agent.origin, `GET /v1/agent/self?token=${secret}`, undefined, { headers });
  await http(agent.origin, `GET /v1/no/such?token=${secret}`, undefined, { headers });
  await http(agent.origin, `PUT /v1/agent/service/register?token=${secret}`, '{"Name":', { headers });
  await http(
    agent.origin,
    'PUT /v1/agent/check/register',
    {
      Name: 'with-secrets',
      HTTP: `http://127.0.0.1:1/`,
      Header: { Authorization: [secret] },
      Body: secret,
      Interval: '1s',
    },
    { headers },
  );
  const checks = await http(agent.origin, 'GET /v1/agent/checks');
  expect(checks.text).toContain('with-secrets');
  expect(checks.text).not.toContain(secret);
  expect((await http(agent.origin, 'GET /v1/health/state/any')).text).not.toContain(secret);
  await expect
    .poll(async () => (await http(agent.origin, 'GET /v1/agent/checks')).text)
    .toContain('connection refused');
  await agent.stop();
  expect(agent.log()).not.toContain(secret);
});
