/** Keys of a configuration file reach what they are for: each test fails when its key is read and then forgotten. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { loadConfig, startAgent, type Agent, type AgentOptions } from '../../src/agent/index.js';
import { askUdp } from '../support/dns-ask.js';
import { http, httpJson } from '../support/http.js';

interface Started extends AsyncDisposable {
  readonly agent: Agent;
  readonly origin: string;
  readonly directory: string;
  readonly log: readonly string[];
  /** Everything in the answer, as text. */
  dns(question: string): Promise<string>;
}

/** An agent in this process, from a configuration file and nothing else. */
async function started(config: object, options: AgentOptions = {}): Promise<Started> {
  const directory = mkdtempSync(join(tmpdir(), 'datapunk-config-'));
  const file = join(directory, 'agent.json');
  const log: string[] = [];
  const basics = {
    node_name: 'one',
    data_dir: join(directory, 'data'),
    ports: { http: 0, dns: 0 },
    log_level: 'trace',
  };
  writeFileSync(file, JSON.stringify({ ...basics, ...config }));
  const loaded = await loadConfig({ configFile: [file] }, {});
  const agent = await startAgent(loaded.config, { ...options, log: (line) => log.push(line) });
  const [host = '', port] = (agent.addresses.dns[0] ?? '').split(':');
  return {
    agent,
    origin: `http://${agent.addresses.http[0]}`,
    directory,
    log,
    dns: async (question) => {
      const { answers, additionals } = await askUdp({ host, port: Number(port) }, question, { edns: 4096 });
      const data = [...answers, ...additionals].map((record) => ('strings' in record ? record.strings : record));
      return JSON.stringify(data, (_, value: unknown) =>
        value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value,
      );
    },
    [Symbol.asyncDispose]: async () => {
      await agent.close();
      rmSync(directory, { recursive: true });
    },
  };
}

describe('registration_policy', () => {
  test('refuses what breaks its rules, and names every field', async () => {
    const rule = { services: 'strict-*', require_standard: true, meta: { version: { type: 'semver' } } };
    await using at = await started({ registration_policy: { rules: [rule] } });
    const refused = await http(at.origin, 'PUT /v1/agent/service/register', {
      Name: 'strict-a',
      Meta: { version: 'x', type: 'api' },
    });
    expect(refused.status).toBe(400);
    for (const field of ['ID', 'Meta.version', 'Meta.environment']) expect(refused.text).toContain(`${field} `);
    await httpJson(at.origin, 'PUT /v1/agent/service/register', { Name: 'free' });
  });

  test('keeps private metadata out of DNS, searches, metrics and the log, and shows it to direct reads', async () => {
    await using at = await started({
      node_meta: { rack: 'r1', owner: 'HIDDEN' },
      services: [{ name: 'web', port: 80, meta: { version: '1.2.0', cost: 'HIDDEN' } }],
      registration_policy: { private_meta_keys: ['cost', 'owner'] },
    });
    for (const question of ['TXT web.instance.consul', 'TXT one.node.consul', 'ANY one.node.consul']) {
      const answer = await at.dns(question);
      expect(answer).toMatch(/version=1\.2\.0|rack=r1/);
      expect(answer).not.toContain('HIDDEN');
    }
    for (const path of ['/v1/internal/search?filter=service==web', '/metrics', '/v1/agent/metrics']) {
      const shown = await http(at.origin, `GET ${path}`);
      expect(shown.status).toBe(200);
      expect(shown.text).not.toContain('HIDDEN');
    }
    expect((await http(at.origin, 'GET /v1/internal/search?filter=cost==HIDDEN')).status).toBe(403);
    expect((await http(at.origin, 'GET /v1/agent/service/web')).text).toContain('HIDDEN');
    expect((await http(at.origin, 'GET /v1/health/service/web')).text).toContain('HIDDEN');
    expect(at.log.join('')).not.toContain('HIDDEN');
  });
});

