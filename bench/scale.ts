/**
 * 100,000 instances: resident memory above the empty agent, and the time from start to the first correct answer, both
 * after a restart with the data. Instances are registered through the catalog, 1,000 services of 100, each with a
 * check, half of them also with metadata.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load, median } from './support/load.js';
import { startAgent } from './support/processes.js';
import { report, whole } from './support/report.js';

const INSTANCES = Number(process.argv[2] ?? 100_000);
const PER_SERVICE = 100;
const RESTARTS = 3;

const dataDir = mkdtempSync(join(tmpdir(), 'bench-scale-'));
const emptyDir = mkdtempSync(join(tmpdir(), 'bench-empty-'));
const settle = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function registration(i: number): { method: 'PUT'; path: string; body: string } {
  const service = `service-${Math.floor(i / PER_SERVICE)}`;
  const body = {
    Node: `node-${i % 1000}`,
    Address: `10.0.${Math.floor((i % 1000) / 250)}.${i % 250}`,
    Service: {
      ID: `${service}-${i}`,
      Service: service,
      Port: 1024 + (i % 60_000),
      Tags: ['v1', i % 2 ? 'blue' : 'green'],
      Meta: i % 2 ? { version: '1.2.3', zone: `z${i % 3}` } : undefined,
    },
    Check: { CheckID: `${service}-${i}-check`, Name: 'alive', Status: 'passing', ServiceID: `${service}-${i}` },
  };
  return { method: 'PUT', path: '/v1/catalog/register', body: JSON.stringify(body) };
}

/** A dump of every 50th service: what a restarted agent must answer before it counts as back. */
async function correct(origin: string): Promise<boolean> {
  const answer = await fetch(`${origin}/v1/health/service/service-0?passing`).catch(() => undefined);
  if (!answer?.ok) return false;
  const nodes = (await answer.json()) as unknown[];
  return nodes.length === Math.min(PER_SERVICE, INSTANCES);
}

try {
  const filling = await startAgent({ dataDir });
  const filled = await load(filling.origin, 64, INSTANCES, registration);
  await filling.stop();

  const empty = await startAgent({ dataDir: emptyDir });
  await settle(1_000);
  const emptyRss = empty.rssBytes();
  await empty.stop();

  const restartMs: number[] = [];
  const rss: number[] = [];
  for (let i = 0; i < RESTARTS; i++) {
    const began = performance.now();
    const agent = await startAgent({ dataDir, timeoutMs: 30_000 });
    if (!(await correct(agent.origin))) throw new Error('the restarted agent does not know its instances');
    restartMs.push(performance.now() - began);
    await settle(2_000);
    rss.push(agent.rssBytes());
    await agent.stop();
  }
  const perInstance = (median(rss) - emptyRss) / INSTANCES;
  report([
    { what: `filling with ${whole(INSTANCES)} instances`, measured: `${whole(filled.perSecond)}/s` },
    {
      what: 'resident memory per instance',
      measured: `${whole(perInstance)} B (${whole(median(rss) / 1e6)} MB in all)`,
      beside: `empty agent ${whole(emptyRss / 1e6)} MB`,
      bar: '<= 1,536 B',
      reached: perInstance <= 1536,
    },
    {
      what: 'restart to first correct answer',
      measured: `${whole(median(restartMs))} ms`,
      bar: '<= 1,000 ms',
      reached: median(restartMs) <= 1000,
    },
  ]);
} finally {
  rmSync(dataDir, { recursive: true, force: true });
  rmSync(emptyDir, { recursive: true, force: true });
}
