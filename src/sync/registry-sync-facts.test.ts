import { describe, expect, test } from 'vitest';
import { topic } from '../model/index.js';
import { memberInfo } from '../testing/member-world.js';
import { MeshWorld, type MeshAgent } from '../testing/mesh-world.js';
import { openPeerConnection } from './connection/introduction.js';
import type { Message } from './messages.js';
import { defaultSyncSettings } from './settings.js';

type Three = [MeshAgent, MeshAgent, MeshAgent];

const three = async (world: MeshWorld, options = {}): Promise<Three> =>
  (await world.mesh(['a', 'b', 'c'], options)) as Three;

const instances = ({ registry }: MeshAgent, service: string): string[] =>
  registry.catalog.serviceView(service).instances.map(({ node, status }) => `${node.node} ${status}`);

const set = (key: string, value = '') => ({ key, value, flags: 7n, mode: { type: 'set' } }) as const;

const external = (port: number) => ({ Node: 'ext', Address: '1.1.1.1', Service: { Service: 'db', Port: port } });

describe('facts', () => {
  test('what one agent is told all know within milliseconds, each waiting reader is woken, and so it goes', async () => {
    await using world = new MeshWorld();
    const [a, b, c] = await three(world);
    let woken = 0;
    c.registry.catalog.subscribe(topic.service('web'), () => woken++);
    await world.run(a.registry.registerService({ Name: 'web', Port: 80, Meta: { version: '1' } }));
    await world.until(() => {
      for (const agent of [a, b, c]) expect(instances(agent, 'web')).toEqual(['a passing']);
    }, 20);
    expect(woken).toBe(1);
    expect(c.sync.ownerOf('a')).toMatchObject({ node: 'a', isSelf: false });
    await world.run(a.registry.registerService({ Name: 'web', Port: 80, Meta: { version: '2' } }));
    await world.until(() => expect(b.registry.catalog.service('a', 'web')?.meta).toEqual({ version: '2' }), 20);
    await world.run(a.registry.deregisterService('web'));
    await world.until(() => expect([instances(b, 'web'), instances(c, 'web')]).toEqual([[], []]), 20);
  });

  test('what was registered through one agent is deregistered through another', async () => {
    await using world = new MeshWorld();
    const [a, b, c] = await three(world);
    await world.run(
      a.sync.commands.registerCatalog({ Node: 'ext', Address: '10.9.9.9', Service: { Service: 'db', Port: 1 } }),
    );
    await world.until(() => expect(instances(b, 'db')).toHaveLength(1));
    expect(b.sync.ownerOf('ext')?.node).toBe('a');
    await world.run(
      b.sync.commands.registerCatalog({ Node: 'ext', Address: '10.9.9.9', Service: { Service: 'db', Port: 2 } }),
    );
    // Answered once it can be read where it was asked; the owner decided.
    expect(b.registry.catalog.service('ext', 'db')).toMatchObject({ port: 2, origin: a.registry.nodeId });
    await world.run(c.sync.commands.deregisterCatalog({ Node: 'ext' }));
    expect(instances(c, 'db')).toEqual([]);
    await world.until(() => {
      for (const agent of [a, b]) expect(agent.registry.catalog.node('ext')).toBeUndefined();
    });
  });

  test('the dead keep what they registered, listed and failing; whoever is asked may take it over', async () => {
    await using world = new MeshWorld();
    const [a, b, c] = await three(world);
    await world.run(c.registry.registerService({ Name: 'web', Port: 80 }));
    await world.run(c.sync.commands.registerCatalog({ Node: 'ext', Address: '1.1.1.1', Service: { Service: 'db' } }));
    await world.clock.advance(60_000);
    await c.kill();
    await world.until(() => {
      for (const agent of [a, b]) expect(instances(agent, 'web')).toEqual(['c critical']);
    });
    expect(a.registry.catalog.check('c', 'serfHealth')).toMatchObject({ output: 'Agent not live or unreachable' });
    await world.run(a.sync.commands.deregisterCatalog({ Node: 'ext' }));
    await world.until(() => expect(b.registry.catalog.node('ext')).toBeUndefined());
    const back = await world.start('c', { id: c.registry.nodeId, host: c.host, join: ['10.0.0.1'], primary: 'a' });
    await world.clock.advance(3_000);
    for (const agent of [a, b, back]) expect(agent.registry.catalog.node('ext')).toBeUndefined();
    // In memory it forgot what it had.
    expect(instances(a, 'web')).toEqual([]);
  });

  test('what was taken over and then removed does not come back with its first owner', async () => {
    await using world = new MeshWorld();
    const [a, b, c] = await three(world);
    await world.run(c.sync.commands.registerCatalog(external(1)));
    await world.clock.advance(60_000);
    const disk = await c.kill();
    await world.until(() => expect(a.registry.catalog.check('c', 'serfHealth')?.status).toBe('critical'));
    await world.run(a.sync.commands.registerCatalog(external(2)));
    expect(a.sync.ownerOf('ext')?.node).toBe('a');
    await world.until(() => expect(b.registry.catalog.service('ext', 'db')?.port).toBe(2));
    await world.run(b.sync.commands.deregisterCatalog({ Node: 'ext' }));
    await world.until(() => expect(a.registry.catalog.node('ext')).toBeUndefined());
    const back = await world.start('c', { ...disk, primary: 'a' });
    await world.clock.advance(5_000);
    for (const agent of [a, b, back]) expect([agent.sync.members().length, instances(agent, 'db')]).toEqual([3, []]);
  });

  test.each(['known', 'dead'])(
    'a deregistration does not come too early for a registration that was acknowledged elsewhere: %s owner',
    async (state) => {
      await using world = new MeshWorld();
      const [a, b, c] = await three(world);
      if (state === 'dead') {
        await world.run(c.sync.commands.registerCatalog(external(2)));
        await world.clock.advance(60_000);
        await c.kill();
        await world.until(() => expect(a.registry.catalog.check('c', 'serfHealth')?.status).toBe('critical'));
      }
      world.network.setDelay(30, 40);
      await world.run(a.sync.commands.registerCatalog(external(1)));
      expect(b.registry.catalog.service('ext', 'db')?.port).not.toBe(1);
      await world.run(b.sync.commands.deregisterCatalog({ Node: 'ext' }));
      await world.clock.advance(2_000);
      for (const agent of [a, b]) expect(instances(agent, 'db')).toEqual([]);
    },
  );

  test('while the owner is only out of reach its rows are not touched', async () => {
    await using world = new MeshWorld();
    const [a, b, c] = await three(world);
    await world.run(c.sync.commands.registerCatalog({ Node: 'ext', Address: '1.1.1.1', Service: { Service: 'db' } }));
    await world.until(() => expect(instances(a, 'db')).toHaveLength(1));
    world.network.partition([a.host, b.host], [c.host]);
    await world.clock.advance(2_500);
    await expect(world.run(a.sync.commands.deregisterCatalog({ Node: 'ext' }))).rejects.toMatchObject({
      message: 'owner c unreachable',
    });
    expect(instances(a, 'db')).toHaveLength(1);
  });

  test('two sides of a cut go on separately and are joined when it is mended', async () => {
    await using world = new MeshWorld();
    const [a, b, c] = await three(world);
    await world.clock.advance(60_000);
    world.network.partition([a.host], [b.host, c.host]);
    await world.clock.advance(30_000);
    const many = Array.from({ length: 100 }, (_, at) => at);
    await world.run(Promise.all(many.map((at) => a.registry.registerService({ ID: `a${at}`, Name: 'web' }))));
    await world.run(Promise.all(many.map((at) => b.registry.registerService({ ID: `b${at}`, Name: 'web' }))));
    await world.until(() => expect([instances(a, 'web').length, instances(c, 'web').length]).toEqual([100, 100]), 100);
    // The side without a majority expires nobody, and says that it may be behind.
    expect(a.registry.catalog.check('b', 'serfHealth')?.status).toBe('passing');
    expect([a.sync.contact().known, b.sync.contact().known]).toEqual([false, true]);
    world.network.mendAll();
    await world.until(() => {
      for (const agent of [a, b, c]) expect(instances(agent, 'web')).toHaveLength(200);
    });
  });

  test('agents that leave take what they registered with them', async () => {
    await using world = new MeshWorld();
    const [a, b, c] = await three(world);
    await world.run(c.registry.registerService({ Name: 'web' }));
    await world.until(() => expect(instances(a, 'web')).toHaveLength(1));
    await world.run(c.sync.leave());
    await c.stop();
    await world.until(() => {
      for (const agent of [a, b])
        expect([instances(agent, 'web'), agent.registry.catalog.node('c')]).toEqual([[], undefined]);
    });
  });

  test('datacenters see each other’s', async () => {
    await using world = new MeshWorld();
    const [a, b] = (await world.mesh(['a', 'b'])) as [MeshAgent, MeshAgent];
    const x = await world.start('x', { datacenter: 'dc2', join: [a.host], primary: 'x' });
    const y = await world.start('y', { datacenter: 'dc2', join: [x.host], primary: 'x' });
    await world.run(x.registry.registerService({ Name: 'far', Port: 1 }));
    await world.run(b.registry.registerService({ Name: 'near', Port: 1 }));
    await world.until(() => {
      expect(b.sync.catalogOf('dc2')?.serviceView('far').instances).toHaveLength(1);
      expect(y.sync.catalogOf('dc1')?.serviceView('near').instances).toHaveLength(1);
    });
    expect([a.sync.datacenters(), y.sync.datacenters()]).toEqual([
      ['dc1', 'dc2'],
      ['dc2', 'dc1'],
    ]);
    expect(instances(b, 'far')).toEqual([]);
    world.network.partition([a.host, b.host], [x.host, y.host]);
    await world.clock.advance(120_000);
    // A silent site is a line that may be down.
    expect(b.sync.catalogOf('dc2')?.check('x', 'serfHealth')?.status).toBe('passing');
  });
});

