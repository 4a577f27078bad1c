/** Agents on machines of their own, between which cables are pulled: what is lost is lost in silence. */
import { spawnSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { Mesh, without, type MeshOptions } from '../support/mesh.js';
import type { MeshAgent } from '../support/mesh-agent.js';
import { Lan, noLan } from '../support/netns.js';

let lan: Lan | undefined;
let mesh: Mesh | undefined;
afterEach(async () => {
  await mesh?.[Symbol.asyncDispose]();
  lan?.[Symbol.dispose]();
});

async function meshOf(count: number, options: Partial<MeshOptions> = {}): Promise<{ mesh: Mesh; lan: Lan }> {
  lan = new Lan(count);
  mesh = await Mesh.start({ count, lan, ...options });
  await Promise.all(
    mesh.agents.map((agent, i) =>
      agent.json('PUT /v1/agent/service/register', { ID: `work-${i}`, Name: 'work', Port: 9000 }),
    ),
  );
  await mesh.agree('instances', (agent) => agent.passing('work'), work(...mesh.agents.keys()));
  return { mesh, lan };
}

const work = (...agents: readonly number[]): string[] => agents.map((i) => `work-${i}`).sort();

/** What dig prints of an answer, asked on the agent's own machine. */
function dig(agent: MeshAgent, name: string): string {
  const { through = [], host } = agent.place;
  return spawnSync('env', [...through, 'dig', `@${host}`, '-p', '8600', name], { encoding: 'utf8' }).stdout;
}

describe.skipIf(noLan !== undefined)(noLan ?? 'a network that parts', () => {
  test('of three and two: the two keep everything and say so, the three expire; both take registrations; healed, all agree', async () => {
    const { mesh, lan } = await meshOf(5, { config: { sync: { loss_window: '12s' } } });
    const [three, two] = [mesh.agents.slice(0, 3), mesh.agents.slice(3)];
    lan.partition([0, 1, 2], [3, 4]);

    await mesh.agree('KnownLeader', (agent) => agent.isSure(), false, { agents: two });
    // Two of five at once are no single loss: the brake holds in the majority too, until the window has passed.
    await mesh.agree('KnownLeader', (agent) => agent.isSure(), false, { agents: three });
    await mesh.at(0).json('PUT /v1/agent/service/register', { ID: 'here', Name: 'here', Port: 1 });
    await mesh.at(4).json('PUT /v1/agent/service/register', { ID: 'there', Name: 'there', Port: 2 });
    await mesh.agree('here', (agent) => agent.passing('here'), ['here'], { agents: three });
    await mesh.agree('there', (agent) => agent.passing('there'), ['there'], { agents: two });
    await delay(8_000);
    for (const agent of mesh.agents) expect(await agent.passing('work')).toEqual(work(0, 1, 2, 3, 4));
    await mesh.agree('passing', (agent) => agent.passing('work'), work(0, 1, 2), { agents: three, withinMs: 20_000 });
    await mesh.agree('KnownLeader', (agent) => agent.isSure(), true, { agents: three });
    for (const agent of two) {
      expect(await agent.passing('work')).toEqual(work(0, 1, 2, 3, 4));
      const { headers } = await agent.http('GET /v1/catalog/service/work');
      expect(headers['x-consul-knownleader']).toBe('false');
      expect(Number(headers['x-consul-lastcontact'])).toBeGreaterThan(5_000);
      expect(dig(agent, 'work.service.consul')).toMatch(/EDE: 3/);
    }

    lan.heal();
    await mesh.whole();
    for (const name of ['here', 'there']) await mesh.agree(name, (agent) => agent.passing(name), [name]);
    await mesh.agree('KnownLeader', (agent) => agent.isSure(), true, { withinMs: 20_000 });
    await mesh.agree('passing', (agent) => agent.passing('work'), work(0, 1, 2, 3, 4));
  }, 120_000);

  test('one machine that falls silent is expired by the other four after 6 s, and keeps everything itself', async () => {
    const { mesh, lan } = await meshOf(5);
    const others = without(mesh, 4);
    const began = performance.now();
    lan.unplug(4);
    await delay(4_000);
    for (const agent of others) expect(await agent.passing('work')).toEqual(work(0, 1, 2, 3, 4));
    await mesh.agree('passing', (agent) => agent.passing('work'), work(0, 1, 2, 3), {
      agents: others,
      // Where the machine has much else to do, each allows more.
      withinMs: 40_000,
    });
    console.log(`silent machine expired by all after ${Math.round(performance.now() - began)} ms`);
    for (const agent of others) expect(await agent.isSure()).toBe(true);
    expect(await mesh.at(4).isSure()).toBe(false);
    expect(await mesh.at(4).passing('work')).toEqual(work(0, 1, 2, 3, 4));
    // A check of the lost machine fails meanwhile: said when it is back, and not before.
    await mesh.at(4).json('PUT /v1/agent/service/deregister/work-4');
    lan.plug(4);
    await mesh.whole();
    await mesh.agree('instances', (agent) => agent.catalog('work'), work(0, 1, 2, 3));
  }, 120_000);

  test('only the side of the home grants locks', async () => {
    const { mesh, lan } = await meshOf(5, { config: { primary_node: 'n3' } });
    const sessions = await Promise.all(mesh.agents.map((agent) => agent.session()));
    lan.partition([0, 1, 2], [3, 4]);
    await mesh.agree('KnownLeader', (agent) => agent.isSure(), false);
    const said = await Promise.all(
      mesh.agents.map(async (agent, i) => {
        const { status, text } = await agent.http(`PUT /v1/kv/lock?acquire=${sessions[i]}`, agent.name);
        return status === 200 ? text.trim() : text;
      }),
    );
    expect(said.slice(0, 3)).toEqual(Array(3).fill(expect.stringContaining('No cluster leader')));
    expect(said.slice(3).toSorted()).toEqual(['false', 'true']);
    const holder = mesh.at(3 + said.slice(3).indexOf('true')).name;
    lan.heal();
    await mesh.whole();
    await mesh.agree('lock', async (agent) => (await agent.http('GET /v1/kv/lock?raw')).text, holder, {
      withinMs: 15_000,
    });
  }, 120_000);

  test('two agents never expire each other', async () => {
    const { mesh, lan } = await meshOf(2);
    lan.unplug(1);
    await mesh.agree('KnownLeader', (agent) => agent.isSure(), false);
    await delay(9_000);
    for (const agent of mesh.agents) {
      expect(await agent.passing('work')).toEqual(work(0, 1));
      expect((await agent.members()).some((line) => line.endsWith('failed'))).toBe(false);
    }
    lan.plug(1);
    await mesh.agree('KnownLeader', (agent) => agent.isSure(), true, { withinMs: 20_000 });
  }, 120_000);

  test('a way that is lost in one direction alone, between two of five, removes nobody, and news goes round it', async () => {
    const { mesh, lan } = await meshOf(5);
    lan.muffle(0, 1);
    await mesh.at(0).json('PUT /v1/agent/service/register', { ID: 'news', Name: 'news', Port: 1 });
    await mesh.at(1).json('PUT /v1/agent/service/register', { ID: 'olds', Name: 'olds', Port: 1 });
    for (const id of ['news', 'olds']) await mesh.agree(id, (agent) => agent.passing(id), [id], { withinMs: 15_000 });
    await delay(8_000);
    for (const agent of mesh.agents) expect(await agent.passing('work')).toEqual(work(0, 1, 2, 3, 4));
    lan.heal();
    await mesh.whole();
  }, 120_000);
});
