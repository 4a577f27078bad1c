import { describe, expect, test } from 'vitest';
import { meshOf, shownBy, shownRow } from '../../testing/sync-mesh/meshes.js';
import type { MeshAgent } from '../../testing/sync-mesh/mesh-agent.js';
import { Mesh } from '../../testing/sync-mesh/mesh.js';
import type { Message } from '../messages.js';

function expectSame(agents: readonly MeshAgent[]): void {
  const [first, ...others] = agents;
  for (const other of others) expect(other.local.shown()).toEqual(first?.local.shown());
}

function typesOf(mesh: Mesh): readonly Message['type'][] {
  return mesh.sent.map(({ message }) => message.type);
}

describe('an agent alone', () => {
  test('holds nothing twice, says nothing, and looks at its rows only when the first peer comes', () => {
    const mesh = new Mesh();
    const [a, b] = [mesh.add({ origin: 'a' }), mesh.add({ origin: 'b' })];
    a.register('web');
    mesh.run(5_000);
    expect(a.streams.report(mesh.nowMs).streams).toEqual([]);
    expect(mesh.sent).toEqual([]);
    mesh.connect(a, b);
    expect(a.streams.report(mesh.nowMs).streams).toContainEqual(
      expect.objectContaining({ origin: 'a', kind: 'catalog', version: 4, records: 4, lagVersions: 0 }),
    );
  });
});

describe('agents of one datacenter', () => {
  test('know after their first connection what was there before it', () => {
    const mesh = new Mesh();
    const [a, b] = [mesh.add({ origin: 'a' }), mesh.add({ origin: 'b' })];
    a.register('web');
    b.register('db');
    mesh.connect(a, b);
    mesh.deliver();
    expectSame([a, b]);
    expect(shownBy(a)).toContain('service node-b db');
  });

  test('know a change after one message each', () => {
    const { mesh, agents } = meshOf(['a', 'b', 'c']);
    const [a, b, c] = agents;
    mesh.sent.length = 0;
    a.register('web');
    expect(typesOf(mesh)).toEqual(['delta', 'delta']);
    mesh.deliver();
    for (const agent of [b, c]) expect(shownBy(agent)).toContain('service node-a web');
    a.flip('web', 'critical');
    a.deregister('web');
    mesh.deliver();
    for (const agent of [b, c]) expect(shownBy(agent)).not.toContain('service node-a web');
    expectSame(agents);
    expect(typesOf(mesh)).toHaveLength(6);
  });

  test('send the most urgent first: deletions, health, registrations, what only describes', () => {
    const { mesh, agents } = meshOf(['a', 'b']);
    const [a] = agents;
    mesh.sent.length = 0;
    a.registerNode('n', { meta: { rack: '1' } });
    a.registerNode('n', { meta: { rack: '2' } });
    a.register('web', {}, 'n');
    a.flip('web', 'critical', 'n');
    a.deregister('web', 'n');
    expect(mesh.sent.map(({ priority }) => priority)).toEqual([
      'registration',
      'metadata',
      'health',
      'health',
      'tombstone',
    ]);
  });

  test('say nothing but summaries while nothing changes', () => {
    const { mesh } = meshOf(['a', 'b', 'c']);
    mesh.sent.length = 0;
    mesh.run(30_000);
    expect(new Set(typesOf(mesh))).toEqual(new Set(['summary']));
    expect(mesh.sent.length).toBeLessThan(3 * 40);
  });

  test('hear from anybody of what its origin cannot say any more', () => {
    const mesh = new Mesh();
    const [a, b, c] = ['a', 'b', 'c'].map((origin) => mesh.add({ origin })) as [MeshAgent, MeshAgent, MeshAgent];
    a.register('web');
    mesh.connect(a, b);
    mesh.run(1_000);
    mesh.isolate(a);
    a.end('crashed');
    mesh.connect(b, c);
    mesh.run(1_000);
    expect(shownBy(c)).toContain('service node-a web');
  });

  test('that missed a change ask for it', () => {
    const { mesh, agents } = meshOf(['a', 'b']);
    const [a, b] = agents;
    mesh.faults = { loss: 1 };
    a.register('web');
    mesh.deliver();
    mesh.faults = {};
    a.register('db');
    mesh.deliver();
    expect(shownBy(b)).toEqual(expect.arrayContaining(['service node-a web', 'service node-a db']));
    expect(b.streams.report(0).counters).toMatchObject({ pullsSent: 1, resetsBehind: 0 });
  });

  test('tell how far they are behind, and since when', () => {
    const { mesh, agents } = meshOf(['a', 'b', 'c']);
    const [a, b, c] = agents;
    mesh.cut(a, c);
    mesh.faults = { loss: 1 };
    a.register('web');
    mesh.deliver();
    mesh.faults = {};
    a.take({ type: 'tick', lagMs: 0 });
    const behind = (agent: MeshAgent) =>
      agent.streams.report(mesh.nowMs + 70).streams.find(({ origin }) => origin === 'a');
    expect(behind(b)).toMatchObject({ lagVersions: 0, lagMs: 0 });
    b.take({
      type: 'message',
      from: 'a',
      message: { type: 'delta', stream: 'a', inc: a.info.inc, prev: 9, to: 9, end: 9, gc: 0, index: 0, records: [] },
    });
    expect(behind(b)).toMatchObject({ version: 2, lagVersions: 7, lagMs: 70 });
    expect(b.streams.claimed('a')).toEqual({ inc: a.info.inc, ver: 9 });
    expect(b.streams.position('a')).toEqual({ inc: a.info.inc, ver: 2 });
  });
});

