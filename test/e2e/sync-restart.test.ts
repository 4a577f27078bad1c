/** An agent that comes back – in order, elsewhere, without its data, with old data – as docs/sync.md says to operate it. */
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Mesh, without } from '../support/mesh.js';
import { MeshAgent } from '../support/mesh-agent.js';

let mesh: Mesh;
beforeEach(async () => {
  mesh = await Mesh.start({ count: 3 });
  await Promise.all(
    mesh.agents.map((agent, i) => agent.json('PUT /v1/agent/service/register', { ID: `w-${i}`, Name: 'w', Port: 1 })),
  );
  await mesh.agree('instances', (agent) => agent.passing('w'), all);
}, 60_000);
afterEach(() => mesh?.[Symbol.asyncDispose]());

const all = ['w-0', 'w-1', 'w-2'];

test('a restart in order is noticed by nobody', async () => {
  const others = without(mesh, 2);
  const before = await Promise.all(others.map(indexOf));
  await mesh.at(2).stop();
  await mesh.at(2).start();
  await mesh.whole();
  await mesh.agree('instances', (agent) => agent.passing('w'), all);
  expect(await Promise.all(others.map(indexOf))).toEqual(before);
}, 60_000);

test('an agent is found under its new address, and goes on with what it had', async () => {
  const { place } = mesh.at(2);
  await mesh.at(2).stop();
  const moved = new MeshAgent({ ...place, host: place.host.replace(/\d+$/, '200') });
  try {
    await moved.start();
    const agents = [mesh.at(0), mesh.at(1), moved];
    await mesh.whole(agents);
    await mesh.agree('instances', (agent) => agent.passing('w'), all, { agents });
    await mesh.agree('address', addressOf, moved.place.host, { agents });
  } finally {
    await moved.close();
  }
}, 60_000);

test('an agent that lost its data takes its place again under the same name and address, without what it had', async () => {
  await mesh.at(2).kill();
  rmSync(mesh.at(2).place.dataDir as string, { recursive: true });
  await mesh.at(2).start();
  await mesh.whole();
  await mesh.agree('instances', (agent) => agent.catalog('w'), ['w-0', 'w-1'], { withinMs: 20_000 });
  await mesh.at(2).json('PUT /v1/agent/service/register', { ID: 'w-2', Name: 'w', Port: 1 });
  await mesh.agree('instances', (agent) => agent.passing('w'), all);
}, 60_000);

test('an agent whose data was put back to an old state says what it has, and what it deregistered since is back', async () => {
  const victim = mesh.at(2);
  const data = victim.place.dataDir as string;
  const copy = join(data, '..', 'old');
  await victim.stop();
  cpSync(data, copy, { recursive: true });
  await victim.start();
  await mesh.whole();
  await victim.json('PUT /v1/agent/service/deregister/w-2');
  await victim.json('PUT /v1/agent/service/register', { ID: 'w-3', Name: 'w', Port: 1 });
  await mesh.agree('instances', (agent) => agent.passing('w'), ['w-0', 'w-1', 'w-3']);
  await victim.kill();
  rmSync(data, { recursive: true });
  cpSync(copy, data, { recursive: true });
  await victim.start();
  await mesh.whole();
  await mesh.agree('instances', (agent) => agent.passing('w'), all, { withinMs: 20_000 });
  await victim.json('PUT /v1/agent/service/register', { ID: 'w-4', Name: 'w', Port: 1 });
  await mesh.agree('instances', (agent) => agent.passing('w'), [...all, 'w-4']);
}, 60_000);

test('of two agents the one that is left answers with everything, and for long', async () => {
  await mesh.at(2).json('PUT /v1/agent/leave');
  await mesh.at(2).process.exited;
  const two = without(mesh, 2);
  await mesh.agree('instances', (agent) => agent.passing('w'), ['w-0', 'w-1'], { agents: two });
  await mesh.at(1).kill();
  await mesh.agree('KnownLeader', (agent) => agent.isSure(), false, { agents: [mesh.at(0)] });
  await delay(8_000);
  expect(await mesh.at(0).passing('w')).toEqual(['w-0', 'w-1']);
}, 60_000);

async function indexOf(agent: MeshAgent): Promise<unknown> {
  return (await agent.http('GET /v1/health/service/w?passing')).headers['x-consul-index'];
}

async function addressOf(agent: MeshAgent): Promise<string | undefined> {
  const nodes = await agent.json<{ Node: string; Address: string }[]>('GET /v1/catalog/nodes');
  return nodes.find(({ Node }) => Node === 'n2')?.Address;
}
