import { describe, expect, test } from 'vitest';
import { meshOf, shownRow } from '../../testing/sync-mesh/meshes.js';
import type { MeshAgent } from '../../testing/sync-mesh/mesh-agent.js';

function withHome() {
  const { mesh, agents } = meshOf(['a', 'b', 'c']);
  mesh.home = 'a';
  const [a, b, c] = agents;
  for (const [key, value] of [
    ['k1', 'one'],
    ['k2', 'two'],
  ] as const)
    a.setKey(key, value);
  mesh.run(3_000);
  return { mesh, agents, a, b, c };
}

function copyOf(agent: MeshAgent): readonly unknown[] {
  const held = agent.shelves.get('state')?.held();
  return [
    held?.index,
    ...Array.from(held?.rows ?? [], (row) => (row.kind === 'kv' ? [row.key, row.value, row.modifyIndex] : row)),
  ];
}

function stateOf(home: MeshAgent): readonly unknown[] {
  const rows = [...home.local.held().rows].filter(({ kind }) => kind === 'kv');
  return [home.local.index, ...rows.map((row) => (row.kind === 'kv' ? [row.key, row.value, row.modifyIndex] : row))];
}

describe('the state of the home', () => {
  test('is copied with its indexes, change by change', () => {
    const { mesh, a, b, c } = withHome();
    a.setKey('k3', 'three');
    a.deleteKey('k1');
    mesh.deliver();
    for (const agent of [b, c]) expect(copyOf(agent)).toEqual(stateOf(a));
    expect(b.shelves.get('state')?.target).toEqual({ type: 'state', home: 'a', space: 'space-a' });
    expect(b.streams.position('a/state')).toEqual(a.streams.position('a/state'));
    expect(shownRow(b, 'kv  k2')).toBeUndefined();
  });

  test('is the home’s alone to say', () => {
    const { mesh, a, b, c } = withHome();
    b.setKey('mine', 'x');
    mesh.run(3_000);
    for (const agent of [a, c])
      expect(
        JSON.stringify(agent.local.held().rows, (_, v: unknown) => (typeof v === 'bigint' ? '' : v)),
      ).not.toContain('mine');
    expect(
      mesh.sent.some(({ from, message }) => from === 'b' && message.type === 'delta' && message.stream === 'b/state'),
    ).toBe(false);
    const forged = { ...b.local.row('kv\u0000\u0000mine'), modifyIndex: 1, createIndex: 1 } as never;
    c.take({
      type: 'message',
      from: 'b',
      message: {
        type: 'delta',
        stream: 'b/state',
        inc: b.info.inc,
        prev: 0,
        to: 1,
        end: 1,
        gc: 0,
        index: 9,
        records: [{ ref: { kind: 'kv', node: '', id: 'mine' }, ver: 1, hlc: 0, row: forged }],
      },
    });
    expect(c.streams.position('b/state')).toEqual({ inc: 0, ver: 0 });
    expect(c.streams.report(0).counters.refusedMessages).toBe(1);
  });

  test('of many changes is shown as it was at one of its indexes, never between', () => {
    const { mesh, a, b } = withHome();
    mesh.cut(a, b);
    mesh.cut(b, mesh.agent('c'));
    for (let at = 0; at < 3_000; at++) a.setKey(`k${at % 1_500}`, `${at}`);
    const seen = new Set<unknown>();
    const take = b.take.bind(b);
    b.take = (input) => {
      take(input);
      seen.add(JSON.stringify(copyOf(b)[0]));
    };
    const before = JSON.stringify(copyOf(b)[0]);
    mesh.connect(a, b);
    mesh.run(3_000);
    expect([...seen]).toEqual([before, JSON.stringify(a.local.index)]);
    expect(copyOf(b)).toEqual(stateOf(a));
  });

  test('goes on after a restart of either without a transfer', () => {
    const { mesh, a, b } = withHome();
    for (const agent of [b, a]) {
      mesh.isolate(agent);
      agent.end('stopped');
      agent.start();
      mesh.sent.length = 0;
      mesh.connectAll();
      mesh.run(2_000);
      expect(mesh.sent.some(({ message }) => message.type === 'delta')).toBe(false);
    }
    a.setKey('k4', 'four');
    mesh.deliver();
    expect(copyOf(b)).toEqual(stateOf(a));
    expect(b.shelves.get('state')?.target).toMatchObject({ space: 'space-a' });
  });

  test('begins anew in another index space after a restored snapshot', () => {
    const { mesh, a, b } = withHome();
    const { inc } = a.info;
    a.beginSpace('restored');
    mesh.run(3_000);
    expect(a.info).toMatchObject({ space: 'restored' });
    expect(a.info.inc).toBeGreaterThan(inc);
    expect(b.shelves.get('state')?.target).toEqual({ type: 'state', home: 'a', space: 'restored' });
    expect(copyOf(b).slice(1)).toEqual(stateOf(a).slice(1));
  });

  test('begins anew when the home’s indexes went back with its disk', () => {
    const { mesh, a, b } = withHome();
    a.copyDisk();
    for (let at = 0; at < 5; at++) a.setKey('lost', `${at}`);
    mesh.run(1_000);
    mesh.isolate(a);
    a.end('stopped');
    a.restoreDisk();
    a.start();
    a.setKey('k5', 'five');
    mesh.connectAll();
    mesh.run(3_000);
    expect(copyOf(b)).toEqual(stateOf(a));
    expect(b.shelves.get('state')?.target).toEqual({ type: 'state', home: 'a', space: `space-a+${a.info.inc}` });
    a.setKey('k6', 'six');
    mesh.run(1_000);
    expect(copyOf(b)).toEqual(stateOf(a));
  });
});
