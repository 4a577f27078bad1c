import { describe, expect, test } from 'vitest';
import { shownBy, shownRow } from '../../testing/sync-mesh/meshes.js';
import type { MeshAgent } from '../../testing/sync-mesh/mesh-agent.js';
import { Mesh } from '../../testing/sync-mesh/mesh.js';

/** Three agents here and there; the first two of each are gateways. */
function twoDatacenters(exports: Readonly<Record<string, readonly string[]>> = {}) {
  const mesh = new Mesh();
  const settings = { exports, remoteFlushMs: 50, remoteDigestMs: 5_000, tombstoneMinMs: 1_000 };
  const add = (origin: string, datacenter: string): MeshAgent => mesh.add({ origin, datacenter, settings });
  const [a, b, c] = [add('a', 'dc1'), add('b', 'dc1'), add('c', 'dc1')];
  const [s, t, u] = [add('s', 'dc2'), add('t', 'dc2'), add('u', 'dc2')];
  mesh.connectAll();
  mesh.run(12_000);
  return { mesh, a, b, c, s, t, u };
}

describe('another datacenter', () => {
  test('is known at every agent, in a catalog of its own, a moment after the change', () => {
    const { mesh, a, c, u } = twoDatacenters();
    c.register('web');
    mesh.run(150);
    expect(shownBy(u, 'dc1')).toContain('service node-c web');
    expect(shownBy(u)).not.toContain('service node-c web');
    u.register('db');
    u.deregister('db');
    u.register('db2');
    mesh.run(150);
    for (const agent of [a, c]) {
      expect(shownBy(agent, 'dc2')).toContain('service node-u db2');
      expect(shownBy(agent, 'dc2')).not.toContain('service node-u db');
    }
  });

  test('says nothing but summaries across while nothing changes', () => {
    const { mesh } = twoDatacenters();
    mesh.sent.length = 0;
    mesh.run(20_000);
    expect(new Set(mesh.sent.map(({ message }) => message.type))).toEqual(new Set(['summary']));
  });

  test('repairs what was lost on the way, also between those who are no gateways', () => {
    const { mesh, c, u } = twoDatacenters();
    mesh.faults = { loss: 1 };
    c.register('web');
    mesh.run(200);
    mesh.faults = {};
    mesh.run(15_000);
    expect(shownBy(u, 'dc1')).toContain('service node-c web');
  });

  test('is not told of itself by others, whatever they remember', () => {
    const { mesh, s, t, u, a } = twoDatacenters();
    for (const gateway of [s, t]) mesh.cut(gateway, u);
    u.register('late');
    mesh.run(15_000);
    mesh.sent.length = 0;
    // Agents here know nothing of it, and would not tell there what they know.
    a.register('x');
    mesh.run(15_000);
    const across = mesh.sent.filter(({ from, to }) => 'abc'.includes(from) !== 'abc'.includes(to));
    expect(
      across.every(
        ({ from, message }) => message.type !== 'delta' || 'abc'.includes(message.stream) === 'abc'.includes(from),
      ),
    ).toBe(true);
    expect(shownBy(s)).not.toContain('service node-u late');
  });

  test('never has its state copied, nor its home followed', () => {
    const { mesh, a, s } = twoDatacenters();
    mesh.home = 'a';
    a.setKey('k', 'v');
    mesh.run(15_000);
    expect(s.shelves.has('state')).toBe(false);
    expect(
      mesh.sent.some(({ to, message }) => to === 's' && message.type === 'delta' && message.stream === 'a/state'),
    ).toBe(false);
  });

  test('stays as it was while it is silent', () => {
    const { mesh, a, b, c, s, t, u } = twoDatacenters();
    u.register('db');
    mesh.run(1_000);
    for (const here of [a, b]) for (const there of [s, t]) mesh.cut(here, there);
    mesh.run(100_000);
    for (const agent of [a, b, c])
      expect(shownRow(agent, 'check node-u serfHealth', 'dc2')).toMatchObject({ status: 'passing' });
  });

  test('goes with an agent that left there', () => {
    const { mesh, a, s, t, u } = twoDatacenters();
    mesh.isolate(u);
    u.end('stopped');
    for (const agent of [s, t, a]) agent.judge('u', 'left');
    mesh.run(1_000);
    expect(shownBy(a, 'dc2').filter((key) => key.includes('node-u'))).toEqual([]);
    mesh.run(15_000);
    expect(shownBy(a, 'dc2').filter((key) => key.includes('node-u'))).toEqual([]);
  });
});

describe('an export filter', () => {
  test('shows nodes and their checks, and services with their checks by name, in any case', () => {
    const { mesh, c, u } = twoDatacenters({ dc2: ['Web', 'api-*'] });
    c.register('w1', { service: 'web' });
    c.register('api-1', { service: 'API-eu' });
    c.register('secret', { service: 'web2' });
    mesh.run(500);
    expect(
      shownBy(u, 'dc1')
        .filter((key) => key.includes('node-c'))
        .toSorted(),
    ).toEqual([
      'check node-c serfHealth',
      'check node-c service:api-1',
      'check node-c service:w1',
      'node node-c',
      'service node-c api-1',
      'service node-c w1',
    ]);
    const said = JSON.stringify(
      mesh.sent.filter(({ from, to }) => 'ab'.includes(from) && 'st'.includes(to)),
      (_, v: unknown) => (typeof v === 'bigint' ? '' : v),
    );
    expect(said).not.toContain('secret');
  });

  test('takes away what is renamed to something it does not show, and is quiet about what it never did', () => {
    const { mesh, c, u } = twoDatacenters({ dc2: ['web'] });
    c.register('x', { service: 'web' });
    c.register('y', { service: 'db' });
    mesh.run(500);
    expect(shownBy(u, 'dc1')).toContain('service node-c x');
    mesh.sent.length = 0;
    c.register('x', { service: 'db' });
    c.deregister('y');
    mesh.run(500);
    expect(shownBy(u, 'dc1').filter((key) => /node-c (x|service:x)/.test(key))).toEqual([]);
    const gone = mesh.sent.flatMap(({ to, message }) =>
      to === 's' && message.type === 'delta' ? message.records.map(({ ref }) => ref.id) : [],
    );
    expect(gone).toContain('x');
    expect(gone).not.toContain('y');
    mesh.sent.length = 0;
    mesh.run(15_000);
    expect(new Set(mesh.sent.map(({ message }) => message.type))).toEqual(new Set(['summary']));
  });

  test('of a gateway that was configured anew takes effect on what was known before', () => {
    const mesh = new Mesh();
    const exports = { dc2: ['web'] };
    const a = mesh.add({ origin: 'a', settings: {} });
    const [s, t] = [mesh.add({ origin: 's', datacenter: 'dc2' }), mesh.add({ origin: 't', datacenter: 'dc2' })];
    a.register('w', { service: 'web' });
    a.register('d', { service: 'db' });
    mesh.connectAll();
    mesh.run(12_000);
    for (const agent of [s, t]) expect(shownBy(agent, 'dc1')).toContain('service node-a d');
    mesh.isolate(a);
    a.end('stopped');
    a.configure({ exports });
    a.start();
    mesh.connectAll();
    mesh.run(30_000);
    for (const agent of [s, t]) {
      expect(shownBy(agent, 'dc1')).toContain('service node-a w');
      expect(shownBy(agent, 'dc1')).not.toContain('service node-a d');
    }
  });
});
