/** Ten and twenty agents on one machine: what a few may do by luck, many do by rule. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { Mesh, without } from '../support/mesh.js';
import type { MeshAgent } from '../support/mesh-agent.js';

let mesh: Mesh | undefined;
afterEach(() => mesh?.[Symbol.asyncDispose]());

/** One instance of `work` on each agent. */
async function workEverywhere(of: Mesh): Promise<string[]> {
  const ids = of.agents.map((_, i) => `work-${i}`);
  await Promise.all(
    of.agents.map((agent, i) => agent.json('PUT /v1/agent/service/register', { ID: ids[i], Name: 'work', Port: 9000 })),
  );
  await of.agree('instances', (agent) => agent.passing('work'), ids.toSorted());
  return ids;
}

const indexOf = async (agent: MeshAgent): Promise<number> =>
  Number((await agent.http('GET /v1/health/service/work?passing')).headers['x-consul-index']);

/** Stopped for 3 s and going on: an overlay, of whomever, would have raised the index of the others. */
async function freezeAWhile(of: Mesh, frozen: readonly number[]): Promise<void> {
  const others = without(of, ...frozen);
  const before = await Promise.all(others.map(indexOf));
  for (const i of frozen) of.at(i).freeze();
  await delay(3_000);
  for (const i of frozen) of.at(i).thaw();
  // Verdicts that were on their way arrive.
  await delay(1_500);
  expect(await Promise.all(others.map(indexOf))).toEqual(before);
  await of.whole();
}

describe('ten agents', () => {
  test('each is found through all; a frozen one is waited for; killed ones are missed by all and come back', async () => {
    mesh = await Mesh.start({ count: 10 });
    const ids = await workEverywhere(mesh);
    await freezeAWhile(mesh, [3]);

    const gone = [8, 9];
    const others = without(mesh, ...gone);
    await Promise.all(gone.map((i) => (mesh as Mesh).at(i).kill()));
    const left = ids.slice(0, 8).toSorted();
    await mesh.agree('passing', (agent) => agent.passing('work'), left, { agents: others });
    for (const agent of others) {
      expect(await agent.catalog('work')).toEqual(ids.toSorted());
      expect((await agent.members()).filter((line) => !line.endsWith(' alive'))).toEqual(['n8 failed', 'n9 failed']);
    }

    await mesh.startAll(gone.map((i) => (mesh as Mesh).at(i)));
    await mesh.whole();
    await mesh.agree('passing', (agent) => agent.passing('work'), ids.toSorted());
  }, 90_000);

  test('four lost at once are not believed: nothing is expired, and answers say so until they are back', async () => {
    mesh = await Mesh.start({ count: 10 });
    const ids = await workEverywhere(mesh);
    const gone = [1, 4, 6, 7];
    const others = without(mesh, ...gone);
    await Promise.all(gone.map((i) => (mesh as Mesh).at(i).kill()));
    await mesh.agree('KnownLeader', (agent) => agent.isSure(), false, { agents: others });
    // Longer than hard evidence and silence take.
    await delay(8_000);
    for (const agent of others) expect(await agent.passing('work')).toEqual(ids.toSorted());
    // What is told to those that are left is taken, and seen by all of them.
    await mesh.at(0).json('PUT /v1/agent/service/register', { ID: 'more', Name: 'more', Port: 1 });
    await mesh.agree('instances', (agent) => agent.passing('more'), ['more'], { agents: others });

    await mesh.startAll(gone.map((i) => (mesh as Mesh).at(i)));
    await mesh.agree('KnownLeader', (agent) => agent.isSure(), true, { withinMs: 20_000 });
    await mesh.agree('passing', (agent) => agent.passing('work'), ids.toSorted());
  }, 90_000);
});

test('twenty agents: each is found through all; a tenth frozen for 3 s is waited for; a killed one is missed by all', async () => {
  mesh = await Mesh.start({ count: 20 });
  const ids = await workEverywhere(mesh);
  await freezeAWhile(mesh, [5, 11]);
  await mesh.at(19).kill();
  await mesh.agree('passing', (agent) => agent.passing('work'), ids.slice(0, 19).toSorted(), {
    agents: without(mesh, 19),
  });
  await mesh.at(19).start();
  await mesh.agree('passing', (agent) => agent.passing('work'), ids.toSorted());
}, 90_000);