describe('keys, sessions and locks', () => {
  test('are decided at the home, whoever is asked, and can be read where they were asked', async () => {
    await using world = new MeshWorld();
    const [a, b, c] = await three(world);
    expect(await world.run(b.sync.commands.kvPut(set('k', 'MQ==')))).toBe(true);
    expect(b.sync.home.catalog().kv('k')).toMatchObject({ value: 'MQ==', flags: 7n });
    expect(a.registry.catalog.kv('k')?.modifyIndex).toBe(b.sync.home.catalog().kv('k')?.modifyIndex);
    await world.run(c.sync.home.fresh());
    expect(c.sync.home.catalog().kv('k')?.value).toBe('MQ==');
    expect([a, b, c].map(({ sync }) => [sync.home.isSelf, sync.home.leader()])).toEqual([
      [true, '10.0.0.1:8300'],
      [false, '10.0.0.1:8300'],
      [false, '10.0.0.1:8300'],
    ]);
    expect(c.sync.home.indexSpace()).toBe(a.registry.indexSpace);
  });

  test('a session may depend on what was registered a moment before, and ends with it', async () => {
    await using world = new MeshWorld();
    const [, b, c] = await three(world);
    await world.run(b.registry.registerCheck({ ID: 'mem', Name: 'mem', TTL: '1h', Status: 'passing' }));
    const session = await world.run(b.sync.commands.createSession({ NodeChecks: ['mem'], LockDelay: '0s' }));
    const lock = (by: MeshAgent, id: string): Promise<boolean> =>
      world.run(by.sync.commands.kvPut({ ...set('lock'), mode: { type: 'acquire', session: id } }));
    expect(await lock(b, session)).toBe(true);
    const other = await world.run(c.sync.commands.createSession({ NodeChecks: [] }));
    expect(await lock(c, other)).toBe(false);
    await world.run(b.registry.updateTtl('mem', 'critical', ''));
    await world.until(() => expect(c.sync.home.catalog().session(session)).toBeUndefined());
    expect(await lock(c, other)).toBe(true);
  });

  test('the words of the home are the words of the answer', async () => {
    await using world = new MeshWorld();
    const [a, b] = await three(world);
    const bad = { ...set(''), mode: { type: 'acquire', session: 'none' } } as const;
    const [here, there] = await Promise.all(
      [a, b].map(({ sync }) => world.run(sync.commands.kvPut(bad)).catch((error: unknown) => error as Error)),
    );
    expect(there).toMatchObject({ message: (here as Error).message, code: (here as { code?: string }).code });
  });

  test('without a home nothing is decided', async () => {
    await using world = new MeshWorld();
    const [a, b] = (await world.mesh(['a', 'b'], { primary: '' })) as [MeshAgent, MeshAgent];
    for (const { sync } of [a, b]) {
      await expect(world.run(sync.commands.kvPut(set('k')))).rejects.toMatchObject({ message: 'No cluster leader' });
      await expect(world.run(sync.home.fresh())).rejects.toMatchObject({ code: 'NOT_READY' });
      expect([sync.home.node, sync.home.leader()]).toEqual([undefined, '']);
    }
  });

  test('a home that is away is missed, and what is known of it can still be read', async () => {
    await using world = new MeshWorld();
    const [a, b, c] = await three(world);
    await world.run(b.sync.commands.kvPut(set('k', 'MQ==')));
    await world.run(c.sync.home.fresh());
    await a.kill();
    await world.clock.advance(200);
    await expect(world.run(c.sync.commands.kvPut(set('k')))).rejects.toMatchObject({ message: 'No cluster leader' });
    await expect(world.run(c.sync.home.fresh())).rejects.toMatchObject({ message: 'No cluster leader' });
    expect([c.sync.home.node, c.sync.home.leader(), c.sync.home.catalog().kv('k')?.value]).toEqual(['a', '', 'MQ==']);
  });

  test('a lone agent is its own home until it meets another for the first time', async () => {
    await using world = new MeshWorld();
    const a = await world.start('a', { host: '10.0.0.1' });
    expect(await world.run(a.sync.commands.kvPut(set('k')))).toBe(true);
    const b = await world.start('b', { host: '10.0.0.2', join: ['10.0.0.1'] });
    await world.clock.advance(1_000);
    await expect(world.run(a.sync.commands.kvPut(set('k')))).rejects.toThrow('No cluster leader');
    await b.stop();
    await world.clock.advance(10_000);
    await expect(world.run(a.sync.commands.kvPut(set('k')))).rejects.toThrow('No cluster leader');
    // What it had can be read as it is.
    expect(a.sync.home.catalog().kv('k')).toBeDefined();
  });
});

