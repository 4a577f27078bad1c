/** `datapunk dev`: three real services that find and call each other, survive a kill, and leave nothing behind. */
import { join } from 'node:path';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { isProcessRunning } from '../../src/testing/running-process.js';
import { httpJson } from '../support/http.js';

const BIN = join(import.meta.dirname, '../../bin/datapunk');

interface Dev {
  readonly child: ChildProcess;
  text(): string;
  readonly exited: Promise<number | null>;
}

const running: Dev[] = [];
afterEach(() => {
  for (const { child } of running.splice(0)) child.kill('SIGKILL');
});

function dev(...flags: string[]): Dev {
  const free = ['--http-addr', '127.0.0.1:0', '--dns-addr', '127.0.0.1:0'];
  const child = spawn(BIN, ['dev', ...free, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  running.push({ child, text: () => text, exited });
  return running.at(-1) as Dev;
}

async function says(one: Dev, pattern: RegExp): Promise<RegExpExecArray> {
  await expect.poll(() => pattern.test(one.text()), { timeout: 20_000, message: one.text() }).toBe(true);
  return pattern.exec(one.text()) as RegExpExecArray;
}

const SERVICES = ['web', 'orders', 'stock'];

async function allPassing(one: Dev): Promise<void> {
  for (const name of SERVICES) await says(one, new RegExp(`^${name} passing at `, 'm'));
}

function pidsOf(one: Dev): number[] {
  return [...one.text().matchAll(/: process (\d+) started/g)].map(([, pid]) => Number(pid));
}

async function allGone(pids: readonly number[]): Promise<void> {
  await expect.poll(() => pids.filter(isProcessRunning), { timeout: 5_000 }).toEqual([]);
}

test('three services register, pass and call each other; a killed one comes back; Ctrl-C leaves nothing', async () => {
  const one = dev();
  await allPassing(one);
  const [, origin = ''] = await says(one, /^API +(http:\/\/127\.0\.0\.1:\d+)\//m);
  expect(Object.keys(await httpJson<object>(origin, 'GET /v1/catalog/services')).sort()).toEqual([
    'consul',
    'orders',
    'stock',
    'web',
  ]);
  await says(one, /^calls {2}web → orders: [1-9]\d* ok.*; orders → stock: [1-9]\d* ok.*; stock → web: [1-9]\d* ok/m);

  const victim = Number((await says(one, /^orders: process (\d+) started$/m))[1]);
  process.kill(victim, 'SIGKILL');
  await says(one, new RegExp(`^orders: process ${victim} killed by SIGKILL; starting it again in \\d s$`, 'm'));
  await expect.poll(() => pidsOf(one).length, { timeout: 10_000 }).toBe(4);
  const { length } = one.text();
  await expect.poll(() => /^orders passing at /m.test(one.text().slice(length)), { timeout: 10_000 }).toBe(true);

  one.child.kill('SIGINT');
  expect(await one.exited).toBe(0);
  await allGone(pidsOf(one));
}, 60_000);

test('--exit-after ends it by itself', async () => {
  const one = dev('--exit-after', '2s');
  expect(await one.exited).toBe(0);
  expect(pidsOf(one)).toHaveLength(3);
  await allGone(pidsOf(one));
});

test('killed with -9 it takes its services along', async () => {
  const one = dev();
  await allPassing(one);
  one.child.kill('SIGKILL');
  await one.exited;
  await allGone(pidsOf(one));
}, 30_000);
