/** The scenarios that wait for real timers, on an agent of their own so that they run beside the others. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RunningAgent, startAgent } from './player/agent.js';
import { loadScenarios } from './player/library.js';
import { play } from './player/play.js';

let agent: RunningAgent;
beforeAll(async () => {
  agent = await startAgent();
});
afterAll(() => agent.stop());

for (const { scenario, recording } of loadScenarios().filter((one) => one.scenario.slow)) {
  it(`${scenario.name}: ${scenario.about}`, { timeout: 180_000 }, async () => {
    expect(await play(scenario, recording, agent)).toEqual([]);
  });
}
