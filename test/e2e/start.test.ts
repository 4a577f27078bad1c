/** How an agent starts, and what it says when it cannot: one clear line and exit code 1. */
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { listenOnLoopback } from '../../src/testing/loopback-server.js';
import { datapunk } from '../support/agent.js';
import { askUdp } from '../support/dns-ask.js';
import { http, httpJson } from '../support/http.js';
import { FREE_PORTS, refusal, useAgents } from '../support/use-agents.js';

const agents = useAgents();

describe('an agent that cannot start says why in one line and ends with 1', () => {
  test.each(['http', 'dns'] as const)('a port that is taken: %s', async (which) => {
    const taken = await listenOnLoopback(createServer());
    const flags = which === 'http' ? ['--http-addr', taken.address] : ['--http-addr', '127.0.0.1:0'];
    const dns = which === 'dns' ? ['--dns-addr', taken.address] : ['--dns-addr', '127.0.0.1:0'];
    const line = refusal(await datapunk(['agent', '--dev', ...flags, ...dns]));
    await taken.close();
    expect(line).toContain(taken.address);
    expect(line).toContain('taken');
  });

  test('an address this machine does not have', async () => {
    const line = refusal(await datapunk(['agent', '--dev', '--dns-addr', '127.0.0.1:0', '--http-addr', '192.0.2.1:0']));
    expect(line).toContain('192.0.2.1');
  });

  test('a data directory that cannot be made or written', async () => {
    writeFileSync(agents.path('file'), '');
    for (const dataDir of [agents.path('file'), agents.path('file/data'), '/proc/datapunk']) {
      expect(refusal(await datapunk(['agent', '--data-dir', dataDir, ...FREE_PORTS]))).toContain(dataDir);
    }
  });

  test('a second agent on one data directory, and the first goes on', async () => {
    const dataDir = agents.path('data');
    const first = await agents.start({ dataDir });
    await httpJson(first.origin, 'PUT /v1/kv/a', '1');
    const line = refusal(await datapunk(['agent', '--data-dir', dataDir, ...FREE_PORTS]));
    expect(line).toContain(dataDir);
    expect(line).toContain(String(first.pid));
    await httpJson(first.origin, 'PUT /v1/kv/a', '2');
    await first.stop('SIGKILL');
    // What the killed one left is no obstacle.
    const next = await agents.start({ dataDir });
    expect((await http(next.origin, 'GET /v1/kv/a?raw')).text).toBe('2');
  });

  test('a configuration file that is none, an unknown key, a missing certificate', async () => {
    const file = agents.path('agent.json');
    const tried = async (text: string): Promise<string> => {
      writeFileSync(file, text);
      return (await datapunk(['agent', '--dev', '--config-file', file, ...FREE_PORTS])).stderr;
    };
    expect(await tried('{ "node_name": ')).toContain(file);
    expect(await tried('{ "node_nam": "x" }')).toContain('node_name');
    const noFile = { ports: { https: 0 }, tls: { defaults: { cert_file: '/nowhere.crt', key_file: '/nowhere.key' } } };
    expect(await tried(JSON.stringify(noFile))).toContain('/nowhere.crt');
    expect(await tried('['.repeat(100_000))).toContain(file);
    expect(await tried('{ "acl": { "enabled": true } }')).toContain('acl.enabled');
  });
});

test('port 0 takes any free one, names it, and data directories are made with their parents', async () => {
  const dataDir = agents.path('a/b/c');
  const agent = await agents.start({ dataDir });
  expect(Number(new URL(agent.origin).port)).toBeGreaterThan(0);
  expect((await http(agent.origin, 'GET /v1/status/leader')).status).toBe(200);
  expect((await askUdp(agent.dns, 'SOA consul')).rcode).toBe(0);
  expect(existsSync(`${dataDir}/FORMAT`)).toBe(true);
});
