import { test } from 'vitest';
import { MemberMesh, memberInfo } from '../../testing/member-mesh.js';

const names = (n: number): string[] => Array.from({ length: n }, (_, at) => String(at + 1));
const row = (mesh: MemberMesh, who: string, all: string[]) =>
  all.map((n) => (n === who ? '-' : (mesh.get(who).state(n) ?? '?')[0])).join('');
const log = (...a: unknown[]) =>
  process.stderr.write(a.map((x) => (typeof x === 'string' ? x : JSON.stringify(x))).join(' ') + '\n');

test('partition 12/8', () => {
  for (const [n, k] of [
    [20, 12],
    [20, 15],
    [20, 17],
    [50, 40],
  ] as const) {
    const all = names(n);
    const mesh = MemberMesh.of(all);
    mesh.run(3000);
    const left = all.slice(0, k),
      right = all.slice(k);
    mesh.partition(left, right);
    const sus = mesh.until(() => left.every((a) => right.every((b) => mesh.get(a).state(b) !== 'alive')), 30000);
    log(
      n,
      k,
      'all suspect after',
      sus,
      mesh.get('1').members.protectedMode(),
      mesh.get(String(n)).members.protectedMode().reason,
    );
    const dead = mesh.until(() => left.every((a) => right.every((b) => mesh.get(a).state(b) === 'dead')), 150000);
    log(
      ' all dead after',
      dead + sus,
      row(mesh, '1', all),
      row(mesh, String(n), all),
      mesh.get('1').members.protectedMode(),
    );
    mesh.run(100000);
    log(' later', row(mesh, '1', all), row(mesh, String(n), all));
    mesh.heal();
    const ok = mesh.until(() => all.every((a) => all.every((b) => a === b || mesh.get(a).state(b) === 'alive')), 30000);
    log(' healed after', ok, mesh.get(String(n)).members.protectedMode(), mesh.get('1').members.counters());
  }
});

test('deaf', () => {
  for (const n of [3, 4, 6, 20]) {
    const all = names(n);
    const mesh = MemberMesh.of(all);
    mesh.run(3000);
    for (const a of all) if (a !== '1') mesh.cut(a, '1');
    mesh.run(20_000);
    log(
      'deaf',
      n,
      row(mesh, '1', all),
      row(mesh, '2', all),
      mesh.get('2').members.protectedMode().reason,
      '|',
      mesh.get('1').members.protectedMode().reason,
      mesh.get('2').members.counters(),
    );
    log(
      mesh
        .get('2')
        .notices.slice(-6)
        .map((x) => JSON.stringify(x))
        .join('\n'),
    );
    mesh.heal();
    mesh.run(5000);
    log('healed', row(mesh, '1', all), row(mesh, '2', all), mesh.get('2').sent);
  }
});
test('mute', () => {
  for (const n of [3, 6, 20]) {
    const all = names(n);
    const mesh = MemberMesh.of(all);
    mesh.run(3000);
    for (const a of all) if (a !== '1') mesh.cut('1', a);
    mesh.run(20_000);
    log(
      'mute',
      n,
      row(mesh, '1', all),
      row(mesh, '2', all),
      mesh.get('2').members.protectedMode().reason,
      '|',
      mesh.get('1').members.protectedMode().reason,
    );
    mesh.heal();
    mesh.run(5000);
    log('healed', row(mesh, '1', all), row(mesh, '2', all));
  }
});
test('one link', () => {
  for (const n of [3, 6, 20]) {
    const all = names(n);
    const mesh = MemberMesh.of(all);
    mesh.run(3000);
    mesh.cut('1', '2');
    mesh.cut('2', '1');
    mesh.run(20_000);
    log(
      'link',
      n,
      all
        .map((a) => row(mesh, a, all))
        .slice(0, 4)
        .join(' '),
      mesh.get('2').members.protectedMode().reason,
      mesh.get('1').view('2')?.reason,
    );
    mesh.heal();
    mesh.run(5000);
    log('healed', row(mesh, '1', all), row(mesh, '2', all));
  }
});
test('stop', () => {
  const all = names(20);
  const mesh = MemberMesh.of(all);
  mesh.run(3000);
  mesh.get('1').stall(3000);
  mesh.get('2').stall(3000);
  mesh.run(2500);
  log('stop', row(mesh, '3', all), mesh.get('3').members.protectedMode().reason);
  mesh.run(4000);
  log(
    'stop',
    row(mesh, '3', all),
    row(mesh, '1', all),
    mesh.get('3').members.counters(),
    mesh.get('1').members.counters(),
    mesh.get('1').members.localHealth,
  );
});
test('small', () => {
  for (const n of [2, 3, 5]) {
    const all = names(n);
    const mesh = MemberMesh.of(all);
    mesh.run(3000);
    mesh.get('1').crash();
    const d = mesh.until(() => mesh.get('2').state('1') === 'dead', 10000);
    log('crash', n, d, row(mesh, '2', all), mesh.get('2').members.protectedMode(), mesh.get('2').view('1')?.reason);
    mesh.get('1').restart();
    const b = mesh.until(() => mesh.get('2').state('1') === 'alive', 10000);
    log('back', b, row(mesh, '2', all), row(mesh, '1', all), mesh.get('2').changes);
    mesh.run(3000);
    mesh.get('1').stop();
    const e = mesh.until(() => mesh.get('2').state('1') === 'dead', 10000);
    log('stop', e, row(mesh, '2', all), mesh.get('2').view('1')?.reason);
  }
});
