/**
 * What a choice costs: `pick()` and its `done()`, with 16 requests in flight and latencies as they come, for every policy
 * over 10 and 100 endpoints. Beside it the barest balancer there is, in the same run: the next element of an array. The
 * clock is real, so two readings of it are in every figure but the baseline's.
 */
import { measure } from 'mitata';
import v8 from 'node:v8';
import vm from 'node:vm';
import { createBalancer, policies, realClock, type Pick } from '../src/balancer/index.js';
import { sampleEndpoints } from '../src/testing/sample-endpoints.js';
import { seededRandom } from '../src/testing/seeded-random.js';
import { type Figure, report } from './support/report.js';

const IN_FLIGHT = 16;
const BAR_NS = 500;
const BARE = 'array index';

v8.setFlagsFromString('--expose-gc');
const collectGarbage = vm.runInNewContext('gc') as () => void;

/** Each call picks one and ends the sixteenth before it. */
function picking(policy: string, endpoints: number): () => void {
  const balancer = createBalancer({ policy, clock: realClock, random: seededRandom(1) });
  balancer.update({ endpoints: sampleEndpoints(endpoints) });
  const ring: (Pick | undefined)[] = Array.from({ length: IN_FLIGHT });
  const keys = Array.from({ length: 64 }, (_, n) => ({ key: `customer-${n}` }));
  let at = 0;
  return () => {
    const slot = at++ % IN_FLIGHT;
    const before = ring[slot];
    if (before?.type === 'endpoint') before.done();
    ring[slot] = balancer.pick(keys[at & 63]);
  };
}

function indexing(endpoints: number): () => void {
  const all = sampleEndpoints(endpoints);
  const ring: unknown[] = Array.from({ length: IN_FLIGHT });
  let at = 0;
  return () => {
    ring[at % IN_FLIGHT] = all[at % all.length];
    at++;
  };
}

function bytesOf(work: () => void): number {
  const times = 20_000;
  for (let n = 0; n < times; n++) work();
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  for (let n = 0; n < times; n++) work();
  return Math.max(0, process.memoryUsage().heapUsed - before) / times;
}

/** Of the quickest batch: what else the machine does is not counted. */
async function nanoseconds(work: () => void): Promise<number> {
  return (await measure(work, { min_cpu_time: 200e6 })).min;
}

for (const endpoints of [10, 100]) {
  const bare = await nanoseconds(indexing(endpoints));
  const figures: Figure[] = [{ what: `${BARE}, ${endpoints} endpoints`, measured: `${bare.toFixed(1)} ns` }];
  for (const policy of policies.keys()) {
    const work = picking(policy, endpoints);
    const bytes = bytesOf(work);
    const ns = await nanoseconds(work);
    figures.push({
      what: `${policy}, ${endpoints} endpoints`,
      measured: `${ns.toFixed(0)} ns, ${bytes.toFixed(0)} bytes`,
      beside: `${BARE} ${bare.toFixed(1)} ns: ${(ns / bare).toFixed(0)} ×`,
      ...(endpoints === 10 ? { bar: `<= ${BAR_NS} ns`, reached: ns <= BAR_NS } : {}),
    });
  }
  report(figures);
}
