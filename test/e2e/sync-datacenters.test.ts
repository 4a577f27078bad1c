/** Two datacenters: each answers for the other from what it was told, and is not impressed by silence. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { askUdp, lines } from '../support/dns-ask.js';
import { Mesh } from '../support/mesh.js';
import type { MeshAgent } from '../support/mesh-agent.js';

const meshes: Mesh[] = [];
afterEach(async () => {
  await Promise.all(meshes.splice(0).map((mesh) => mesh[Symbol.asyncDispose]()));
});

async function start(...options: Parameters<typeof Mesh.start>): Promise<Mesh> {
  const mesh = await Mesh.start(...options);
  meshes.push(mesh);
  return mesh;
}

const there =
  (dc: string, service: string) =>
  async (agent: MeshAgent): Promise<string[]> =>
    (await agent.json<{ ServiceID: string }[]>(`GET /v1/catalog/service/${service}?dc=${dc}`))
      .map(({ ServiceID }) => ServiceID)
      .sort();

test('services of the other datacenter are found by HTTP and DNS, go when they go, and stay when it is silent', async () => {
  const east = await start({ count: 2, prefix: 'e', config: { datacenter: 'east' } });
  const west = await start({
    count: 3,
    prefix: 'w',
    config: {
      datacenter: 'west',
      retry_join_wan: east.agents.map(({ peer }) => peer),
      sync: { exports: { east: ['shown', 'also-*'] } },
    },
  });
  await west.at(0).json('PUT /v1/agent/service/register', { Name: 'shown', Address: '10.3.0.1', Port: 1 });
  await west.at(1).json('PUT /v1/agent/service/register', { Name: 'hidden', Port: 1 });
  await east.at(0).json('PUT /v1/agent/service/register', { Name: 'api', Address: '10.2.0.1', Port: 1 });

  await east.agree('shown', there('west', 'shown'), ['shown']);
  await west.agree('api', there('east', 'api'), ['api']);
  for (const agent of east.agents) {
    expect(await there('west', 'hidden')(agent)).toEqual([]);
    expect(await agent.json('GET /v1/catalog/datacenters')).toEqual(['east', 'west']);
    const { answers } = await askUdp(agent.process.dns, 'A shown.service.west.consul');
    expect(lines(answers)).toEqual(['shown.service.west.consul 0 A 10.3.0.1']);
    // It is no service of this one.
    expect(await agent.catalog('shown')).toEqual([]);
  }

  await east.at(0).json('PUT /v1/agent/service/deregister/api');
  await west.agree('api', there('east', 'api'), []);

  // Silence of a whole datacenter, crash or not, removes nothing of it.
  await Promise.all(west.agents.map((agent) => agent.kill()));
  await delay(8_000);
  for (const agent of east.agents) {
    expect(await there('west', 'shown')(agent)).toEqual(['shown']);
    expect(await agent.isSure()).toBe(true);
  }
}, 90_000);
