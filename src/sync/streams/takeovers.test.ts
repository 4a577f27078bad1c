import { describe, expect, test } from 'vitest';
import type { CheckRow, ServiceRow } from '../../model/index.js';
import { meshOf, shownBy, shownRow } from '../../testing/sync-mesh/meshes.js';
import type { MeshAgent } from '../../testing/sync-mesh/mesh-agent.js';

const SERVICE = 'service outside web';
const CHECK = 'check outside service:web';
const OF_SERVICE = { kind: 'service', node: 'outside', id: 'web' } as const;

function registerOutside(agent: MeshAgent, address = '10.0.0.1'): void {
  agent.registerNode('outside', { address });
  agent.register('web', { address }, 'outside');
}

/** `b` takes over what `a`, held dead by the others, registered for an outside node. */
function takenOver() {
  const { mesh, agents } = meshOf(['a', 'b', 'c'], { tombstoneMinMs: 1_000 });
  const [a, b, c] = agents;
  registerOutside(a);
  mesh.run(1_000);
  mesh.isolate(a);
  for (const agent of [b, c]) agent.judge('a', 'dead');
  return { mesh, agents, a, b, c };
}

function comesBack({ mesh }: ReturnType<typeof takenOver>): void {
  mesh.connectAll();
  mesh.run(2_000);
}

describe('a row of a dead origin', () => {
  test('that was deleted elsewhere stays deleted when the origin comes back, which withdraws it', () => {
    const world = takenOver();
    const { mesh, a, b, c } = world;
    b.deregister('web', 'outside');
    mesh.deliver();
    expect(shownBy(c)).not.toContain(SERVICE);
    expect(shownBy(a)).toContain(SERVICE);
    comesBack(world);
    for (const agent of [a, b, c]) {
      expect(shownBy(agent)).not.toContain(SERVICE);
      expect(shownBy(agent)).not.toContain(CHECK);
      expect(shownBy(agent)).toContain('node outside');
    }
    expect(a.notices).toContainEqual({ type: 'lost', ref: OF_SERVICE, winner: 'b', yield: true });
    // Nobody holds what the deletion was for, so it need not be spoken of for ever.
    mesh.run(10_000);
    for (const agent of [a, b, c]) {
      expect(agent.streams.report(mesh.nowMs).streams.map(({ tombstones }) => tombstones)).toEqual(
        agent.streams.report(mesh.nowMs).streams.map(() => 0),
      );
    }
  });

  test('that was deleted elsewhere stays deleted for as long as the origin is away, whoever restarts meanwhile', () => {
    const { mesh, a, b, c } = takenOver();
    b.deregister('web', 'outside');
    mesh.run(5_000);
    for (const agent of [b, c]) {
      mesh.isolate(agent);
      agent.end('stopped');
      agent.start();
      mesh.connect(b, c);
      mesh.run(5_000);
    }
    mesh.connect(a, c);
    mesh.run(1_000);
    mesh.connect(a, b);
    mesh.run(1_000);
    for (const agent of [a, b, c]) expect(shownBy(agent)).not.toContain(SERVICE);
  });

  test('that was deleted elsewhere is back when the origin registers it again', () => {
    const world = takenOver();
    const { mesh, a, b, c } = world;
    b.deregister('web', 'outside');
    mesh.run(1_000);
    a.register('web', { port: 81 }, 'outside');
    comesBack(world);
    for (const agent of [a, b, c]) expect(shownRow(agent, SERVICE)).toMatchObject({ origin: 'a', port: 81 });
    for (const agent of [a, b, c]) expect(shownBy(agent)).toContain(CHECK);
  });

  test('that was registered elsewhere belongs to who registered it', () => {
    const world = takenOver();
    const { a, b, c } = world;
    b.register('web', { port: 82, address: '10.0.0.1' }, 'outside');
    comesBack(world);
    for (const agent of [a, b, c]) {
      expect(shownRow(agent, SERVICE)).toMatchObject({ origin: 'b', port: 82 });
      expect(shownRow(agent, CHECK)).toMatchObject({ origin: 'b' });
      expect(shownRow(agent, 'node outside')).toMatchObject({ origin: 'a' });
    }
  });

  test('goes with its checks, which a later one of the same identity does not inherit', () => {
    const world = takenOver();
    const { a, b, c } = world;
    a.put({ ...(a.local.row('check\u0000outside\u0000service:web') as CheckRow), checkId: 'second' });
    b.register('web', { port: 82 }, 'outside');
    comesBack(world);
    for (const agent of [a, b, c]) {
      expect(shownBy(agent)).toContain(CHECK);
      expect(shownBy(agent)).not.toContain('check outside second');
    }
  });
});

