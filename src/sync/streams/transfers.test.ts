import { describe, expect, test } from 'vitest';
import { limits } from '../../model/index.js';
import type { MeshAgent } from '../../testing/sync-mesh/mesh-agent.js';
import { Mesh } from '../../testing/sync-mesh/mesh.js';
import type { DeltaMessage } from '../messages.js';

const MANY = 2_000;

/** `a` with more than goes into one message, and others that do not know it yet. */
function large(...others: readonly string[]) {
  const mesh = new Mesh();
  const a = mesh.add({ origin: 'a' });
  for (let at = 0; at < MANY; at++) a.register(`s${at}`, { port: at });
  return { mesh, a, others: others.map((origin) => mesh.add({ origin })) };
}

function servicesOf(agent: MeshAgent): number {
  return [...agent.local.shown().keys()].filter((key) => key.startsWith('service')).length;
}

function ofNodeA(agent: MeshAgent): unknown {
  return [...agent.local.shown()].filter(([key]) => key.includes('node-a'));
}

function deltas(mesh: Mesh): readonly DeltaMessage[] {
  return mesh.sent.flatMap(({ message }) => (message.type === 'delta' ? [message] : []));
}

function runUntil(mesh: Mesh, isDone: () => boolean): void {
  for (let round = 0; round < 2_000 && !isDone(); round++) mesh.run(50);
  expect(isDone()).toBe(true);
}

