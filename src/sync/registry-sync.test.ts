import { describe, expect, test } from 'vitest';
import { MeshWorld, type MeshAgent } from '../testing/mesh-world.js';

const states = (agent: MeshAgent): string[] =>
  agent.sync
    .members()
    .map(({ node, state }) => `${node} ${state}`)
    .sort();

test('agents that know one of them come to know each other', async () => {
  await using world = new MeshWorld();
  const agents = await world.mesh(['a', 'b', 'c']);
  for (const agent of agents) {
    expect(states(agent)).toEqual(['a alive', 'b alive', 'c alive']);
    expect(agent.sync.report().peers.filter(({ state }) => state === 'connected')).toHaveLength(2);
    expect(agent.sync.home.node).toBe('a');
    expect(agent.sync.peers()).toHaveLength(3);
  }
});

const connected = (agent: MeshAgent): string[] =>
  agent.sync
    .report()
    .peers.filter(({ state }) => state === 'connected')
    .map(({ node }) => node)
    .sort();

describe('meeting', () => {
  test('who is not up yet is met when it is; naming oneself is no harm', async () => {
    await using world = new MeshWorld();
    const a = await world.start('a', { host: '10.0.0.1', join: ['10.0.0.2', '10.0.0.1'] });
    await world.clock.advance(30_000);
    expect(connected(a)).toEqual([]);
    const b = await world.start('b', { host: '10.0.0.2' });
    await world.until(() => expect([connected(a), connected(b)]).toEqual([['b'], ['a']]));
  });

  test('agents that all dial each other at once end with one connection each', async () => {
    await using world = new MeshWorld();
    const hosts = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4'];
    const agents = [];
    for (const [at, host] of hosts.entries()) agents.push(await world.start(`n${at}`, { host, join: hosts }));
    await world.clock.advance(15_000);
    for (const agent of agents) expect(connected(agent)).toHaveLength(3);
    expect(world.network.connections).toBe(6);
  });

  test('join meets an agent by hand, and says why it could not', async () => {
    await using world = new MeshWorld();
    const a = await world.start('a', { host: '10.0.0.1' });
    const b = await world.start('b', { host: '10.0.0.2' });
    await expect(world.run(a.sync.join('10.0.0.3'))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(a.sync.join('10.0.0.2:x')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await world.run(a.sync.join('10.0.0.2'));
    await world.run(a.sync.join('10.0.0.2:8301'));
    await world.run(a.sync.join('10.0.0.1'));
    await world.until(() => expect([connected(a), connected(b)]).toEqual([['b'], ['a']]));
  });

  test('an agent at the address of a dead one keeps its connection, while the dead one is looked for', async () => {
    await using world = new MeshWorld();
    const [a, b, c] = (await world.mesh(['a', 'b', 'c'])) as [MeshAgent, MeshAgent, MeshAgent];
    const { host } = await c.kill();
    await world.start('d', { host, join: [a.host], primary: 'a' });
    await world.until(() =>
      expect([connected(a), connected(b)]).toEqual([
        ['b', 'd'],
        ['a', 'd'],
      ]),
    );
    await world.until(() => expect(states(a)).toContain('c dead'), 20_000);
    const sentTo = () => a.sync.report().peers.find(({ node }) => node === 'd')?.sentBytes ?? 0;
    for (let sent = 0, turn = 0; turn < 60; turn++) {
      await world.clock.advance(500);
      expect(sentTo()).toBeGreaterThanOrEqual(sent);
      sent = sentTo();
    }
  });

  test('a name is one agent’s: the second one is told, and is no home', async () => {
    await using world = new MeshWorld();
    const [a] = await world.mesh(['a', 'b']);
    const other = await world.start('a', { primary: 'a' });
    await expect(world.run(other.sync.join('10.0.0.1'))).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringMatching(/the node name a belongs to agent/),
    });
    expect([a?.sync.home.isSelf, other.sync.home.isSelf]).toEqual([true, false]);
  });

  test('with another key, with none, or without one where there is one, nobody is let in, and both logs say so', async () => {
    await using world = new MeshWorld();
    const [right, wrong] = [1, 2].map((fill) => Buffer.alloc(32, fill).toString('base64')) as [string, string];
    const [a, b] = await world.mesh(['a', 'b'], { keys: [right] });
    expect([a && connected(a), b && connected(b)]).toEqual([['b'], ['a']]);
    for (const [name, keys] of [
      ['c', [wrong]],
      ['d', undefined],
    ] as const) {
      const stranger = await world.start(name, keys ? { keys } : {});
      await expect(world.run(stranger.sync.join('10.0.0.1'))).rejects.toMatchObject({ code: 'CONFLICT' });
      expect(connected(stranger)).toEqual([]);
    }
    expect(a?.log.filter((line) => line.startsWith('sync.peer_refused'))).toHaveLength(2);
    expect(a && connected(a)).toEqual(['b']);
  });

  test('keys are changed while agents run', async () => {
    await using world = new MeshWorld();
    const [old, next] = [1, 2].map((fill) => Buffer.alloc(32, fill).toString('base64')) as [string, string];
    const [a, b, c] = (await world.mesh(['a', 'b', 'c'], { keys: [old] })) as [MeshAgent, MeshAgent, MeshAgent];
    await a.sync.keyring?.install(next);
    await world.until(() => expect(a.sync.keyring?.counts().get(next)).toBe(3));
    await b.sync.keyring?.use(next);
    await world.clock.advance(1_000);
    await c.sync.keyring?.remove(old);
    await world.clock.advance(5_000);
    for (const agent of [a, b, c]) {
      expect(agent.sync.keyring?.keys).toEqual([next]);
      expect(connected(agent)).toHaveLength(2);
    }
  });
});

