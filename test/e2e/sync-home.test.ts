/** Keys, sessions and locks have one home in a datacenter; everybody else asks it, or says that it cannot. */
import { afterEach, expect, test } from 'vitest';
import { Mesh, without } from '../support/mesh.js';
import type { MeshAgent } from '../support/mesh-agent.js';

let mesh: Mesh | undefined;
afterEach(() => mesh?.[Symbol.asyncDispose]());

const value = async (agent: MeshAgent): Promise<string> => (await agent.http('GET /v1/kv/config?raw')).text;

const holder = async (agent: MeshAgent): Promise<string | undefined> =>
  (await agent.json<{ Session?: string }[]>('GET /v1/kv/lock'))[0]?.Session;

/** What an agent says to somebody who wants the lock. */
async function acquire(agent: MeshAgent, id: string): Promise<string> {
  const { status, text } = await agent.http(`PUT /v1/kv/lock?acquire=${id}`, 'mine');
  return status === 200 ? text.trim() : `${status} ${text.trim()}`;
}

test('keys are written and read through any agent, and blocked readers everywhere see what is written anywhere', async () => {
  mesh = await Mesh.start({ count: 3, config: { primary_node: 'n1' } });
  const home = await mesh.at(1).json<string>('GET /v1/status/leader');
  expect(home).toContain(mesh.at(1).place.host);
  for (const agent of mesh.agents) expect(await agent.json('GET /v1/status/leader')).toBe(home);

  expect((await mesh.at(0).http('PUT /v1/kv/config', 'one')).text.trim()).toBe('true');
  // Read at once: a default read is as new as the home.
  for (const agent of mesh.agents) expect(await value(agent)).toBe('one');
  const index = String((await mesh.at(2).http('GET /v1/kv/config')).headers['x-consul-index']);
  const blocked = mesh.at(2).http(`GET /v1/kv/config?raw&index=${index}&wait=30s`);
  expect((await mesh.at(0).http('PUT /v1/kv/config', 'two')).text.trim()).toBe('true');
  expect((await blocked).text).toBe('two');
});

test('of those who want a lock through all agents at once exactly one gets it, also over a crash of the home', async () => {
  mesh = await Mesh.start({ count: 3, config: { primary_node: 'n0' } });
  const { agents } = mesh;
  const third = mesh.at(2);
  for (let round = 0; round < 10; round++) {
    const ids = await Promise.all(agents.map((agent) => agent.session()));
    const said = await Promise.all(agents.map((agent, i) => acquire(agent, ids[i] as string)));
    expect(said.toSorted()).toEqual(['false', 'false', 'true']);
    const holder = said.indexOf('true');
    if (round === 5) {
      await mesh.at(0).kill();
      for (const agent of without(mesh, 0)) {
        expect(await acquire(agent, ids[1] as string)).toContain('500 No cluster leader');
        expect(await agent.http('GET /v1/kv/lock')).toMatchObject({
          status: 500,
          text: expect.stringContaining('No cluster leader'),
        });
        expect((await agent.http('GET /v1/kv/lock?stale')).status).toBe(200);
        expect(await agent.json('GET /v1/status/leader')).toBe('');
      }
      await mesh.at(0).start();
      await mesh.whole();
      // It knows what it granted before.
      for (const [i, id] of ids.entries()) {
        if (i !== holder) expect(await acquire(mesh.at(0), id)).toBe('false');
      }
    }
    await agents[(holder + 1) % 3]?.json(`PUT /v1/session/destroy/${ids[holder]}`);
    const left = await agents[holder]?.json<{ Session?: string }[]>('GET /v1/kv/lock');
    expect(left?.[0]?.Session).toBeUndefined();
    await Promise.all(ids.map((id) => third.json(`PUT /v1/session/destroy/${id}`)));
  }
}, 60_000);

test('a session of a node that dies ends, and its lock is free', async () => {
  mesh = await Mesh.start({ count: 3, config: { primary_node: 'n0' } });
  const id = await mesh.at(2).session();
  expect(await acquire(mesh.at(2), id)).toBe('true');
  await mesh.at(2).kill();
  const others = without(mesh, 2);
  await mesh.agree('lock', holder, undefined, { agents: others });
  expect(await acquire(mesh.at(1), await mesh.at(1).session())).toBe('true');
});

test('an agent alone is its own home until it has met another; with none named there is none then', async () => {
  mesh = await Mesh.prepare({ count: 2 });
  await mesh.at(0).start();
  expect((await mesh.at(0).http('PUT /v1/kv/config', 'alone')).text.trim()).toBe('true');
  await mesh.at(1).start();
  await mesh.whole();
  for (const agent of mesh.agents) {
    expect(await agent.http('PUT /v1/kv/config', 'two')).toMatchObject({
      status: 500,
      text: expect.stringContaining('No cluster leader'),
    });
  }
  // What it met it does not forget.
  await mesh.at(1).stop();
  await mesh.at(0).stop();
  await mesh.at(0).start();
  expect((await mesh.at(0).http('PUT /v1/kv/config', 'three')).status).toBe(500);
  // Registering is nobody else's business.
  await mesh.at(0).json('PUT /v1/agent/service/register', { Name: 'api', Port: 1 });
  expect(await mesh.at(0).passing('api')).toEqual(['api']);
});