describe('rows of an agent’s own node', () => {
  test('are said again when another took them over', () => {
    const { mesh, agents } = meshOf(['a', 'b', 'c']);
    const [a, b, c] = agents;
    a.register('web');
    mesh.run(1_000);
    mesh.isolate(a);
    for (const agent of [b, c]) agent.judge('a', 'dead');
    b.deregister('web', 'node-a');
    b.registerNode('node-a', { address: 'stolen' });
    mesh.deliver();
    expect(shownRow(c, 'node node-a')).toMatchObject({ origin: 'b', address: 'stolen' });
    mesh.connectAll();
    mesh.run(2_000);
    for (const agent of agents) {
      expect(shownRow(agent, 'node node-a')).toMatchObject({ origin: 'a', address: 'a' });
      expect(shownRow(agent, 'service node-a web')).toMatchObject({ origin: 'a' });
      expect(shownRow(agent, 'check node-a service:web')).toMatchObject({ origin: 'a' });
      expect(shownRow(agent, 'check node-a serfHealth')).toMatchObject({ origin: 'a' });
    }
    expect(a.notices.filter(({ type }) => type === 'reclaim')).toHaveLength(2);
  });
});

/** `a` first, `b` later; then they meet. */
function met(addressOfB: string) {
  const { mesh, agents } = meshOf(['a', 'b', 'c']);
  const [a, b] = agents;
  mesh.isolate(b);
  registerOutside(a);
  mesh.run(1_000);
  registerOutside(b, addressOfB);
  mesh.connectAll();
  mesh.run(2_000);
  return { mesh, agents, a, b, c: agents[2] };
}