describe('an agent that comes back', () => {
  test('is known again without a transfer when it and the others have what they had', () => {
    const { mesh, agents } = meshOf(['a', 'b', 'c']);
    const [a, b] = agents;
    for (let at = 0; at < 20; at++) a.register(`s${at}`);
    mesh.run(1_000);
    mesh.isolate(a);
    a.end('stopped');
    a.start();
    mesh.sent.length = 0;
    mesh.connectAll();
    mesh.run(1_000);
    expect(typesOf(mesh)).not.toContain('delta');
    expect(b.streams.position('a')).toEqual({ inc: a.info.inc, ver: 42 });
    expect(a.streams.position('b')).toEqual({ inc: b.info.inc, ver: 2 });
    expect(b.streams.report(0).counters).toMatchObject({ adoptions: 1 });
    a.deregister('s3');
    mesh.deliver();
    expectSame(agents);
  });

  test('with less than it had tells what is left, whoever remembers more', () => {
    const { mesh, agents } = meshOf(['a', 'b', 'c']);
    const [a, b] = agents;
    a.copyDisk();
    a.register('lost');
    mesh.run(1_000);
    mesh.isolate(a);
    a.end('stopped');
    a.restoreDisk();
    a.start();
    a.register('new');
    mesh.connectAll();
    mesh.run(1_000);
    expectSame(agents);
    expect(shownBy(b)).toContain('service node-a new');
    expect(shownBy(b)).not.toContain('service node-a lost');
    expect(b.notices).toContainEqual({ type: 'reset', stream: 'a', reason: 'incarnation' });
  });

  test('under an incarnation that others know more of raises it, remembered before it is said', () => {
    const { mesh, agents } = meshOf(['a', 'b']);
    const [a, b] = agents;
    const { inc } = a.info;
    const entry = {
      stream: 'a',
      inc: inc + 5,
      ver: 70,
      hash: [1, 1],
      base: { ver: 0, hash: [0, 0] },
      firsthand: false,
    } as const;
    mesh.sent.length = 0;
    a.take({ type: 'message', from: 'b', message: { type: 'digest', entries: [entry], answer: true } });
    expect(a.info.inc).toBe(inc + 6);
    expect([...a.local.held().documents]).toContainEqual(
      expect.objectContaining({ id: 'own', body: { inc: inc + 6 } }),
    );
    expect(typesOf(mesh)).toContain('digest');
    mesh.deliver();
    expect(b.streams.position('a')).toEqual(a.streams.position('a'));
    expect(b.streams.report(0).counters).toMatchObject({ adoptions: 1 });
    expect(typesOf(mesh)).not.toContain('delta');
  });

  test('behind what is still spoken of is sent the stream anew, and what was deleted does not come back', () => {
    const { mesh, agents } = meshOf(['a', 'b', 'c'], { tombstoneMinMs: 1_000, tombstoneMaxMs: 10_000 });
    const [a, b, c] = agents;
    a.register('old');
    mesh.run(1_000);
    mesh.isolate(c);
    a.deregister('old');
    mesh.run(5_000);
    // Not dead, so it is waited for…
    expect(a.streams.report(mesh.nowMs).streams.find(({ origin }) => origin === 'a')).toMatchObject({
      tombstones: 2,
      oldestTombstoneMs: 5_000,
    });
    mesh.run(6_000);
    // …but no longer than the cap.
    for (const agent of [a, b]) {
      expect(agent.streams.report(mesh.nowMs).streams.every(({ tombstones }) => tombstones === 0)).toBe(true);
    }
    mesh.connect(b, c);
    mesh.run(2_000);
    expect(shownBy(c)).not.toContain('service node-a old');
    expect(c.notices).toContainEqual({ type: 'reset', stream: 'a', reason: 'behind' });
    expectSame([b, c]);
  });
});

