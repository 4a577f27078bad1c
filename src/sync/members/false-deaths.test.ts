import { expect, test } from 'vitest';
import { runStalling } from '../../testing/stalling-mesh.js';

// bench/failure-detector.ts runs the same for thousands of hours.
test('agents that stall once a minute and lose one message in a hundred declare nobody dead who is well', () => {
  const stalls = { stallEveryMs: 60_000, stallMedianMs: 1_000, stallSigma: 1, loss: 0.01 };
  const result = runStalling({ seed: 1, agents: 20, hours: 0.1, ...stalls });
  expect(result.stalls).toBeGreaterThan(80);
  expect(result.longStalls).toBeGreaterThan(0);
  expect(result.falseDeaths).toBe(0);
  expect(result.trueDeaths).toBeLessThanOrEqual(result.longStalls + 2);
});

test('which takes knowing of one’s own pauses: without, the same detector protects itself again and again', () => {
  const stalls = { stallEveryMs: 60_000, stallMedianMs: 1_000, stallSigma: 1, loss: 0.01 };
  const result = runStalling({ seed: 1, agents: 20, hours: 0.05, naive: true, ...stalls });
  expect(result.falseSuspicions).toBeGreaterThan(10);
  expect(result.protections).toBeGreaterThan(0);
});