describe('check_config', () => {
  test('allowed_networks, min_deregister_after', async () => {
    await using at = await started({
      check_config: { allowed_networks: ['10.0.0.0/8'], min_deregister_after: '1s' },
    });
    await httpJson(at.origin, 'PUT /v1/agent/service/register', {
      Name: 'web',
      Check: { TCP: '127.0.0.1:1', Interval: '1s', DeregisterCriticalServiceAfter: '1s' },
    });
    const output = async () => (await http(at.origin, 'GET /v1/agent/checks')).text;
    await vi.waitFor(async () => expect(await output()).toContain('outside the networks'), 5_000);
    await vi.waitFor(async () => expect((await http(at.origin, 'GET /v1/agent/services')).text).toBe('{}'), 10_000);
  });

  test('damping holds a probe critical that changes too often, and says so', async () => {
    let asked = 0;
    const target = createServer((_, answer) => {
      asked += 1;
      answer.writeHead(asked % 2 === 0 ? 500 : 200).end();
    });
    target.listen(0, '127.0.0.1');
    await once(target, 'listening');
    try {
      await using at = await started({ check_config: { damping: true } });
      const url = `http://127.0.0.1:${(target.address() as AddressInfo).port}/`;
      await httpJson(at.origin, 'PUT /v1/agent/service/register', {
        Name: 'web',
        Check: { HTTP: url, Interval: '60s' },
      });
      await vi.waitFor(async () => {
        await http(at.origin, 'PUT /v1/internal/check/run/service:web');
        const history = await httpJson(at.origin, 'GET /v1/internal/health-history/service:web');
        expect(history).toMatchObject({ Flapping: true });
      }, 10_000);
    } finally {
      target.close();
    }
  });

  test('check_output_max_size, discard_check_output', async () => {
    const whole = 'x'.repeat(100);
    expect(await outputOf({})).toBe(whole);
    expect(await outputOf({ check_output_max_size: 10 })).not.toContain(whole);
    expect(await outputOf({ discard_check_output: true })).toBe('');
  });
});

test('a runner of the program that runs the agent is there for definitions in files', async () => {
  const runners = new Map([['mine', { run: async () => ({ status: 'warning', output: 'by mine' }) as const }]]);
  const check = { runner: 'mine', interval: '1s' };
  await using at = await started({ services: [{ name: 'web', check }] }, { runners });
  const shown = async () => httpJson(at.origin, 'GET /v1/agent/checks');
  await vi.waitFor(
    async () => expect(await shown()).toMatchObject({ 'service:web': { Status: 'warning', Output: 'by mine' } }),
    5_000,
  );
});

test('dns_config.records, as a line and as fields', async () => {
  await using at = await started({
    dns_config: {
      records: ['line.consul. 5 A 192.0.2.1', { name: 'fields.consul', type: 'TXT', data: '"of fields"' }],
    },
  });
  expect(await at.dns('A line.consul')).toContain('192.0.2.1');
  expect(await at.dns('TXT fields.consul')).toContain('of fields');
});

test('snapshots are taken by the clock, and no more kept than asked', async () => {
  await using at = await started({ snapshots: { interval: '100ms', retain: 2 } });
  const taken = () => readdirSync(join(at.directory, 'data', 'snapshots')).filter((name) => name.endsWith('.tgz'));
  const first = await vi.waitFor(() => taken()[0] ?? expect.unreachable(), 5_000);
  await vi.waitFor(() => expect(taken()).not.toContain(first), 5_000);
  expect(taken().length).toBeLessThanOrEqual(3);
});

test('limits, http_config, session_ttl_min and telemetry', async () => {
  await using at = await started({
    limits: { kv_max_value_size: 10, request_limits: { mode: 'enforcing', write_rate: 3 } },
    http_config: { response_headers: { 'X-Mine': 'yes' } },
    session_ttl_min: '20s',
    telemetry: { prometheus_retention_time: '1m' },
  });
  const large = await http(at.origin, 'PUT /v1/kv/a', 'x'.repeat(11));
  expect([large.status, large.headers['x-mine']]).toEqual([413, 'yes']);
  expect((await http(at.origin, 'PUT /v1/session/create', { TTL: '15s' })).text).toContain('Invalid Session TTL');
  expect((await http(at.origin, 'GET /v1/agent/metrics?format=prometheus')).status).toBe(200);
  const statuses: number[] = [];
  for (let turn = 0; turn < 6; turn++) statuses.push((await http(at.origin, 'PUT /v1/kv/a', 'x')).status);
  expect(statuses).toContain(429);
});

/** What is shown of a hundred bytes that a check said. */
async function outputOf(config: object): Promise<unknown> {
  await using at = await started(config);
  await httpJson(at.origin, 'PUT /v1/agent/service/register', { Name: 'web', Check: { TTL: '60s' } });
  await http(at.origin, 'PUT /v1/agent/check/update/service:web', { Status: 'passing', Output: 'x'.repeat(100) });
  const checks = await httpJson<Record<string, { Output: string }>>(at.origin, 'GET /v1/agent/checks');
  return checks['service:web']?.Output;
}
