import { expect, test } from 'vitest';
import { seededRandom } from '../../src/testing/seeded-random.js';
import { temporaryDirectory } from '../../src/testing/store-tools.js';
import { killRounds } from '../support/kill-rounds.js';

/** The build server has three minutes for 200; at a desk a tenth shows the gross things. */
const KILLS = process.env['CI'] === 'true' ? 200 : 20;
/** Starting takes most of the time, so two agents share the kills. */
const AGENTS = 2;

test(`nothing acknowledged over HTTP is lost in ${KILLS} kills, nothing deregistered comes back`, async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const { path, remove } = await temporaryDirectory();
  try {
    const rounds = Array.from({ length: AGENTS }, (_, agent) =>
      killRounds({
        dataDir: `${path}/data-${agent}`,
        kills: KILLS / AGENTS,
        random: seededRandom(seed + agent),
        windowMs: [50, 250],
      }),
    );
    for (const summary of await Promise.all(rounds)) {
      expect(summary.violations, `seed ${seed}`).toEqual([]);
      expect(summary.acknowledged).toBeGreaterThan(KILLS * 5);
      // The kills did come in the middle of writes.
      expect(summary.unanswered).toBeGreaterThan(KILLS / AGENTS);
    }
  } finally {
    await remove();
  }
}, 300_000);
