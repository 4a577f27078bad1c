import { describe, expect, test } from 'vitest';
import { generate } from './plan/generate.js';
import { runScenario } from './run/run-scenario.js';

/** Part of the seeds of every run of the suite: files of tests run beside each other, tests within one do not. */
export function testSeeds(from: number, count: number): void {
  describe('agents under faults keep every invariant and converge', () => {
    for (let first = from; first < from + count; first += 10) {
      test(`seeds ${first} to ${first + 9}`, { timeout: 120_000 }, () => {
        for (let seed = first; seed < first + 10; seed++) {
          const { failure } = runScenario(generate(seed));
          expect(failure && `${failure.message}\nreplay: npm run sim -- --seed ${seed}`).toBeUndefined();
        }
      });
    }
  });
}