test('an agent of another datacenter is shown what there is, and may not ask for anything to be changed', async () => {
  await using world = new MeshWorld();
  const [a] = await world.mesh(['a']);
  const connection = await world.run(
    world.network.host('10.0.0.9').dial({ host: '10.0.0.1', port: 8301 }, { timeoutMs: 1_000 }),
  );
  const self = memberInfo('far', { datacenter: 'dc2', host: '10.0.0.9' });
  const peer = await world.run(
    openPeerConnection({
      connection,
      role: 'dialer',
      self,
      admit: () => undefined,
      settings: defaultSyncSettings,
      clock: world.clock,
    }),
  );
  const answers: Message[] = [];
  peer.start({ message: (message) => void answers.push(message), ended: () => {} });
  const bodies = { kvPut: set('k'), registerCatalog: external(1), fresh: null };
  for (const [method, body] of Object.entries(bodies)) {
    peer.send({ type: 'call', id: answers.length, method, args: { token: '', needs: [], body } }, 'control');
  }
  await world.until(() => expect(answers.filter(({ type }) => type === 'answer')).toHaveLength(3));
  for (const answer of answers.filter(({ type }) => type === 'answer')) {
    expect(answer, JSON.stringify(answer)).toMatchObject({ ok: false, value: { code: 'PERMISSION_DENIED' } });
  }
  expect([a?.registry.catalog.kv('k'), a?.registry.catalog.node('ext')]).toEqual([undefined, undefined]);
});