describe('one identity registered through two agents that do not know of each other', () => {
  test('is the later one’s everywhere; at the same address the other withdraws', () => {
    const { agents, a } = met('10.0.0.1');
    for (const agent of agents) {
      expect(shownRow(agent, SERVICE)).toMatchObject({ origin: 'b' });
      expect(shownRow(agent, CHECK)).toMatchObject({ origin: 'b' });
      expect(agent.streams.report(0).conflicts).toEqual([]);
    }
    expect(a.notices).toContainEqual({ type: 'lost', ref: OF_SERVICE, winner: 'b', yield: true });
    expect(a.streams.report(0).streams.find(({ origin }) => origin === 'a')).toMatchObject({ records: 2 });
  });

  test('at another address stays hidden, and is told of', () => {
    const { mesh, agents, a, b, c } = met('10.0.0.2');
    for (const agent of agents) {
      expect(shownRow(agent, SERVICE)).toMatchObject({ origin: 'b' });
      expect(agent.streams.report(0).conflicts).toContainEqual({
        node: 'outside',
        id: 'web',
        winner: 'node-b',
        loser: 'node-a',
        reason: 'registered later',
      });
      expect(agent.notices).toContainEqual({
        type: 'conflict',
        ref: OF_SERVICE,
        winner: 'b',
        loser: 'a',
        sameAddress: false,
      });
    }
    expect(a.notices).toContainEqual({ type: 'lost', ref: OF_SERVICE, winner: 'b', yield: false });
    expect(mesh.sent.some(({ from, to, message }) => from === 'b' && to === 'a' && message.type === 'conflict')).toBe(
      true,
    );
    // It is there again when the one that hid it goes, with its checks.
    b.deregister('web', 'outside');
    mesh.run(1_000);
    for (const agent of agents) {
      expect(shownRow(agent, SERVICE)).toMatchObject({ origin: 'a' });
      expect(shownRow(agent, CHECK)).toMatchObject({ origin: 'a' });
    }
    expect(c.streams.report(0).conflicts).toHaveLength(1);
  });

  test('at another address is withdrawn when it turns out to have been deleted meanwhile', () => {
    const { mesh, agents } = meshOf(['a', 'b', 'c', 'd'], { tombstoneMinMs: 1_000 });
    const [a, b, c, d] = agents;
    registerOutside(a);
    mesh.run(1_000);
    mesh.isolate(a);
    mesh.isolate(d);
    for (const agent of [b, c]) agent.judge('a', 'dead');
    // One side deletes it, and another one that does not know of either registers it later, elsewhere.
    b.deregister('web', 'outside');
    mesh.run(1_000);
    d.judge('a', 'dead');
    registerOutside(d, '10.0.0.9');
    mesh.connect(a, d);
    mesh.run(1_000);
    expect(a.notices).toContainEqual({ type: 'lost', ref: OF_SERVICE, winner: 'd', yield: false });
    mesh.connectAll();
    mesh.run(15_000);
    expect(a.notices).toContainEqual({ type: 'lost', ref: OF_SERVICE, winner: 'd', yield: true });
    for (const agent of [a, b, c, d]) {
      expect(shownRow(agent, SERVICE)).toMatchObject({ origin: 'd' });
      expect(agent.streams.report(mesh.nowMs).streams.every(({ tombstones }) => tombstones === 0)).toBe(true);
    }
  });

  test('is the live one’s while the other is dead, and told once for each change of that', () => {
    const { mesh, agents, a, b, c } = met('10.0.0.2');
    mesh.isolate(b);
    for (const agent of [a, c]) agent.judge('b', 'dead');
    for (const agent of [a, c]) expect(shownRow(agent, SERVICE)).toMatchObject({ origin: 'a' });
    mesh.connectAll();
    mesh.run(2_000);
    for (const agent of agents) expect(shownRow(agent, SERVICE)).toMatchObject({ origin: 'b' });
    const told = c.notices.filter((notice) => notice.type === 'conflict' && notice.ref.kind === 'service');
    expect(told.map((notice) => notice.type === 'conflict' && notice.winner)).toEqual(['b', 'a', 'b']);
  });

  test('survives restarts, hidden as it is', () => {
    const { mesh, agents, b } = met('10.0.0.2');
    for (const agent of agents) {
      mesh.isolate(agent);
      agent.end('stopped');
      agent.start();
      mesh.connectAll();
      mesh.run(2_000);
    }
    for (const agent of agents) expect(shownRow(agent, SERVICE)).toMatchObject({ origin: 'b' });
    b.deregister('web', 'outside');
    mesh.run(1_000);
    for (const agent of agents) expect(shownRow(agent, SERVICE)).toMatchObject({ origin: 'a' });
  });
});

describe('a command that is heard of late', () => {
  test('does not undo what was merged after it was decided', () => {
    const { mesh, agents } = meshOf(['a', 'b']);
    const [a, b] = agents;
    mesh.isolate(b);
    registerOutside(a);
    mesh.run(100);
    // Decided by b's registry before a's rows are merged over it, heard of by its step afterwards.
    b.isSlow = true;
    b.clock.tick(b.wall + 60_000);
    registerOutside(b);
    mesh.connect(a, b);
    mesh.deliver();
    expect(shownRow(b, SERVICE)).toMatchObject({ origin: 'a' });
    b.isSlow = false;
    b.hearOfCommits();
    mesh.run(2_000);
    for (const agent of agents) expect(shownRow(agent, SERVICE)).toMatchObject({ origin: 'b' });
  });

  test('keeps its row when a merge took away another’s of the same identity', () => {
    const { mesh, agents } = meshOf(['a', 'b']);
    const [a, b] = agents;
    registerOutside(a);
    mesh.run(100);
    b.judge('a', 'dead');
    b.isSlow = true;
    b.register('web', { port: 83 }, 'outside');
    a.deregister('web', 'outside');
    mesh.deliver();
    expect(shownBy(b)).not.toContain(SERVICE);
    b.isSlow = false;
    b.hearOfCommits();
    mesh.run(2_000);
    for (const agent of agents) expect(shownRow(agent, SERVICE)).toMatchObject({ origin: 'b', port: 83 });
  });

  test('of another’s row, as after a restore, leaves what its owner says', () => {
    const { mesh, agents } = meshOf(['a', 'b']);
    const [a, b] = agents;
    registerOutside(a);
    mesh.run(100);
    b.put({ ...(b.local.row('service\u0000outside\u0000web') as ServiceRow), port: 99 });
    expect(shownRow(b, SERVICE)).toMatchObject({ origin: 'a', port: 0 });
  });
});
