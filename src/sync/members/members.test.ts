import { expect, test } from 'vitest';
import { MemberMesh } from '../../testing/member-mesh.js';

const names = (n: number): string[] => Array.from({ length: n }, (_, at) => String(at + 1));

test('smoke', () => {
  const mesh = MemberMesh.of(names(20));
  mesh.run(3000);
  const a = mesh.get('1');
  console.log(
    names(20)
      .map((n) => a.state(n))
      .join(' '),
    a.members.peers().length,
    a.members.counters(),
  );
  const sent = a.sent;
  mesh.run(10_000);
  console.log('sent/s', (a.sent - sent) / 10);
  mesh.get('7').crash();
  const t = mesh.until(() => [...mesh.agents.values()].every((x) => !x.isRunning || x.state('7') === 'dead'), 20_000);
  console.log('crash dead at all', t, a.view('7')?.reason, a.members.protectedMode());
  mesh.get('7').restart();
  mesh.run(3000);
  console.log(a.state('7'), mesh.get('7').members.peers().length);
  mesh.get('9').vanish();
  const s = mesh.until(() => [...mesh.agents.values()].every((x) => !x.isRunning || x.state('9') !== 'alive'), 20_000);
  const d = mesh.until(() => [...mesh.agents.values()].every((x) => !x.isRunning || x.state('9') === 'dead'), 20_000);
  console.log('suspect', s, 'dead', s + d, a.view('9')?.reason, a.members.counters());
  expect(1).toBe(1);
});
