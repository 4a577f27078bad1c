/**
 * Health and catalog reads of a service with 10 instances, keep-alive, requests a second: the built agent beside a bare
 * node:http that answers every request with one prepared body of the same size. Alternating rounds, medians; the load
 * generator (wrk) shares the machine.
 */
import { spawnSync } from 'node:child_process';
import { median } from './support/load.js';
import { startAgent, startBareHttp } from './support/processes.js';
import { report, whole } from './support/report.js';

const ROUNDS = 5;
const SECONDS = 3;
const CONNECTIONS = 32;
const INSTANCES = 10;
const BAR_PERCENT = 65;

const READS: readonly { readonly what: string; readonly path: string; readonly bar?: number }[] = [
  { what: 'health query, 10 instances', path: '/v1/health/service/bench-web?passing', bar: BAR_PERCENT },
  { what: 'health query, stale and with a tag', path: '/v1/health/service/bench-web?stale&tag=v1' },
  { what: 'catalog query, 10 instances', path: '/v1/catalog/service/bench-web' },
];

const agent = await startAgent();
try {
  for (let i = 0; i < INSTANCES; i++) await register(i);
  for (const read of READS) await measure(read);
} finally {
  await agent.stop();
}

async function measure({ what, path, bar }: (typeof READS)[number]): Promise<void> {
  const body = await (await fetch(agent.origin + path)).arrayBuffer();
  const bare = await startBareHttp(body.byteLength);
  const ours: number[] = [];
  const theirs: number[] = [];
  try {
    for (let round = 0; round < ROUNDS; round++) {
      theirs.push(requestsPerSecond(`${bare.origin}/`));
      ours.push(requestsPerSecond(agent.origin + path));
    }
  } finally {
    await bare.stop();
  }
  const share = (100 * median(ours)) / median(theirs);
  report([
    {
      what: `${what}, requests/s`,
      measured: `${whole(median(ours))} (${whole(share)} % of bare, ${whole(body.byteLength)} B)`,
      beside: `bare node:http ${whole(median(theirs))}`,
      ...(bar === undefined ? {} : { bar: `>= ${bar} %`, reached: share >= bar }),
    },
  ]);
}

function requestsPerSecond(url: string): number {
  const arguments_ = ['-t1', `-c${CONNECTIONS}`, `-d${SECONDS}s`, url];
  const { stdout, error } = spawnSync('wrk', arguments_, { encoding: 'utf8' });
  if (error) throw new Error('this bench needs wrk (Debian: apt-get install wrk)', { cause: error });
  if (/Non-2xx/.test(stdout)) throw new Error(stdout);
  const found = /Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1];
  if (found === undefined) throw new Error(stdout);
  return Number(found);
}

async function register(i: number): Promise<void> {
  const body = {
    Node: `bench-${i}`,
    Address: `10.0.0.${i + 1}`,
    NodeMeta: { zone: 'a' },
    Service: { ID: `web-${i}`, Service: 'bench-web', Port: 8000 + i, Tags: ['v1', 'prod'], Meta: { version: '1.0.0' } },
    Check: { CheckID: `web-${i}`, Name: 'web', Status: 'passing', ServiceID: `web-${i}` },
  };
  const answer = await fetch(`${agent.origin}/v1/catalog/register`, { method: 'PUT', body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(await answer.text());
}
