/** Three agents as three machines have them: what one is told, all answer, in every way there is to ask. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ServiceDiscoveryManager } from '../../src/client/index.js';
import { datapunk } from '../support/agent.js';
import { askTcp, askUdp, lines } from '../support/dns-ask.js';
import { Mesh, without } from '../support/mesh.js';
import type { MeshAgent } from '../support/mesh-agent.js';

let mesh: Mesh;

beforeAll(async () => {
  mesh = await Mesh.start({ count: 3 });
}, 60_000);

afterAll(() => mesh?.[Symbol.asyncDispose]());

const api = {
  ID: 'api-1',
  Name: 'api',
  Address: '10.1.2.3',
  Port: 8080,
  Tags: ['v1'],
  Meta: { version: '1.0.0' },
  Check: { CheckID: 'api-ttl', TTL: '10m', Status: 'passing' },
};

const addresses =
  (name: string) =>
  async (agent: MeshAgent): Promise<string[]> =>
    lines((await askUdp(agent.process.dns, `A ${name}`)).answers).map((line) => line.split(' ').at(-1) ?? '');

test('every agent sees itself and the others, with who they are', async () => {
  for (const agent of mesh.agents) {
    const members =
      await agent.json<{ Name: string; Addr: string; Port: number; Status: number; Tags: object }[]>(
        'GET /v1/agent/members',
      );
    const seen = members.map(({ Name, Addr, Port, Status }) => `${Name} ${Addr}:${Port} ${Status}`);
    expect(seen.sort()).toEqual(mesh.agents.map(({ name, peer }) => `${name} ${peer} 1`));
    const cli = await datapunk(['members', '--http-addr', agent.process.origin]);
    expect([cli.code, cli.stderr]).toEqual([0, '']);
    for (const { name, peer } of mesh.agents) expect(cli.stdout).toMatch(new RegExp(`${name}.*${peer}.*alive`));
  }
});

test('a registration is found on all by HTTP, DNS, a blocked query, a watch of the library, and the CLI', async () => {
  const [first, second, third] = [mesh.at(0), mesh.at(1), mesh.at(2)];
  const none = await second.http('GET /v1/health/service/api?passing');
  const index = String(none.headers['x-consul-index']);
  const blocked = second.http(`GET /v1/health/service/api?passing&index=${index}&wait=30s`);
  const discovery = new ServiceDiscoveryManager({ addresses: [third.process.origin], environment: {} });
  const sets: number[] = [];
  const watching = (async () => {
    for await (const { endpoints } of discovery.watchService('api')) {
      sets.push(endpoints.length);
      if (endpoints.length === 1) return;
    }
  })();
  await expect.poll(() => sets).toEqual([0]);

  await first.json('PUT /v1/agent/service/register', api);

  const woken = await blocked;
  expect(JSON.parse(woken.text)).toMatchObject([{ Node: { Node: 'n0' }, Service: { ID: 'api-1', Meta: api.Meta } }]);
  expect(Number(woken.headers['x-consul-index'])).toBeGreaterThan(Number(index));
  await watching;
  await discovery.close();
  await mesh.agree('instances', (agent) => agent.passing('api'), ['api-1']);
  await mesh.agree('A', addresses('v1.api.service.consul'), ['10.1.2.3']);
  const srv = await askTcp(third.process.dns, 'SRV api.service.consul');
  expect(lines(srv.answers).map((line) => line.replace(/\S+\.addr/, 'X.addr'))).toEqual([
    'api.service.consul 0 SRV 1 1 8080 X.addr.dc1.consul',
  ]);
  for (const agent of mesh.agents) {
    const { code, stdout } = await datapunk(['discover', 'api', '--http-addr', agent.process.origin]);
    expect([code, stdout]).toEqual([0, expect.stringContaining('10.1.2.3:8080')]);
  }
});

test('whose fact an instance is, and how far each agent knows the others, is told by all', async () => {
  for (const agent of mesh.agents) {
    const explained = await agent.json<{ instances: object[] }>('GET /v1/sync/explain/api');
    expect(explained.instances).toMatchObject([
      { node: 'n0', id: 'api-1', owner: { node: 'n0' }, served: 'everywhere' },
    ]);
    const cli = await datapunk(['explain', 'api', '--http-addr', agent.process.origin]);
    expect([cli.code, cli.stdout]).toEqual([0, expect.stringMatching(/api-1.*n0/)]);
    const lag = async (): Promise<number[]> =>
      (await agent.json<{ members: { lagVersions: number }[] }>('GET /v1/sync')).members.map(
        ({ lagVersions }) => lagVersions,
      );
    await expect.poll(lag).toEqual([0, 0, 0]);
    const sync = await datapunk(['sync', '--http-addr', agent.process.origin]);
    expect([sync.code, sync.stderr]).toEqual([0, '']);
    for (const { name } of without(mesh, mesh.agents.indexOf(agent))) expect(sync.stdout).toContain(name);
  }
});

test('every counter is in the table of the documentation, and nothing else', async () => {
  const { counters } = await mesh.at(0).json<{ counters: object }>('GET /v1/sync');
  const page = readFileSync(join(import.meta.dirname, '../../docs/sync.md'), 'utf8');
  const table = page.slice(page.indexOf('<!-- counters -->'), page.indexOf('<!-- counters end -->'));
  const named = table.split('\n').flatMap((line) => [...(line.split('|')[1] ?? '').matchAll(/`(\w+)`/g)]);
  expect(named.map(([, name = '']) => name).sort()).toEqual(Object.keys(counters).sort());
});

test('metadata that changes, a check that fails and one that recovers are seen by all', async () => {
  const first = mesh.at(0);
  await first.json('PUT /v1/agent/service/register', { ...api, Meta: { version: '1.0.1' } });
  await mesh.agree('version', version, ['1.0.1']);

  await first.json('PUT /v1/agent/check/fail/api-ttl?note=cannot');
  await mesh.agree('passing', (agent) => agent.passing('api'), []);
  await mesh.agree('A', addresses('api.service.consul'), []);
  await mesh.agree('check', output, ['critical cannot']);

  await first.json('PUT /v1/agent/check/pass/api-ttl');
  await mesh.agree('passing', (agent) => agent.passing('api'), ['api-1']);
});

test('an external registrar registers through one agent and deregisters through another', async () => {
  await mesh.at(0).json('PUT /v1/catalog/register', outside('outside', 5432));
  await mesh.agree('instances', (agent) => agent.passing('db'), ['db-1']);
  // Changed through another: its answer means that it shows the change itself.
  await mesh.at(1).json('PUT /v1/catalog/register', outside('outside', 5433));
  expect(await port(mesh.at(1))).toEqual([5433]);
  await mesh.agree('port', port, [5433]);

  await mesh.at(2).json('PUT /v1/catalog/deregister', { Node: 'outside' });
  expect(await mesh.at(2).catalog('db')).toEqual([]);
  await mesh.agree('instances', (agent) => agent.catalog('db'), []);
  await mesh.agree('nodes', (agent) => agent.nodes(), ['n0', 'n1', 'n2']);
});

test('a deregistration is seen by all, and nothing brings it back', async () => {
  await mesh.at(0).json('PUT /v1/agent/service/deregister/api-1');
  await mesh.agree('instances', (agent) => agent.catalog('api'), []);
  await mesh.agree('A', addresses('api.service.consul'), []);
  await mesh.at(1).stop();
  await mesh.at(1).start();
  await mesh.whole();
  for (const agent of mesh.agents) expect(await agent.catalog('api')).toEqual([]);
});

test('of an agent that is killed the rows stay and are critical; restarted under the same data it resumes', async () => {
  const [victim, ...others] = [mesh.at(2), mesh.at(0), mesh.at(1)];
  await victim.json('PUT /v1/agent/service/register', { ID: 'job-2', Name: 'job', Port: 7000 });
  await mesh.agree('instances', (agent) => agent.passing('job'), ['job-2']);
  const indexes = await Promise.all(others.map(indexOf));

  await victim.kill();
  await mesh.agree('passing', (agent) => agent.passing('job'), [], { agents: others });
  await mesh.agree('A', addresses('job.service.consul'), [], { agents: others });
  for (const agent of others) {
    expect(await agent.catalog('job')).toEqual(['job-2']);
    expect(await agent.members()).toEqual(['n0 alive', 'n1 alive', 'n2 failed']);
    const [serf] = await agent.json<{ CheckID: string; Status: string; Output: string }[]>('GET /v1/health/node/n2');
    expect(serf).toMatchObject({
      CheckID: 'serfHealth',
      Status: 'critical',
      Output: 'Agent not live or unreachable',
    });
  }

  await victim.start();
  await mesh.whole();
  await mesh.agree('passing', (agent) => agent.passing('job'), ['job-2']);
  for (const [i, agent] of others.entries()) expect(await indexOf(agent)).toBeGreaterThan(indexes[i] ?? 0);
  await victim.json('PUT /v1/agent/service/deregister/job-2');
  await mesh.agree('instances', (agent) => agent.catalog('job'), []);
});

test('what a dead agent registered for others can be changed and removed through those that live', async () => {
  await mesh.at(2).json('PUT /v1/catalog/register', {
    Node: 'orphan',
    Address: '10.8.8.8',
    Service: { ID: 'o-1', Service: 'orphans', Port: 1 },
  });
  await mesh.agree('instances', (agent) => agent.catalog('orphans'), ['o-1']);
  await mesh.at(2).kill();
  await mesh.agree('members', (agent) => agent.members(), ['n0 alive', 'n1 alive', 'n2 failed'], {
    agents: without(mesh, 2),
  });
  await mesh.at(0).json('PUT /v1/catalog/register', {
    Node: 'orphan',
    Address: '10.8.8.8',
    Service: { ID: 'o-1', Service: 'orphans', Port: 2 },
  });
  await mesh.at(1).json('PUT /v1/catalog/deregister', { Node: 'orphan' });
  await mesh.agree('instances', (agent) => agent.catalog('orphans'), [], { agents: without(mesh, 2) });
  // Its owner comes back with the row in its own data, and has to let it go.
  await mesh.at(2).start();
  await mesh.whole();
  await mesh.agree('instances', (agent) => agent.catalog('orphans'), []);
});

test('an agent that leaves takes its rows along, and is not missed', async () => {
  await mesh.at(2).json('PUT /v1/agent/service/register', { ID: 'gone-2', Name: 'gone', Port: 7001 });
  await mesh.agree('instances', (agent) => agent.passing('gone'), ['gone-2']);
  await mesh.at(2).json('PUT /v1/agent/leave');
  await mesh.at(2).process.exited;
  const others = without(mesh, 2);
  await mesh.agree('instances', (agent) => agent.catalog('gone'), [], { agents: others });
  for (const agent of others) {
    expect((await agent.members()).filter((line) => !line.endsWith('alive'))).toEqual(['n2 left']);
    expect(await agent.nodes()).toEqual(['n0', 'n1']);
  }
});

async function indexOf(agent: MeshAgent): Promise<number> {
  return Number((await agent.http('GET /v1/health/service/job')).headers['x-consul-index']);
}

const version = async (agent: MeshAgent): Promise<(string | undefined)[]> =>
  (await agent.json<{ ServiceMeta: Record<string, string> }[]>('GET /v1/catalog/service/api')).map(
    ({ ServiceMeta }) => ServiceMeta['version'],
  );

const output = async (agent: MeshAgent): Promise<string[]> =>
  (await agent.json<{ Status: string; Output: string }[]>('GET /v1/health/checks/api')).map(
    ({ Status, Output }) => `${Status} ${Output}`,
  );

const outside = (node: string, port: number): object => ({
  Node: node,
  Address: '10.9.9.9',
  Service: { ID: 'db-1', Service: 'db', Port: port },
  Check: { Node: node, CheckID: 'db-1:up', Name: 'up', Status: 'passing', ServiceID: 'db-1' },
});

const port = async (agent: MeshAgent): Promise<number[]> =>
  (await agent.json<{ ServicePort: number }[]>('GET /v1/catalog/service/db')).map(({ ServicePort }) => ServicePort);
