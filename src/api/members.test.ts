import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ApiWorld } from '../testing/api-world.js';
import { nodeRow } from '../testing/catalog-world.js';
import { memberOf } from '../testing/fake-cluster.js';

interface Shown {
  readonly Name: string;
  readonly Status: number;
  readonly Tags: Readonly<Record<string, string>>;
}

let world: ApiWorld;

beforeEach(async () => {
  world = await ApiWorld.start({ rows: [nodeRow('n2', { origin: 'origin-n3' })] });
  world.cluster.known = [
    memberOf('n1', { isSelf: true, origin: 'id-1' }),
    memberOf('n2', { isHome: true, lagVersions: 7, lastContactMs: 12.4, localHealth: 2 }),
    memberOf('n3', { state: 'suspect', reason: 'silent for 2 s' }),
    memberOf('n4', { state: 'dead', reason: 'refused twice' }),
    memberOf('n5', { state: 'leaving' }),
    memberOf('n6', { state: 'left' }),
    memberOf('far', { datacenter: 'dc2' }),
  ];
});
afterEach(() => world.close());

const members = async (query = ''): Promise<readonly Shown[]> =>
  (await world.ask(`/v1/agent/members${query}`)).json() as Shown[];

describe('members', () => {
  test('of our datacenter, with the states that Consul knows', async () => {
    expect((await members()).map(({ Name, Status }) => [Name, Status])).toEqual([
      ['n1', 1],
      ['n2', 1],
      ['n3', 1],
      ['n4', 4],
      ['n5', 2],
      ['n6', 3],
    ]);
  });

  test('of all datacenters, by node and datacenter', async () => {
    expect((await members('?wan=1')).map(({ Name }) => Name)).toContain('far.dc2');
    expect((await members('?wan=1')).map(({ Name }) => Name)).toContain('n1.dc1');
  });

  test('what Consul tells of a server, and what we tell beside', async () => {
    const [, home, suspect, dead] = await members();
    expect(home?.Tags).toMatchObject({ role: 'consul', dc: 'dc1', id: 'origin-n2', port: '8300', build: '1.21.4' });
    expect(home?.Tags).toMatchObject({ vsn: '2', bootstrap: '1', home: '1' });
    expect(home?.Tags).toMatchObject({
      discovery: '0.1.0',
      protocol: '1',
      lag: '7',
      last_contact_ms: '12',
      local_health: '2',
      owner: 'n3',
    });
    expect(suspect?.Tags['suspect']).toBe('silent for 2 s');
    expect([dead?.Tags['suspect'], dead?.Tags['reason']]).toEqual([undefined, 'refused twice']);
  });

  test('those that a filter keeps', async () => {
    expect(await members('?filter=Status%20!=%201')).toHaveLength(3);
    expect(await members('?filter=%22suspect%22%20in%20Tags')).toHaveLength(1);
  });

  test('this agent among them, in agent/self', async () => {
    const self = (await world.ask('/v1/agent/self')).json() as { Member: Shown; Stats: { consul: object } };
    expect(self.Member).toMatchObject({ Name: 'n1', Tags: { id: 'id-1', self: '1' } });
  });
});

describe('joining and leaving', () => {
  test.each([
    ['/v1/agent/join/10.0.0.9:8301', 'join 10.0.0.9:8301'],
    ['/v1/agent/join/%5B::1%5D:8301?wan=1', 'join [::1]:8301 wan'],
    ['/v1/agent/force-leave/n4', 'force-leave n4'],
    ['/v1/agent/force-leave/n4?prune&wan=1', 'force-leave n4 prune wan'],
  ])('PUT %s', async (path, asked) => {
    const { status, text } = await world.ask(path, { method: 'PUT' });
    expect([status, text, world.cluster.asked]).toEqual([200, '', [asked]]);
  });

  test.each([
    ['/v1/agent/join/', 400, 'Missing address'],
    ['/v1/agent/force-leave/nobody', 500, "agent: No node found with name 'nobody'"],
  ])('PUT %s is refused', async (path, status, text) => {
    const answer = await world.ask(path, { method: 'PUT' });
    expect([answer.status, answer.text]).toEqual([status, text]);
  });

  test('what the other agent says against it is told', async () => {
    world.cluster.refused.add('10.0.0.9');
    const { status, text } = await world.ask('/v1/agent/join/10.0.0.9', { method: 'PUT' });
    expect([status, text]).toEqual([500, 'nobody listens there']);
  });
});

describe('what operators of servers look at', () => {
  test('the home is the leader', async () => {
    const { Servers } = (await world.ask('/v1/operator/raft/configuration')).json() as { Servers: object[] };
    expect(Servers).toHaveLength(5);
    expect(Servers[1]).toMatchObject({ ID: 'origin-n2', Address: '10.0.0.1:8300', Leader: true, Voter: true });
    expect((await world.ask('/v1/status/leader')).json()).toBe('127.0.0.1:8300');
    expect((await world.ask('/v1/status/peers')).json()).toHaveLength(7);
  });

  test('a dead agent is unhealthy, and so is the whole', async () => {
    const answer = await world.ask('/v1/operator/autopilot/health');
    const { Healthy, Servers } = answer.json() as { Healthy: boolean; Servers: { Name: string; Healthy: boolean }[] };
    expect([answer.status, Healthy]).toEqual([429, false]);
    expect(Servers.filter((server) => !server.Healthy).map(({ Name }) => Name)).toEqual(['n3', 'n4', 'n5']);
    world.cluster.known = world.cluster.known.slice(0, 2);
    expect((await world.ask('/v1/operator/autopilot/health')).status).toBe(200);
    expect((await world.ask('/v1/operator/autopilot/state')).json()).toMatchObject({
      Leader: 'origin-n2',
      Voters: ['origin-n2'],
      Servers: { 'id-1': { Status: 'non-voter' }, 'origin-n2': { Status: 'leader', LastContact: '13ms' } },
    });
  });

  test('without a home, and in protected mode, nothing is healthy', async () => {
    world.cluster.known = world.cluster.known.slice(0, 2);
    world.cluster.contacted = { known: false, lastContactMs: 1 };
    expect((await world.ask('/v1/operator/autopilot/health')).status).toBe(429);
    world.cluster.contacted = { known: true, lastContactMs: 0 };
    world.cluster.home.address = '';
    expect((await world.ask('/v1/operator/autopilot/health')).status).toBe(429);
  });
});
