/**
 * How soon a blocking query answers after a write: one waiter (p50 over many writes), and the last of 1,000 waiters.
 * The clock starts when the write is sent, so the commit is part of it. Beside a bare round trip of the same size.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'undici';
import { load, median, percentile } from './support/load.js';
import { startAgent, startBareHttp } from './support/processes.js';
import { report } from './support/report.js';
import { Waiters } from './support/waiters.js';

const WRITES = 300;
const WAITERS = 1_000;
const STORMS = 5;

const dataDir = mkdtempSync(join(tmpdir(), 'bench-wake-'));
const agent = await startAgent({ dataDir });
const bare = await startBareHttp(600);
const port = Number(new URL(agent.origin).port);
const writer = new Pool(agent.origin, { connections: 1, pipelining: 1 });
const one = await Waiters.open(port, 1);
const many = await Waiters.open(port, WAITERS);

async function write(i: number): Promise<void> {
  const body = JSON.stringify({ Name: 'watched', ID: 'w1', Port: 1 + (i % 60_000) });
  const answer = await writer.request({ method: 'PUT', path: '/v1/agent/service/register', body });
  await answer.body.dump();
}

async function currentIndex(): Promise<string> {
  const answer = await writer.request({ method: 'GET', path: '/v1/health/service/watched' });
  await answer.body.dump();
  return String(answer.headers['x-consul-index']);
}

const query = (index: string): string => `/v1/health/service/watched?index=${index}&wait=30s`;
const settle = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

try {
  await write(0);
  const single: number[] = [];
  for (let i = 1; i <= WRITES; i++) {
    const [waiting] = one.ask(query(await currentIndex()));
    await settle(2);
    const sent = performance.now();
    const writing = write(i);
    single.push(((await waiting) ?? Number.NaN) - sent);
    await writing;
  }
  const last: number[] = [];
  for (let storm = 0; storm < STORMS; storm++) {
    const waiting = many.ask(query(await currentIndex()));
    await settle(1_500);
    const sent = performance.now();
    const writing = write(10_000 + storm);
    last.push(Math.max(...(await Promise.all(waiting))) - sent);
    await writing;
  }
  const roundTrip = await load(bare.origin, 1, WRITES, () => ({ method: 'GET', path: '/' }));
  const p50 = percentile(single, 0.5);
  const slowest = median(last);
  report([
    {
      what: 'write to one blocking query answered, p50',
      measured: `${p50.toFixed(2)} ms (p99 ${percentile(single, 0.99).toFixed(2)} ms), durable write included`,
      beside: `bare HTTP round trip ${roundTrip.p50Ms.toFixed(2)} ms`,
      bar: '<= 1 ms',
      reached: p50 <= 1,
    },
    {
      what: '1,000 waiting: the last answered after',
      measured: `${slowest.toFixed(1)} ms (at the client)`,
      bar: '<= 50 ms',
      reached: slowest <= 50,
    },
  ]);
} finally {
  one.close();
  many.close();
  await writer.destroy();
  await Promise.all([agent.stop(), bare.stop()]);
  rmSync(dataDir, { recursive: true, force: true });
}
