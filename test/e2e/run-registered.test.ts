/** `register --exec`: a program that is registered for as long as it runs. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { temporaryDirectory } from '../../src/testing/store-tools.js';
import { isProcessRunning } from '../../src/testing/running-process.js';
import { datapunk, startAgent, type AgentProcess, type Finished } from '../support/agent.js';
import { httpJson } from '../support/http.js';

let agent: AgentProcess;
let directory: string;
let remove: () => Promise<void>;
let program: string;

beforeAll(async () => {
  ({ path: directory, remove } = await temporaryDirectory());
  program = join(directory, 'program.mjs');
  // Says its pid, and on SIGTERM what the agent thinks of its instance at that moment.
  writeFileSync(
    program,
    `import { writeFileSync } from 'node:fs';
     console.log('pid', process.pid, ...process.argv.slice(2));
     process.on('SIGTERM', async () => {
       const checks = await (await fetch(process.env.ORIGIN + '/v1/agent/checks')).json();
       console.log('drained', '_service_maintenance:job-1' in checks);
       process.exit(7);
     });
     writeFileSync(process.env.UP, '');
     setInterval(() => {}, 1000);`,
  );
  agent = await startAgent();
});
afterAll(async () => {
  await agent?.stop();
  await remove();
});

interface Running {
  readonly finished: Promise<Finished>;
  signal(name: NodeJS.Signals): void;
}

function register(flags: readonly string[], command: readonly string[]): Running {
  let send: ((name: NodeJS.Signals) => void) | undefined;
  const env = { CONSUL_HTTP_ADDR: new URL(agent.origin).host, ORIGIN: agent.origin, UP: join(directory, 'up') };
  const args = ['register', 'job', ...flags, '--exec', '--', ...command];
  return {
    finished: datapunk(args, { env, started: (signal) => (send = signal) }),
    signal: (name) => send?.(name),
  };
}

interface CheckJson {
  readonly Status: string;
  readonly Type: string;
}

async function checks(): Promise<Record<string, CheckJson>> {
  return httpJson(agent.origin, 'GET /v1/agent/checks');
}

async function instances(): Promise<string[]> {
  return Object.keys(await httpJson<object>(agent.origin, 'GET /v1/agent/services'));
}

test('it is registered with a heartbeat while it runs; a signal drains first; its exit code is ours; then it is gone', async () => {
  const job = register(['--id', 'job-1', '--port', '9', '--drain', '100ms'], ['node', program, '--flag', 'x y']);
  await expect
    .poll(async () => (await checks())['program:job-1'], { timeout: 10_000 })
    .toMatchObject({ Status: 'passing', Type: 'ttl' });
  await expect.poll(() => existsSync(join(directory, 'up')), { timeout: 10_000 }).toBe(true);
  job.signal('SIGTERM');
  const { code, stdout, stderr } = await job.finished;
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^pid \d+ --flag x y\ndrained true\n$/);
  expect(code).toBe(7);
  expect(await instances()).toEqual([]);
  expect(isProcessRunning(Number(/pid (\d+)/.exec(stdout)?.[1]))).toBe(false);
});

test('an instance id of its own is made when none is given', async () => {
  const job = register(['--port', '9', '--ttl', '3s'], ['sleep', '30']);
  await expect.poll(instances, { timeout: 10_000 }).toEqual([expect.stringMatching(/^job-[0-9a-f]{8}$/)]);
  expect(Object.values(await checks())).toEqual([expect.objectContaining({ Type: 'ttl', Status: 'passing' })]);
  job.signal('SIGINT');
  expect((await job.finished).code).toBe(128 + 2);
  expect(await instances()).toEqual([]);
});

test.each([
  [['sh', '-c', 'exit 3'], 3],
  [['sh', '-c', 'kill -9 $$'], 128 + 9],
  [['no-such-program'], 127],
])('%j ends with %i and leaves nothing registered', async (command, code) => {
  expect((await register([], command).finished).code).toBe(code);
  expect(await instances()).toEqual([]);
});

test('when the registration is refused the program is not started', async () => {
  const { code, stdout } = await register(['--address', '0.0.0.0'], ['node', program]).finished;
  expect([code, stdout]).toEqual([2, '']);
});
