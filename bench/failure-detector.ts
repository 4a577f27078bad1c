/**
 * How often agents that are well are declared dead, in virtual time: `scripts/run-ts bench/failure-detector.ts [node-hours]
 * [naive]`. Deterministic for each seed; run as many hours as you have patience for.
 */
import { runStalling, type StallingResult } from '../src/testing/stalling-mesh.js';

const AGENTS = 20;
const HOURS_A_SEED = 5;
const nodeHours = Number(process.argv[2] ?? 200);
const naive = process.argv[3] === 'naive';

const total: Record<keyof StallingResult, number> = {
  nodeHours: 0,
  stalls: 0,
  longStalls: 0,
  falseDeaths: 0,
  trueDeaths: 0,
  falseSuspicions: 0,
  protections: 0,
};
const startedAt = process.hrtime.bigint();
for (let seed = Number(process.env['FIRST_SEED'] ?? 1); total.nodeHours < nodeHours; seed++) {
  const hours = Math.min(HOURS_A_SEED, (nodeHours - total.nodeHours) / AGENTS);
  const result = runStalling({
    seed,
    agents: AGENTS,
    hours,
    stallEveryMs: 60_000,
    stallMedianMs: 1_000,
    stallSigma: 1,
    loss: 0.01,
    naive,
  });
  for (const name of Object.keys(total) as (keyof StallingResult)[]) total[name] += result[name];
  if (result.falseDeaths > 0) console.log(`seed ${seed}: ${result.falseDeaths} false deaths`);
  const seconds = Number(process.hrtime.bigint() - startedAt) / 1e9;
  console.log(JSON.stringify({ seed, seconds: Math.round(seconds), ...total }));
}
