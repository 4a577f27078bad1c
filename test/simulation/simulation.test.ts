import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { generate } from './plan/generate.js';
import { profiles } from './plan/profiles.js';
import type { Scenario } from './plan/scenario.js';
import { runScenario } from './run/run-scenario.js';

const SCENARIOS = join(import.meta.dirname, 'scenarios');

function hashOf(seed: number): string {
  return runScenario(generate(seed, { profile: 'everything' })).hash;
}

describe('the simulation', () => {
  test('the same seed gives the same run, another one another', () => {
    const hashes = [1, 2, 3].map(hashOf);
    expect([1, 2, 3].map(hashOf)).toEqual(hashes);
    expect(new Set(hashes).size).toBe(3);
  });

  test('a scenario read back from a file is the same run', () => {
    const scenario = generate(5);
    const again = JSON.parse(JSON.stringify(scenario)) as Scenario;
    expect(runScenario(again).hash).toBe(runScenario(scenario).hash);
  });

  test('each kind of trouble is drawn within the seeds of the suite', () => {
    const drawn = new Set(Array.from({ length: 300 }, (_, at) => generate(at + 1).title));
    expect([...drawn].sort()).toEqual(profiles.map(({ title }) => title).sort());
  });
});

describe('bugs that the simulation found do not come back', () => {
  test.each(readdirSync(SCENARIOS).filter((name) => name.endsWith('.json')))('%s', (name) => {
    const scenario = JSON.parse(readFileSync(join(SCENARIOS, name), 'utf8')) as Scenario;
    expect(runScenario(scenario).failure).toBeUndefined();
  });
});