test('between datacenters those connections stay that gateways need', async () => {
  await using world = new MeshWorld();
  const [first, ...others] = await world.mesh(['a1', 'a2', 'a3', 'a4']);
  const join = [first?.host ?? ''];
  const far: MeshAgent[] = [];
  for (const name of ['b1', 'b2', 'b3', 'b4']) far.push(await world.start(name, { datacenter: 'dc2', join }));
  await world.clock.advance(15_000);
  const across = [first as MeshAgent, ...others].map((agent) =>
    connected(agent).filter((name) => name.startsWith('b')),
  );
  expect(across.map((names) => names.length).sort((one, other) => one - other)).toEqual([0, 0, 2, 2]);
  expect(world.network.connections).toBe(6 + 6 + 4);
  for (const agent of far) expect(states(agent)).toHaveLength(8);
});

describe('parting', () => {
  test('an agent that is killed is suspect at once and dead within a second, for everybody', async () => {
    await using world = new MeshWorld();
    const [a, b, c] = (await world.mesh(['a', 'b', 'c'])) as [MeshAgent, MeshAgent, MeshAgent];
    await world.clock.advance(60_000);
    await c.kill();
    await world.until(() => {
      for (const agent of [a, b]) expect(states(agent)).toContain('c dead');
    }, 1_200);
  });

  test('an agent that stops in order is missed, not dead; and is back after its restart under another address', async () => {
    await using world = new MeshWorld();
    const [a, b, c] = (await world.mesh(['a', 'b', 'c'])) as [MeshAgent, MeshAgent, MeshAgent];
    const id = c.registry.nodeId;
    await c.stop();
    await world.clock.advance(2_500);
    expect(states(a)).toContain('c suspect');
    const back = await world.start('c', { id, host: '10.0.0.9', join: ['10.0.0.1'], primary: 'a' });
    await world.until(() => {
      for (const agent of [a, b, back]) expect(states(agent)).toEqual(['a alive', 'b alive', 'c alive']);
    });
    expect(b.sync.members().find(({ node }) => node === 'c')?.address).toBe('10.0.0.9');
  });

  test('an agent that leaves is gone for good', async () => {
    await using world = new MeshWorld();
    const [a, b, c] = (await world.mesh(['a', 'b', 'c'])) as [MeshAgent, MeshAgent, MeshAgent];
    await world.run(c.sync.leave());
    await c.stop();
    await world.clock.advance(1_000);
    for (const agent of [a, b]) expect(states(agent)).toContain('c left');
    expect(a.sync.peers()).toEqual(['10.0.0.1:8300', '10.0.0.2:8300']);
  });

  test.each([
    [{}, []],
    [{ rejoinAfterLeave: true }, ['a', 'b']],
    [{ join: ['10.0.0.1'] }, ['a', 'b']],
  ])('started again after it left, %j, it meets %j, as somebody who has not left', async (options, met) => {
    await using world = new MeshWorld();
    const [a, , c] = (await world.mesh(['a', 'b', 'c'])) as [MeshAgent, MeshAgent, MeshAgent];
    await world.run(c.sync.leave());
    const disk = await c.kill();
    await world.clock.advance(1_000);
    const back = await world.start('c', { ...disk, primary: 'a', ...options });
    await world.clock.advance(10_000);
    expect(connected(back)).toEqual(met);
    expect(states(a)).toContain(met.length > 0 ? 'c alive' : 'c left');
  });

  test('a dead agent can be declared gone, a live one and an unknown one cannot', async () => {
    await using world = new MeshWorld();
    const [a, b, c] = (await world.mesh(['a', 'b', 'c'])) as [MeshAgent, MeshAgent, MeshAgent];
    await world.clock.advance(60_000);
    await expect(a.sync.forceLeave('c')).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(a.sync.forceLeave('x')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: "agent: No node found with name 'x'",
    });
    await a.sync.forceLeave('a');
    await c.kill();
    await world.clock.advance(2_000);
    await world.run(a.sync.forceLeave('c'));
    await world.until(() => expect(states(b)).toContain('c left'));
    await world.run(a.sync.forceLeave('c', { prune: true }));
    expect(states(a)).toEqual(['a alive', 'b alive']);
  });

  test('a line that was cut without a word is given up, and made anew soon after it is mended', async () => {
    await using world = new MeshWorld();
    const [a, b, c] = (await world.mesh(['a', 'b', 'c'])) as [MeshAgent, MeshAgent, MeshAgent];
    world.network.partition([a.host], [b.host, c.host]);
    await world.clock.advance(60_000);
    expect([connected(a), connected(b)]).toEqual([[], ['c']]);
    expect(a.sync.contact()).toMatchObject({ known: false });
    world.network.mendAll();
    await world.until(
      () =>
        expect([connected(a), connected(b)]).toEqual([
          ['b', 'c'],
          ['a', 'c'],
        ]),
      9_000,
    );
  });
});

test('nothing is left behind', async () => {
  const world = new MeshWorld();
  await world.mesh(['a', 'b', 'c']);
  await world[Symbol.asyncDispose]();
  await world.clock.advance(10_000);
  expect([world.network.connections, world.clock.pending]).toEqual([0, 0]);
});
