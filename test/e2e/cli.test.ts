/**
 * The commands of people and scripts, against a real agent. Most run inside the test's process, which is ten times
 * faster than one of their own; standard input, bytes and signals need one.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listenOnLoopback } from '../../src/testing/loopback-server.js';
import { temporaryDirectory } from '../../src/testing/store-tools.js';
import { main } from '../../src/cli/main.js';
import { memoryIo } from '../../src/testing/memory-io.js';
import { datapunk, startAgent, type AgentProcess } from '../support/agent.js';
import { httpJson } from '../support/http.js';

const BIN = join(import.meta.dirname, '../../bin/datapunk');

let agent: AgentProcess;
let directory: string;
let remove: () => Promise<void>;

beforeAll(async () => {
  ({ path: directory, remove } = await temporaryDirectory());
  agent = await startAgent({ config: { node_name: 'n1' } });
});
afterAll(async () => {
  await agent?.stop();
  await remove();
});

async function run(
  ...args: string[]
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const { io, out, err } = memoryIo({ environment: { CONSUL_HTTP_ADDR: new URL(agent.origin).host } });
  const code = await main(args, io);
  return { code, stdout: out(), stderr: err() };
}

async function ok(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(...args);
  expect(stderr).toBe('');
  expect(code, stdout).toBe(0);
  return stdout;
}

async function json<T>(...args: string[]): Promise<T> {
  return JSON.parse(await ok(...args, '--json')) as T;
}

async function settled(look: () => Promise<boolean>): Promise<void> {
  await expect.poll(look, { timeout: 10_000, interval: 100 }).toBe(true);
}

describe('register, discover, deregister', () => {
  test('an instance with tags, metadata and a check', async () => {
    const target = await listenOnLoopback(createServer((_, response) => response.end('well')));
    const [, port = ''] = target.address.split(':');
    const flags = ['--tag', 'v1', '--meta', 'version=1.0.0', '--check-http', '/health', '--interval', '1s'];
    expect(await ok('register', 'api', '--id', 'api-1', '--port', port, '--address', '127.0.0.1', ...flags)).toBe(
      'registered api as api-1\n',
    );
    await settled(async () => (await run('discover', 'api')).code === 0);
    const expected = {
      id: 'api-1',
      service: 'api',
      address: '127.0.0.1',
      port: Number(port),
      healthy: true,
      status: 'passing',
    };
    expect(await json('discover', 'api', '--tag', 'V1')).toEqual([
      expect.objectContaining({
        ...expected,
        tags: ['v1'],
        metadata: { version: '1.0.0' },
        node: 'n1',
        datacenter: 'dc1',
        weight: 1,
      }),
    ]);
    expect(await ok('discover', 'api')).toMatch(
      /^ADDRESS +STATUS +ID +NODE +TAGS +META\n127\.0\.0\.1:\d+ +passing +api-1 +n1 +v1 +version=1\.0\.0\n$/,
    );
    expect(await ok('services')).toMatch(/^api +1 +1 passing +v1$/m);
    expect(await json('services', '--filter', 'Service.Meta.version == "1.0.0"')).toEqual([
      expect.objectContaining(expected),
    ]);

    await target.close();
    await settled(async () => (await run('discover', 'api')).code === 3);
    const { stdout, stderr } = await run('discover', 'api');
    expect([stdout, stderr]).toEqual([
      '',
      '"api" has 1 registered, none of them passing; "datapunk health api" shows why\n',
    ]);
    const health = await ok('health', 'api');
    expect(health).toMatch(/^api-1 +n1 +Service 'api' check +critical +.*refused/m);
    expect(health).toMatch(/passing → critical/);
    expect(await ok('health')).toContain('api-1');
    expect(await json<object[]>('discover', 'api', '--all')).toHaveLength(1);

    expect(await ok('deregister', 'api-1')).toBe('deregistered api-1\n');
    expect((await run('discover', 'api')).stderr).toContain('no service "api" is registered');
    expect((await run('deregister', 'api-1')).code).toBe(3);
  });

  test('definitions from a file, in the spelling of configuration files', async () => {
    const file = join(directory, 'services.json');
    writeFileSync(
      file,
      JSON.stringify({
        services: [
          { name: 'fa', enable_tag_override: true },
          { Name: 'fb', ID: 'fb-1' },
        ],
      }),
    );
    expect(await ok('register', '--file', file)).toBe('registered fa\nregistered fb as fb-1\n');
    expect((await json<{ name: string }[]>('services')).map(({ name }) => name)).toEqual(['consul', 'fa', 'fb']);
    writeFileSync(file, JSON.stringify({ service: { name: 'fa', prot: 1 } }));
    const { code, stderr } = await run('register', '--file', file);
    expect([code, stderr]).toEqual([2, `error: ${file}: unknown field "prot"\n`]);
    await ok('deregister', 'fa');
    await ok('deregister', 'fb-1');
  });

  test('what the agent refuses is told in its words', async () => {
    const { code, stderr } = await run('register', 'bad', '--address', '0.0.0.0');
    expect([code, stderr]).toEqual([2, 'error: Invalid service address\n']);
  });

  test('names that would be syntax are plain data', async () => {
    await ok('register', '__proto__', '--id', 'a/b ?#%', '--meta', 'constructor=x');
    expect(await json('discover', '__proto__')).toEqual([
      expect.objectContaining({ id: 'a/b ?#%', service: '__proto__' }),
    ]);
    expect(await ok('services')).toMatch(/^__proto__ +1 /m);
    await ok('deregister', 'a/b ?#%');
  });
});

describe('maintenance', () => {
  test('of an instance, and what is out', async () => {
    await ok('register', 'm', '--port', '1');
    expect(await ok('maint')).toBe('nothing is in maintenance\n');
    expect(await ok('maint', 'on', '--service', 'm', '--reason', 'new disk')).toBe('m is in maintenance\n');
    expect(await ok('maint')).toMatch(/^m +new disk$/m);
    expect((await json<{ status: string }[]>('discover', 'm', '--all'))[0]?.status).toBe('maintenance');
    expect(await ok('maint', 'off', '--service', 'm')).toBe('m is back\n');
    await ok('deregister', 'm');
    expect((await run('maint', 'on', '--service', 'gone')).code).toBe(3);
  });
});

describe('key-values', () => {
  test('put, get, list, delete', async () => {
    expect(await ok('kv', 'put', 'app/motd', 'hello')).toBe('stored app/motd (5 bytes)\n');
    expect(await ok('kv', 'get', 'app/motd')).toBe('hello');
    expect(await ok('kv', 'get', 'app/', '--recurse')).toMatch(/^app\/motd +hello$/m);
    expect(await ok('kv', 'list', 'app/')).toBe('app/motd\n');
    expect(await ok('kv', 'list', '--separator', '/')).toBe('app/\n');
    expect(await json('kv', 'list', 'app/')).toEqual(['app/motd']);
    await ok('kv', 'delete', '--recurse', 'app/');
    const gone = await run('kv', 'get', 'app/motd');
    expect([gone.code, gone.stderr]).toEqual([3, 'error: there is no key "app/motd"\n']);
  });

  test('only if nobody was faster', async () => {
    await ok('kv', 'put', 'cas', 'a', '--cas', '0');
    expect((await run('kv', 'put', 'cas', 'b', '--cas', '0')).code).toBe(6);
    const [pair] = await json<{ ModifyIndex: number }[]>('kv', 'get', 'cas');
    await ok('kv', 'put', 'cas', 'b', '--cas', String(pair?.ModifyIndex));
    expect((await run('kv', 'delete', 'cas', '--cas', '1')).code).toBe(6);
    expect(await ok('kv', 'get', 'cas')).toBe('b');
    await ok('kv', 'delete', 'cas');
  });

  test('any bytes, from stdin and to a pipe', async () => {
    const bytes = Buffer.from([0, 255, 10, 128, 27]);
    const env = { ...process.env, CONSUL_HTTP_ADDR: new URL(agent.origin).host };
    execFileSync(BIN, ['kv', 'put', 'bytes', '-'], { input: bytes, env });
    expect(execFileSync(BIN, ['kv', 'get', 'bytes'], { env })).toEqual(bytes);
    await ok('kv', 'delete', 'bytes');
  });

  test('flags beyond what a number can hold', async () => {
    await ok('kv', 'put', 'flags', '--flags', '18446744073709551615');
    expect(await ok('kv', 'get', 'flags', '--json')).toContain('"Flags": 18446744073709551615');
    expect(await ok('kv', 'get', 'flags', '--detailed')).toMatch(/^Flags +18446744073709551615$/m);
    await ok('kv', 'delete', 'flags');
  });
});

describe('the rest of the state', () => {
  test('nodes and members', async () => {
    expect(await ok('nodes')).toMatch(/^n1 +127\.0\.0\.1 +passing +dc1 /m);
    expect(await json('nodes')).toEqual([expect.objectContaining({ Node: 'n1' })]);
    expect(await ok('members')).toMatch(/^n1 +127\.0\.0\.1:\d+ +alive +dc1 .* self, home$/m);
  });

  test('a snapshot is saved, proved whole, and restored', async () => {
    const file = join(directory, 'all.snap');
    await ok('kv', 'put', 'kept', 'yes');
    expect(await ok('snapshot', 'save', file)).toMatch(/^saved .*: \d+ bytes, index \d+\n$/);
    expect((await run('snapshot', 'save', file)).code).toBe(2);
    expect(await ok('snapshot', 'inspect', file)).toMatch(/^Node +n1 in dc1$/m);
    await ok('kv', 'delete', 'kept');
    await ok('snapshot', 'restore', file);
    expect(await ok('kv', 'get', 'kept')).toBe('yes');

    const cut = join(directory, 'cut.snap');
    writeFileSync(cut, readFileSync(file).subarray(0, 200));
    expect((await run('snapshot', 'inspect', cut)).code).toBe(2);
    expect((await run('snapshot', 'restore', cut)).code).toBe(1);
    expect(await ok('kv', 'get', 'kept')).toBe('yes');
    expect((await run('snapshot', 'inspect', join(directory, 'none.snap'))).code).toBe(3);
    await ok('kv', 'delete', 'kept');
  });
});

describe('DNS', () => {
  test('is found through the agent', async () => {
    await ok('register', 'web', '--id', 'web-1', '--address', '10.0.0.7', '--port', '80');
    expect(await ok('dns', 'web')).toMatch(
      /^web\.service\.consul +0 +SRV +0a000007\.addr\.dc1\.consul port 80 priority 1 weight 1$/m,
    );
    expect(await ok('dns', 'web.service.consul', 'a', '--tcp')).toMatch(/^web\.service\.consul +0 +A +10\.0\.0\.7$/m);
    expect(await ok('dns', '10.0.0.7')).toMatch(/PTR +web\.service\.dc1\.consul$/m);
    expect((await json<{ rcode: string; answers: object[] }>('dns', 'n1.node.consul')).answers).toEqual([
      { name: 'n1.node.consul', ttl: 0, type: 'A', data: '127.0.0.1' },
    ]);
    const none = await run('dns', 'nope');
    expect([none.code, none.stdout.startsWith('NXDOMAIN, 0 answers')]).toEqual([3, true]);
    expect((await run('dns', 'web', 'BOGUS')).code).toBe(2);
    await ok('deregister', 'web-1');
  });

  test('nobody there is told', async () => {
    const { code, stderr } = await run('dns', 'web', '--dns-addr', '127.0.0.1:1');
    expect(code).toBe(4);
    expect(stderr).toContain('no DNS answer from 127.0.0.1:1 over UDP: nobody listens there');
  });
});

describe('doctor', () => {
  test('says what is well, what is not, and what to do', async () => {
    for (let i = 1; i <= 5; i++)
      await ok('register', 'many', '--id', `many-${i}`, '--address', `10.0.0.${i}`, '--port', '80');
    const { code, stdout } = await run('doctor');
    expect(code, stdout).toBe(0);
    expect(stdout).toMatch(/^✓ agent +datapunk .* answers at .*: node n1 in dc1$/m);
    expect(stdout).toMatch(/^✓ clock /m);
    expect(stdout).toMatch(/^✓ DNS over UDP /m);
    expect(stdout).toMatch(/^✓ DNS over TCP /m);
    expect(stdout).toMatch(
      /^! DNS answers +over plain UDP 1 service is cut silently: many \(3 of 5\)\n +Set dns_config\.enable_truncate/m,
    );
    const findings = await json<{ level: string; subject: string }[]>('doctor');
    expect(findings.filter(({ level }) => level === 'problem')).toEqual([]);
    for (let i = 1; i <= 5; i++) await ok('deregister', `many-${i}`);
  });

  test('without an agent it still looks, and ends with 1', async () => {
    const flags = ['--http-addr', '127.0.0.1:1', '--dns-addr', '127.0.0.1:1', '--data-dir', '/dev/null'];
    const { code, stdout } = await run('doctor', ...flags);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^✗ agent +cannot reach an agent at http:\/\/127\.0\.0\.1:1: connection refused$/m);
    expect(stdout).toMatch(/^✗ DNS over UDP /m);
    expect(stdout).toMatch(/^✗ data dir +\/dev\/null is not a directory$/m);
  });
});

describe('watch', () => {
  test('a line for every change in a pipe, a full set per line with --json, until it is stopped', async () => {
    let stopText: (() => void) | undefined;
    let stopJson: (() => void) | undefined;
    const env = { CONSUL_HTTP_ADDR: new URL(agent.origin).host };
    const text = datapunk(['watch', 'w'], { env, started: (signal) => (stopText = () => signal('SIGINT')) });
    const sets = datapunk(['watch', 'w', '--json'], { env, started: (signal) => (stopJson = () => signal('SIGTERM')) });
    const waiters = async (): Promise<boolean> => {
      const { Gauges } = await httpJson<{ Gauges: { Name: string; Value: number }[] }>(
        agent.origin,
        'GET /v1/agent/metrics',
      );
      return Gauges.some(({ Name, Value }) => Name.includes('blocking') && Value >= 2);
    };
    await settled(waiters);
    await ok('register', 'w', '--id', 'w-1', '--port', '80');
    await ok('maint', 'on', '--service', 'w-1');
    await settled(waiters);
    await ok('deregister', 'w-1');
    await settled(waiters);
    stopText?.();
    stopJson?.();
    const [lines, values] = await Promise.all([text, sets]);
    expect([lines.code, values.code]).toEqual([0, 0]);
    expect(lines.stdout).toMatch(
      /^\+ w-1 127\.0\.0\.1:80 (passing|maintenance)\n(~ w-1 127\.0\.0\.1:80 maintenance\n)?- w-1 127\.0\.0\.1:80 maintenance\n$/,
    );
    const parsed = values.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object[]);
    expect([parsed[0], parsed.at(-1)]).toEqual([[], []]);
    expect(parsed.some((set) => set.length === 1)).toBe(true);
  });
});

describe('where and who', () => {
  test('no agent: what, where, what to do, and 4', async () => {
    const { code, stdout, stderr } = await run('services', '--http-addr', '127.0.0.1:1');
    expect([code, stdout]).toEqual([4, '']);
    expect(stderr).toBe(
      'error: cannot reach an agent at http://127.0.0.1:1: connection refused\n' +
        '  Start one with "datapunk agent --dev", or name its address with --http-addr or CONSUL_HTTP_ADDR.\n',
    );
  });

  test('over a unix socket', async () => {
    const socket = join(directory, 'agent.sock');
    await using other = await startAgent({
      http: 'config',
      config: { addresses: { http: `unix://${socket}` }, unix_sockets: { mode: '600' }, node_name: 'sock' },
    });
    const { stdout, code, stderr } = await run('nodes', '--http-addr', `unix://${socket}`);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^sock /m);
    expect((await other.stop()).code).toBe(0);
  });
});
