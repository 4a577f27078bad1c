import { expect, test } from 'vitest';
import { seededRandom } from '../../src/testing/seeded-random.js';
import { temporaryDirectory } from '../../src/testing/store-tools.js';
import { killRounds } from '../support/kill-rounds.js';

/** The build server has three minutes for 200; at a desk a tenth shows the gross things. */
const KILLS = process.env['CI'] === 'true' ? 200 : 20;

test(`nothing acknowledged over HTTP is lost in ${KILLS} kills, nothing deregistered comes back`, async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const { path, remove } = await temporaryDirectory();
  try {
    const summary = await killRounds({
      dataDir: `${path}/data`,
      kills: KILLS,
      random: seededRandom(seed),
      windowMs: [50, 250],
    });
    expect(summary.violations, `seed ${seed}`).toEqual([]);
    expect(summary.acknowledged).toBeGreaterThan(KILLS * 20);
    // The kills did come in the middle of writes.
    expect(summary.unanswered).toBeGreaterThan(KILLS);
  } finally {
    await remove();
  }
}, 180_000);
