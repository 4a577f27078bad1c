import { describe, expect, test } from 'vitest';
import type { CheckRow } from '../../model/index.js';
import { meshOf, shownBy, shownRow } from '../../testing/sync-mesh/meshes.js';

const NODE_CHECK = 'check node-a serfHealth';
const DEAD = { status: 'critical', output: 'Agent not live or unreachable' };

function threeAgents() {
  const { mesh, agents } = meshOf(['a', 'b', 'c']);
  const [a, b, c] = agents;
  a.register('web');
  mesh.run(1_000);
  return { mesh, agents, a, b, c };
}

describe('a member held dead', () => {
  test('is shown critical, its rows stay, and nothing of that is kept or told on', () => {
    const { mesh, a, b, c } = threeAgents();
    mesh.isolate(a);
    const position = b.streams.position('a');
    mesh.sent.length = 0;
    b.judge('a', 'dead');
    expect(shownRow(b, NODE_CHECK)).toMatchObject(DEAD);
    expect(shownBy(b)).toContain('service node-a web');
    expect(mesh.sent).toEqual([]);
    expect(b.streams.position('a')).toEqual(position);
    expect(b.local.row('check\u0000node-a\u0000serfHealth')).toMatchObject({ status: 'passing' });
    expect(shownRow(c, NODE_CHECK)).toMatchObject({ status: 'passing' });
  });

  test('is shown as it says itself as soon as it is alive', () => {
    const { mesh, a, b } = threeAgents();
    mesh.isolate(a);
    b.judge('a', 'dead');
    b.judge('a', 'alive');
    expect(shownRow(b, NODE_CHECK)).toMatchObject({ status: 'passing', output: '' });
  });

  test('stays critical whatever others remember that it said', () => {
    const { mesh, a, b, c } = threeAgents();
    mesh.cut(a, b);
    a.put({ ...(a.local.row('check\u0000node-a\u0000serfHealth') as CheckRow), notes: 'later' });
    mesh.deliver();
    mesh.isolate(a);
    b.judge('a', 'dead');
    mesh.run(3_000);
    expect(shownRow(b, NODE_CHECK)).toMatchObject({ ...DEAD, notes: 'later' });
    expect(shownRow(c, NODE_CHECK)).toMatchObject({ status: 'passing', notes: 'later' });
  });

  test('is shown as before while nothing may be expired, and critical once it may', () => {
    const { mesh, a, b } = threeAgents();
    mesh.isolate(a);
    b.members.isProtected = true;
    b.judge('a', 'dead');
    mesh.run(1_000);
    expect(shownRow(b, NODE_CHECK)).toMatchObject({ status: 'passing' });
    b.members.isProtected = false;
    mesh.run(100);
    expect(shownRow(b, NODE_CHECK)).toMatchObject(DEAD);
  });

  test('is not shown critical for a verdict that was withdrawn before', () => {
    const { mesh, a, b } = threeAgents();
    mesh.isolate(a);
    b.members.isProtected = true;
    b.judge('a', 'dead');
    b.judge('a', 'alive');
    b.members.isProtected = false;
    mesh.run(1_000);
    expect(shownRow(b, NODE_CHECK)).toMatchObject({ status: 'passing' });
  });
});

describe('a member that left', () => {
  test('takes its rows with it, and they do not come back from those who have not heard', () => {
    const { mesh, a, b, c } = threeAgents();
    mesh.isolate(a);
    a.end('stopped');
    b.judge('a', 'left');
    expect(shownBy(b).filter((key) => key.includes('node-a'))).toEqual([]);
    expect(b.streams.position('a')).toEqual({ inc: 0, ver: 0 });
    mesh.run(5_000);
    expect(shownBy(c)).toContain('service node-a web');
    expect(shownBy(b).filter((key) => key.includes('node-a'))).toEqual([]);
  });

  test('is not believed again under the incarnation it left with, not after a restart either', () => {
    const { mesh, a, b, c } = threeAgents();
    mesh.isolate(a);
    b.judge('a', 'left');
    mesh.isolate(b);
    b.end('stopped');
    b.start();
    b.members.know({ ...a.info, inc: a.info.inc });
    mesh.connect(b, c);
    mesh.run(5_000);
    expect(shownBy(b).filter((key) => key.includes('node-a'))).toEqual([]);
  });

  test('is believed under a later one', () => {
    const { mesh, a, b } = threeAgents();
    mesh.isolate(a);
    a.end('stopped');
    b.judge('a', 'left');
    mesh.run(1_000);
    a.start();
    mesh.connectAll();
    mesh.run(1_000);
    expect(shownBy(b)).toContain('service node-a web');
  });

  test('gives up what hid another’s', () => {
    const { mesh, agents } = meshOf(['a', 'b', 'c']);
    const [a, b, c] = agents;
    mesh.isolate(a);
    b.register('web', { address: '10.0.0.1' }, 'outside');
    mesh.run(100);
    a.register('web', { address: '10.0.0.2' }, 'outside');
    mesh.connectAll();
    mesh.run(1_000);
    expect(shownRow(c, 'service outside web')).toMatchObject({ origin: 'a' });
    mesh.isolate(a);
    for (const agent of [b, c]) agent.judge('a', 'left');
    for (const agent of [b, c]) expect(shownRow(agent, 'service outside web')).toMatchObject({ origin: 'b' });
  });
});
