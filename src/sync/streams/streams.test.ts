import { describe, expect, test } from 'vitest';
import type { MeshAgent } from '../../testing/sync-mesh/mesh-agent.js';
import { Mesh } from '../../testing/sync-mesh/mesh.js';

/** The identities an agent shows, without the rows that every agent has of itself. */
function shownBy(agent: MeshAgent): string[] {
  return [...agent.local.shown().keys()].map((key) => key.replaceAll('\u0000', ' ').trim());
}

function expectSame(mesh: Mesh): void {
  const [first, ...others] = mesh.agents.filter(({ isUp }) => isUp);
  for (const other of others) expect(other.local.shown()).toEqual(first?.local.shown());
}

function meshOf(origins: readonly string[], seed = 1): { mesh: Mesh; agents: MeshAgent[] } {
  const mesh = new Mesh(seed);
  const agents = origins.map((origin) => mesh.add({ origin }));
  mesh.connectAll();
  mesh.run(2_000);
  return { mesh, agents };
}

describe('streams', () => {
  test('what was there before a connection is known after it', () => {
    const mesh = new Mesh();
    const [a, b] = [mesh.add({ origin: 'a' }), mesh.add({ origin: 'b' })];
    a.register('web');
    b.register('db');
    mesh.connect(a, b);
    mesh.deliver();
    expectSame(mesh);
    expect(shownBy(a)).toContain('service node-b db');
  });

  test('a change is at every agent after one hop', () => {
    const { mesh, agents } = meshOf(['a', 'b', 'c']);
    const [a, b, c] = agents as [MeshAgent, MeshAgent, MeshAgent];
    a.register('web');
    mesh.deliver();
    for (const agent of [b, c]) expect(shownBy(agent)).toContain('service node-a web');
    a.deregister('web');
    mesh.deliver();
    for (const agent of [b, c]) expect(shownBy(agent)).not.toContain('service node-a web');
    expectSame(mesh);
  });
});
