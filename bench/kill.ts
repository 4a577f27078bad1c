/**
 * A thousand kills with -9 of the real agent while it is written to over HTTP: what it acknowledged is compared after
 * every restart. Prints the seed; `scripts/run-ts bench/kill.ts KILLS SEED` runs others.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRandom } from '../src/testing/seeded-random.js';
import { killRounds } from '../test/support/kill-rounds.js';
import { report, whole } from './support/report.js';

const kills = Number(process.argv[2] ?? 1000);
const seed = Number(process.argv[3] ?? Math.floor(Math.random() * 2 ** 31));
const parent = mkdtempSync(join(tmpdir(), 'bench-kill-'));

console.log(`seed ${seed}`);
try {
  const summary = await killRounds({
    dataDir: join(parent, 'data'),
    kills,
    random: seededRandom(seed),
    windowMs: [50, 250],
    onRound: (round, { acknowledged }) => {
      if (round > 0 && round % 100 === 0) console.log(`${round} kills, ${whole(acknowledged)} writes acknowledged`);
    },
  });
  for (const violation of summary.violations) console.error(violation);
  report([
    {
      what: `acknowledged writes lost over ${whole(kills)} kill -9`,
      measured: `${summary.violations.length} of ${whole(summary.acknowledged)} (${whole(summary.unanswered)} unanswered, ${whole(summary.unansweredDone)} of those done)`,
      bar: '0',
      reached: summary.violations.length === 0,
    },
    { what: 'slowest start after a kill', measured: `${whole(summary.slowestStartMs)} ms` },
  ]);
  if (summary.violations.length > 0) process.exitCode = 1;
} finally {
  rmSync(parent, { recursive: true, force: true });
}
