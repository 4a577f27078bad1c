/**
 * Durable registrations a second, 64 at once: each acknowledged only after its sync (group commit). Beside a bare
 * node:http that stores nothing, in alternating rounds. The client shares the machine.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load, median, type LoadResult } from './support/load.js';
import { startAgent, startBareHttp } from './support/processes.js';
import { report, whole } from './support/report.js';

const ROUNDS = 5;
const COUNT = 12_000;
const BAR_PER_SECOND = 12_000;

const registration = (round: number) => (i: number) => ({
  method: 'PUT' as const,
  path: '/v1/agent/service/register',
  body: JSON.stringify({
    Name: `svc-${i % 500}`,
    ID: `r${round}-${i}`,
    Port: 1024 + (i % 60_000),
    Tags: ['v1'],
    Meta: { version: '1.0.0' },
  }),
});

const dataDir = mkdtempSync(join(tmpdir(), 'bench-registrations-'));
const agent = await startAgent({ dataDir });
const bare = await startBareHttp(2);
try {
  const ours: LoadResult[] = [];
  const theirs: LoadResult[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    theirs.push(await load(bare.origin, 64, COUNT, registration(round)));
    ours.push(await load(agent.origin, 64, COUNT, registration(round)));
  }
  const single = await load(agent.origin, 1, 500, registration(99));
  const perSecond = median(ours.map((r) => r.perSecond));
  const barePerSecond = median(theirs.map((r) => r.perSecond));
  report([
    {
      what: 'durable registrations/s, 64 at once',
      measured: `${whole(perSecond)}/s, p99 ${median(ours.map((r) => r.p99Ms)).toFixed(1)} ms`,
      beside: `bare node:http without disk ${whole(barePerSecond)}/s, ratio ${(perSecond / barePerSecond).toFixed(2)}`,
      bar: `>= ${whole(BAR_PER_SECOND)}/s`,
      reached: perSecond >= BAR_PER_SECOND,
    },
    {
      what: 'durable registration, one at a time',
      measured: `p50 ${single.p50Ms.toFixed(2)} ms, p99 ${single.p99Ms.toFixed(2)} ms`,
    },
  ]);
} finally {
  await Promise.all([agent.stop(), bare.stop()]);
  rmSync(dataDir, { recursive: true, force: true });
}