describe('a large stream', () => {
  test('comes in pieces of bounded size, a few for each question, and is shown at once', () => {
    const { mesh, a, others } = large('b');
    const [b] = others as [MeshAgent];
    const counts = new Set<number>();
    const take = b.take.bind(b);
    b.take = (input) => {
      take(input);
      counts.add(servicesOf(b));
    };
    mesh.connect(a, b);
    runUntil(mesh, () => servicesOf(b) === MANY);
    expect([...counts]).toEqual([0, MANY]);
    const pieces = deltas(mesh).filter(({ stream }) => stream === 'a');
    expect(Math.max(...pieces.map(({ records }) => records.length))).toBeLessThanOrEqual(limits.deltaRecords);
    expect(pieces.length).toBeLessThanOrEqual(Math.ceil((2 * MANY) / 100));
    const pulls = mesh.sent.filter(({ from, message }) => from === 'b' && message.type === 'pull');
    expect(pulls.length).toBeLessThanOrEqual(Math.ceil(pieces.length / limits.deltaWindow) + 1);
    expect(
      new Set(
        mesh.sent
          .filter(({ message }) => message.type === 'delta' && message.stream === 'a')
          .map(({ priority }) => priority),
      ),
    ).toEqual(new Set(['bulk']));
  });

  test('is fetched once, from one of many who have it', () => {
    const { mesh, a, others } = large('b', 'c', 'd', 'e');
    const [b, c, d, e] = others as [MeshAgent, MeshAgent, MeshAgent, MeshAgent];
    for (const one of [b, c, d]) for (const other of [a, b, c, d]) if (one !== other) mesh.connect(one, other);
    runUntil(mesh, () => [b, c, d].every((agent) => servicesOf(agent) === MANY));
    mesh.sent.length = 0;
    for (const other of [a, b, c, d]) mesh.connect(e, other);
    runUntil(mesh, () => servicesOf(e) === MANY);
    const received = deltas(mesh).filter(({ stream }) => stream === 'a');
    expect(received.reduce((sum, { records }) => sum + records.length, 0)).toBe(2 * MANY + 2);
  });

  test('arrives whole whatever is lost on the way and changed meanwhile', () => {
    for (let seed = 1; seed <= 3; seed++) {
      const mesh = new Mesh(seed);
      const [a, b] = [mesh.add({ origin: 'a' }), mesh.add({ origin: 'b' })];
      for (let at = 0; at < 1_500; at++) a.register(`s${at}`, { port: at });
      mesh.faults = { loss: 0.2, repeats: 0.1, reorders: 0.1 };
      mesh.connect(a, b);
      for (let at = 0; at < 40; at++) {
        a.deregister(`s${at * 7}`);
        a.register(`t${at}`);
        mesh.run(100);
      }
      mesh.faults = {};
      runUntil(mesh, () => b.streams.position('a').ver === a.streams.position('a').ver);
      expect(b.local.shown()).toEqual(a.local.shown());
      expect(b.streams.report(0).counters.resetsCorrupt).toBe(0);
    }
  });

  test('that was cut off on the way is begun again, elsewhere if need be, and nothing is kept of the first try', () => {
    const { mesh, a, others } = large('b', 'c');
    const [b, c] = others as [MeshAgent, MeshAgent];
    mesh.connect(a, b);
    runUntil(mesh, () => servicesOf(b) === MANY);
    mesh.sent.length = 0;
    mesh.connect(a, c);
    for (let delivered = 0; delivered < 3; delivered++) mesh.deliverRound();
    expect(deltas(mesh).length).toBeGreaterThan(0);
    mesh.cut(a, c);
    mesh.run(1_000);
    expect(c.streams.position('a').ver).toBe(0);
    mesh.connect(b, c);
    runUntil(mesh, () => servicesOf(c) === MANY);
    expect(c.local.shown()).toEqual(b.local.shown());
  });

  test('that nobody sends is asked for a few times, then given up until somebody tells of it again', () => {
    const { mesh, a, others } = large('b');
    const [b] = others as [MeshAgent];
    mesh.connect(a, b);
    runUntil(mesh, () => servicesOf(b) === MANY);
    mesh.faults = { loss: 1 };
    for (let at = 0; at < 1_500; at++) a.register(`t${at}`);
    const entry = {
      stream: 'a',
      ...a.streams.position('a'),
      hash: [0, 0],
      base: { ver: 0, hash: [0, 0] },
      firsthand: true,
    } as const;
    b.take({ type: 'message', from: 'a', message: { type: 'digest', entries: [entry], answer: true } });
    mesh.sent.length = 0;
    mesh.run(300_000);
    expect(mesh.sent.filter(({ message }) => message.type === 'pull').length).toBeLessThan(10);
    mesh.faults = {};
    runUntil(mesh, () => servicesOf(b) === MANY + 1_500);
  });

  test('and a shorter one that goes on are the same in the end: a transfer anew equals the changes', () => {
    const { mesh, a, others } = large('b', 'c');
    const [b, c] = others as [MeshAgent, MeshAgent];
    mesh.connect(a, b);
    runUntil(mesh, () => servicesOf(b) === MANY);
    for (let at = 0; at < 500; at++) {
      a.flip(`s${at}`, 'critical');
      if (at % 3 === 0) a.deregister(`s${at}`);
      if (at % 50 === 0) mesh.run(50);
    }
    mesh.run(1_000);
    mesh.connect(a, c);
    runUntil(mesh, () => servicesOf(c) === servicesOf(a));
    expect(ofNodeA(c)).toEqual(ofNodeA(b));
    expect(c.streams.position('a')).toEqual(b.streams.position('a'));
  });
});

describe('many streams', () => {
  test('are fetched a few at once, and all in the end', () => {
    const mesh = new Mesh();
    const origins = Array.from({ length: 24 }, (_, at) => `origin-${String(at).padStart(2, '0')}`);
    const agents = origins.map((origin) => mesh.add({ origin }));
    for (const agent of agents) for (let at = 0; at < 80; at++) agent.register(`s${at}`);
    const [first, ...others] = agents as [MeshAgent, ...MeshAgent[]];
    for (const other of others) mesh.connect(first, other);
    runUntil(mesh, () => others.every(({ origin }) => first.streams.position(origin).ver > 0));
    const last = mesh.add({ origin: 'zz' });
    mesh.sent.length = 0;
    mesh.connect(first, last);
    for (const other of others) last.hearOf(other.info);
    runUntil(mesh, () => origins.every((origin) => last.streams.position(origin).ver > 0));
    const wants = mesh.sent.flatMap(({ from, message }) =>
      from === 'zz' && message.type === 'pull' ? [message.wants] : [],
    );
    expect(Math.max(...wants.map(({ length }) => length))).toBeLessThanOrEqual(limits.transfersAtOnce);
  });
});
