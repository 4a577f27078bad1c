/** `validate` and `agent --print-config`: what a configuration is, without starting anything. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { memoryIo } from '../../testing/memory-io.js';
import { temporaryDirectory } from '../../testing/store-tools.js';
import { main } from '../main.js';

let directory: string;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ path: directory, remove } = await temporaryDirectory());
});
afterAll(() => remove());

function file(name: string, content: unknown): string {
  const path = join(directory, name);
  writeFileSync(path, JSON.stringify(content));
  return path;
}

async function run(argv: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  const { io, out, err } = memoryIo({ environment });
  const code = await main(argv, io);
  return { code, out: out(), err: err() };
}

describe('validate', () => {
  test('what is well', async () => {
    const path = file('good.json', {
      services: [{ name: 'web', check: { tcp: '127.0.0.1:1', interval: '1s' } }],
      autopilot: {},
    });
    const { code, out, err } = await run(['validate', path]);
    expect([code, out]).toEqual([0, 'valid: 1 service, 0 node checks\n']);
    expect(err).toBe(`warning: ${path}: autopilot is not supported and has no effect\n`);
  });

  test('every mistake of every file at once, each with file and key', async () => {
    const a = file('a.json', { datacentre: 'x', acl: { enabled: true } });
    const b = file('b.json', { ports: { http: 'x' } });
    const { code, out, err } = await run(['validate', a, b]);
    expect([code, out]).toEqual([1, '']);
    expect(err.split('\n')).toEqual([
      'error: the configuration has 3 mistakes',
      `  ${a}: datacentre is not a known key; did you mean "datacenter"?`,
      expect.stringContaining(`  ${a}: acl.enabled asks for protection`),
      `  ${b}: ports.http expected number, received string`,
      '',
    ]);
  });

  test('what only the rooms know: definitions, policy, DNS records', async () => {
    const path = file('rooms.json', {
      services: [
        { name: 'a', check: { http: 'http://x/' } },
        { name: 'b', meta: { version: 'one' } },
        { name: 'c', check: { args: ['true'], interval: '1s' } },
      ],
      registration_policy: { rules: [{ services: 'b', meta: { version: { type: 'semver' } } }] },
      dns_config: { records: ['x.example A not-an-address'] },
    });
    const { code, out } = await run(['validate', '--json', path]);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toEqual({
      valid: false,
      warnings: [],
      errors: [
        expect.stringMatching(/^dns_config: .*not-an-address/),
        expect.stringMatching(/^services\[0\] "a": Invalid check: Interval must be > 0/),
        expect.stringMatching(/^services\[1\] "b": .*version/),
        expect.stringMatching(/^services\[2\] "c": Scripts are disabled/),
      ],
    });
  });
});

describe('agent --print-config', () => {
  test('every value with its source; nothing is started', async () => {
    const path = file('print.json', { log_level: 'warn', services: [{ name: 'web', token: 's3cret' }] });
    const argv = ['agent', '--config-file', path, '--datacenter', 'dc9', '--print-config'];
    const { code, out, err } = await run(argv, { DATAPUNK_NODE_NAME: 'n9' });
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^datacenter +dc9 +--datacenter$/m);
    expect(out).toMatch(/^node_name +n9 +DATAPUNK_NODE_NAME$/m);
    expect(out).toMatch(/^ports\.http +8500 +default$/m);
    expect(out).toContain(path);
    expect(out).not.toContain('s3cret');
    const printed = JSON.parse((await run([...argv, '--json'])).out) as { key: string }[];
    expect(printed.find(({ key }) => key === 'log_level')).toEqual({ key: 'log_level', value: 'warn', source: path });
  });

  test.each([
    [['--join', '10.0.0.1:x'], 'retry_join.0 must be HOST, HOST:PORT or [IPV6]:PORT'],
    [['--peer-addr', '8301'], '--peer-addr "8301" is not an address; write HOST:PORT'],
    [['--http-addr', '8500'], 'is not an address; write HOST:PORT'],
    [['--config-file', '/nowhere.json'], 'cannot read the configuration file /nowhere.json'],
  ])('an agent that cannot start ends with 1: %j', async (flags, says) => {
    const { code, out, err } = await run(['agent', '--dev', ...flags]);
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain(says);
  });
});