describe('deletions', () => {
  test('are forgotten once everybody knows them and they are old enough', () => {
    const { mesh, agents } = meshOf(['a', 'b', 'c'], { tombstoneMinMs: 20_000 });
    const [a] = agents;
    a.register('web');
    a.deregister('web');
    mesh.run(19_000);
    const held = (): number[] =>
      agents.map((agent) =>
        agent.streams.report(mesh.nowMs).streams.reduce((sum, { tombstones }) => sum + tombstones, 0),
      );
    expect(held()).toEqual([2, 2, 2]);
    mesh.run(20_000);
    expect(held()).toEqual([0, 0, 0]);
  });

  test('are not waited for by the dead', () => {
    const { mesh, agents } = meshOf(['a', 'b', 'c'], { tombstoneMinMs: 1_000 });
    const [a, b, c] = agents;
    mesh.isolate(c);
    for (const agent of [a, b]) agent.judge('c', 'dead');
    a.register('web');
    a.deregister('web');
    mesh.run(20_000);
    expect(b.streams.report(mesh.nowMs).streams.every(({ tombstones }) => tombstones === 0)).toBe(true);
    mesh.connectAll();
    mesh.run(2_000);
    expectSame(agents);
  });
});

describe('damage', () => {
  test('is found by comparing contents and repaired from the origin, not over and over', () => {
    const { mesh, agents } = meshOf(['a', 'b', 'c']);
    const [a, b, c] = agents;
    a.register('web');
    mesh.run(1_000);
    const row = shownRow(a, 'service node-a web');
    // A delta that the origin never sent, with a version that it will use.
    const { inc, ver } = a.streams.position('a');
    const ref = { kind: 'service', node: 'node-a', id: 'web' } as const;
    for (const agent of [b, c]) {
      agent.take({
        type: 'message',
        from: 'a',
        message: {
          type: 'delta',
          stream: 'a',
          inc,
          prev: ver,
          to: ver + 1,
          end: ver + 1,
          gc: 0,
          index: 0,
          records: [{ ref, ver: ver + 1, hlc: 0 }],
        },
      });
      expect(shownBy(agent)).not.toContain('service node-a web');
    }
    mesh.faults = { loss: 1 };
    a.register('other');
    mesh.deliver();
    mesh.faults = {};
    mesh.run(8_000);
    for (const agent of [b, c]) {
      expect(shownRow(agent, 'service node-a web')).toEqual(row);
      expect(agent.streams.report(0).counters.resetsCorrupt).toBeGreaterThan(0);
    }
    expectSame(agents);
  });
});
