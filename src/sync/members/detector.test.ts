import { describe, expect, test } from 'vitest';
import { MemberMesh, type MeshAgent, type MeshOptions } from '../../testing/member-mesh.js';

const names = (count: number): string[] => Array.from({ length: count }, (_, at) => String(at + 1));
const all = names(20);

function meshOf(count: number, options: MeshOptions = {}): MemberMesh {
  const mesh = MemberMesh.of(names(count), options);
  mesh.run(2_000);
  return mesh;
}

const running = (mesh: MemberMesh): MeshAgent[] => [...mesh.agents.values()].filter(({ isRunning }) => isRunning);
const hold = (mesh: MemberMesh, name: string, state: string): boolean =>
  running(mesh).every((agent) => agent.name === name || agent.state(name) === state);
const isWell = (mesh: MemberMesh): boolean => running(mesh).every(({ name }) => hold(mesh, name, 'alive'));
const everTold = (mesh: MemberMesh, state: string): string[] =>
  running(mesh).flatMap((agent) =>
    agent.notices.flatMap((notice) =>
      notice.type === 'member' && notice.state === state ? [`${agent.name}: ${notice.node}`] : [],
    ),
  );

const sees = (mesh: MemberMesh, side: readonly string[], other: readonly string[], state: string): boolean =>
  side.every((name) => other.every((lost) => mesh.get(name).state(lost) === state));

const told = (agent: MeshAgent, name: string): string[] =>
  agent.notices.flatMap((notice) => (notice.type === 'member' && notice.node === name ? [notice.state] : []));

/** How often that agent had to say that it is well. */
const refutes = (mesh: MemberMesh, name: string): number => mesh.get(name).members.counters()['refutes'] ?? 0;

describe('a crash', () => {
  test('is known to all of twenty within 0.7 s', () => {
    for (let seed = 1; seed <= 5; seed++) {
      const mesh = meshOf(20, { seed, latencyMs: 0 });
      mesh.get('7').crash();
      expect(mesh.until(() => hold(mesh, '7', 'dead'), 5_000)).toBeLessThanOrEqual(700);
      expect(mesh.get('1').view('7')?.reason).toMatch(/^nobody listens at 10\.0\.0\.7:8301: \d of 5 monitors agree$/);
      expect(mesh.get('1').members.counters()).toMatchObject({ deathsHard: 1, deathsSilence: 0 });
      expect(mesh.get('1').changes.at(-1)).toBe('7 dead');
    }
  });

  test('and a quick restart are no death', () => {
    const mesh = meshOf(20);
    mesh.get('7').crash();
    mesh.run(300);
    mesh.get('7').restart();
    mesh.run(10_000);
    expect(everTold(mesh, 'dead')).toEqual([]);
    expect(isWell(mesh)).toBe(true);
  });

  test('of one of three is known to the other two', () => {
    const mesh = meshOf(3);
    mesh.get('1').crash();
    expect(mesh.until(() => hold(mesh, '1', 'dead'), 5_000)).toBeLessThanOrEqual(700);
  });

  test('of one of two is not: it stays suspect for ever', () => {
    const mesh = meshOf(2);
    mesh.get('1').crash();
    mesh.run(200_000);
    expect(mesh.get('2').view('1')).toMatchObject({
      state: 'suspect',
      reason: 'nobody listens at 10.0.0.1:8301; kept, for protected mode',
    });
    expect(mesh.get('2').members.protectedMode()).toMatchObject({
      active: true,
      reason: expect.stringMatching(/min_nodes/),
    });
    expect(mesh.get('2').members.counters()).toMatchObject({ withheldDeaths: 1 });
  });

  test('of two of ten within a minute is known, of three the brake stops', () => {
    const mesh = meshOf(10);
    for (const name of ['1', '2', '3']) {
      mesh.get(name).crash();
      mesh.run(10_000);
    }
    expect(hold(mesh, '1', 'dead') && hold(mesh, '2', 'dead') && hold(mesh, '3', 'suspect')).toBe(true);
    expect(mesh.get('4').members.protectedMode().reason).toMatch(/^3 of 10 agents were lost within 60 s/);
    mesh.run(60_000);
    expect(hold(mesh, '3', 'dead')).toBe(true);
  });

  test('is undone by the first sign of life', () => {
    const mesh = meshOf(5);
    mesh.get('1').crash();
    mesh.run(2_000);
    mesh.get('1').restart();
    mesh.run(1_000);
    expect(isWell(mesh)).toBe(true);
    expect(mesh.get('2').changes.slice(-2)).toEqual(['1 dead', '1 alive']);
    expect(mesh.get('2').members.counters()).toMatchObject({ returns: 1 });
  });
});

describe('silence', () => {
  test('of a host makes it suspect within 2.2 s and dead within 6.5 s', () => {
    for (let seed = 1; seed <= 5; seed++) {
      const mesh = meshOf(20, { seed });
      mesh.get('7').vanish();
      const suspectMs = mesh.until(() => hold(mesh, '7', 'suspect'), 10_000);
      const deadMs = suspectMs + mesh.until(() => hold(mesh, '7', 'dead'), 10_000);
      expect(suspectMs).toBeLessThanOrEqual(2_200);
      expect(deadMs).toBeLessThanOrEqual(6_500);
      expect(deadMs).toBeGreaterThan(5_500);
    }
  });

  test('of one that said goodbye counts as silence, not as a crash', () => {
    const mesh = meshOf(5);
    mesh.get('1').stop();
    mesh.run(5_000);
    expect(hold(mesh, '1', 'suspect')).toBe(true);
    expect(mesh.get('2').view('1')?.reason).toBe('it stopped, as it said');
    mesh.run(1_500);
    expect(hold(mesh, '1', 'dead')).toBe(true);
    expect(mesh.get('2').members.counters()).toMatchObject({ deathsHard: 0, deathsSilence: 1 });
  });

  test('of a tenth of the agents for 3 s kills nobody', () => {
    const mesh = meshOf(20);
    mesh.get('3').stall(3_000);
    mesh.get('4').stall(3_000);
    mesh.run(2_600);
    expect(hold(mesh, '3', 'suspect')).toBe(false);
    expect(mesh.get('1').state('3')).toBe('suspect');
    mesh.run(3_000);
    expect(isWell(mesh)).toBe(true);
    expect(everTold(mesh, 'dead')).toEqual([]);
    expect(mesh.get('1').members.protectedMode().active).toBe(false);
  });

  test('of our own making says nothing about others', () => {
    const mesh = meshOf(20);
    mesh.get('3').stall(60_000);
    mesh.run(70_000);
    expect(everTold(mesh, 'dead').filter((line) => line.startsWith('3:'))).toEqual([]);
    expect(everTold(mesh, 'suspect').filter((line) => line.startsWith('3:'))).toEqual([]);
    expect(isWell(mesh)).toBe(true);
  });

  test('that ended while we stood still is not taken for death from what was said meanwhile', () => {
    const mesh = meshOf(20);
    mesh.get('3').stall(9_000);
    mesh.run(1_000);
    mesh.get('4').stall(8_500);
    mesh.run(12_000);
    expect(everTold(mesh, 'dead').some((line) => line === '1: 3')).toBe(true);
    expect(everTold(mesh, 'dead').filter((line) => line.startsWith('4:'))).toEqual([]);
    expect(isWell(mesh)).toBe(true);
  });

  test('ends with the first tick of one that stood still', () => {
    for (let seed = 1; seed <= 5; seed++) {
      const mesh = meshOf(5, { seed });
      mesh.get('1').stall(1_000);
      mesh.run(1_005);
      for (const name of ['2', '3', '4', '5']) {
        expect(mesh.nowMs - (mesh.get(name).view('1')?.heardMs ?? 0)).toBeLessThanOrEqual(5);
      }
    }
  });

  test('of the dead is told to one that starts, by those who watch', () => {
    const mesh = meshOf(5);
    mesh.get('1').vanish();
    mesh.run(10_000);
    mesh.get('2').crash();
    const again = mesh.get('2').restart();
    expect(again.state('1')).toBe('alive');
    expect(mesh.until(() => again.state('1') === 'dead', 10_000)).toBeLessThan(1_000);
    expect(again.members.protectedMode().active).toBe(false);
  });

  test('is judged more slowly by an agent that is not well itself', () => {
    const mesh = meshOf(3);
    const agent = mesh.get('2');
    agent.stall(2_000);
    mesh.run(2_100);
    expect(agent.members.localHealth).toBe(4);
    mesh.get('1').vanish();
    mesh.run(6_500);
    expect([mesh.get('3').state('1'), mesh.get('3').members.localHealth]).toEqual(['suspect', 0]);
    mesh.run(15_000);
    expect([hold(mesh, '1', 'dead'), agent.members.localHealth]).toEqual([true, 0]);
  });
});

describe('who is dead', () => {
  test('stays so when those who said so have been restarted', () => {
    const mesh = meshOf(6);
    mesh.get('1').vanish();
    mesh.run(10_000);
    for (const name of ['2', '3', '4', '5']) {
      mesh.get(name).crash();
      mesh.run(200);
      mesh.get(name).restart();
      mesh.run(15_000);
    }
    expect(told(mesh.get('6'), '1')).toEqual(['alive', 'suspect', 'dead']);
  });

  test('is so no more when its monitors hear it, also to one that does not', () => {
    const mesh = meshOf(5);
    const others = ['2', '3', '4', '5'];
    mesh.partition(['1'], others);
    mesh.run(10_000);
    expect(hold(mesh, '1', 'suspect')).toBe(false);
    expect(mesh.get('5').state('1')).toBe('dead');
    mesh.heal();
    mesh.partition(['1'], ['5']);
    mesh.run(15_000);
    expect(mesh.get('4').state('1')).toBe('alive');
    expect(mesh.get('5').state('1')).toBe('suspect');
    expect(told(mesh.get('5'), '1').filter((state) => state === 'dead')).toHaveLength(1);
  });

  test('takes two refusals: one may be of the moment between two lives', () => {
    const mesh = meshOf(3);
    mesh.get('1').vanish();
    const refused = (): void => mesh.get('2').act((members, context) => members.dialFailed('id-1', 'hard', context));
    refused();
    mesh.run(100);
    expect(mesh.get('2').state('1')).toBe('alive');
    refused();
    mesh.run(100);
    expect(mesh.get('2').state('1')).toBe('suspect');
  });

  test('and for long does not count as lost to one that is started anew', () => {
    const mesh = meshOf(7);
    for (const name of ['1', '2']) {
      mesh.get(name).crash();
      mesh.run(70_000);
    }
    mesh.get('3').crash();
    const again = mesh.get('3').restart();
    mesh.run(10_000);
    expect([again.state('1'), again.state('2')]).toEqual(['dead', 'dead']);
    expect(again.notices.filter(({ type }) => type === 'protected')).toEqual([]);
  });
});

describe('an accusation', () => {
  test('ends with the connection over which it came, in case it was taken back meanwhile', () => {
    const mesh = meshOf(4);
    mesh.partition(['1'], ['2']);
    mesh.run(4_000);
    mesh.partition(['2'], ['3', '4']);
    mesh.run(8_000);
    mesh.heal();
    mesh.run(10_000);
    const before = refutes(mesh, '1');
    mesh.run(20_000);
    expect(refutes(mesh, '1')).toBe(before);
  });

  test('ends with the accuser', () => {
    const mesh = meshOf(4);
    mesh.partition(['1'], ['2']);
    mesh.run(4_000);
    mesh.get('2').crash();
    mesh.run(2_000);
    const before = refutes(mesh, '1');
    mesh.run(20_000);
    expect(refutes(mesh, '1')).toBe(before);
  });

  test('is answered once for all', () => {
    const mesh = meshOf(20);
    for (const name of all.slice(1)) mesh.cut(name, '1');
    mesh.run(4_900);
    for (const name of all.slice(1)) expect(refutes(mesh, name)).toBeLessThanOrEqual(13);
  });
});

describe('links', () => {
  test('that carry nothing to agents that nobody accuses are noticed after a while', () => {
    const mesh = meshOf(20);
    const some = all.slice(10);
    mesh.partition(['1'], some);
    mesh.run(17_000);
    expect(some.map((name) => mesh.get('1').state(name))).toEqual(some.map(() => 'suspect'));
    expect(all.slice(1, 10).every((name) => mesh.get(name).state('1') === 'alive')).toBe(true);
  });

  test('one that is cut between two agents costs neither its life', () => {
    for (const count of [3, 6, 20]) {
      const mesh = meshOf(count);
      mesh.partition(['1'], ['2']);
      mesh.run(60_000);
      expect(everTold(mesh, 'dead')).toEqual([]);
      expect(mesh.get('3').state('1')).toBe('alive');
      expect(mesh.get('3').state('2')).toBe('alive');
      mesh.heal();
      mesh.run(10_000);
      expect(isWell(mesh)).toBe(true);
    }
  });

  test('an agent that hears nobody accuses in vain', () => {
    for (const count of [4, 6, 20]) {
      const mesh = meshOf(count);
      for (const name of names(count).slice(1)) mesh.cut(name, '1');
      mesh.run(4_900);
      const others = names(count).slice(1);
      for (const name of others) {
        expect(others.map((other) => other === name || mesh.get(name).state(other))).not.toContain('suspect');
        expect(mesh.get(name).members.protectedMode().active).toBe(false);
        expect(mesh.get(name).members.localHealth).toBeLessThanOrEqual(1);
      }
      expect(mesh.get('1').members.protectedMode().active).toBe(true);
      mesh.heal();
      mesh.run(10_000);
      expect(isWell(mesh)).toBe(true);
      expect(everTold(mesh, 'dead')).toEqual([]);
    }
  });

  test('an agent that nobody hears is dead for the others', () => {
    const mesh = meshOf(20);
    for (const name of all.slice(1)) mesh.cut('1', name);
    mesh.run(7_000);
    expect(all.slice(1).every((name) => mesh.get(name).state('1') === 'dead')).toBe(true);
    mesh.heal();
    mesh.run(10_000);
    expect(isWell(mesh)).toBe(true);
  });
});

describe('a partition', () => {
  const [most, few] = [all.slice(0, 12), all.slice(12)];

  test('of twelve and eight: the many expire the few once the brake lets go, the few nobody', () => {
    const mesh = meshOf(20);
    mesh.partition(most, few);
    mesh.run(3_000);
    expect(sees(mesh, most, few, 'suspect')).toBe(true);
    for (const { members } of mesh.agents.values()) expect(members.protectedMode().active).toBe(true);
    mesh.run(57_000);
    expect(sees(mesh, most, few, 'suspect')).toBe(true);
    mesh.run(15_000);
    expect(sees(mesh, most, few, 'dead')).toBe(true);
    expect(mesh.get('1').members.protectedMode().active).toBe(false);
    mesh.run(90_000);
    expect(sees(mesh, few, most, 'suspect')).toBe(true);
    expect(mesh.get('20').members.protectedMode().reason).toMatch(/^no majority: 8 of 20/);
    const before = everTold(mesh, 'dead');
    mesh.heal();
    mesh.run(15_000);
    expect(isWell(mesh)).toBe(true);
    expect(mesh.get('20').members.protectedMode().active).toBe(false);
    expect(everTold(mesh, 'dead')).toEqual(before);
    expect(before).toHaveLength(12 * 8);
  });

  test('that cuts off less than three in ten is expired at once', () => {
    const mesh = meshOf(20);
    mesh.partition(all.slice(0, 15), all.slice(15));
    mesh.run(6_500);
    expect(sees(mesh, all.slice(0, 15), all.slice(15), 'dead')).toBe(true);
    expect(sees(mesh, all.slice(15), all.slice(0, 15), 'suspect')).toBe(true);
  });

  test('in the middle expires nobody on either side', () => {
    const mesh = meshOf(10);
    mesh.partition(names(10).slice(0, 5), names(10).slice(5));
    mesh.run(120_000);
    expect(everTold(mesh, 'dead')).toEqual([]);
  });

  test('into many pieces expires nobody anywhere', () => {
    const mesh = meshOf(9);
    mesh.partition(['1', '2', '3'], ['4', '5', '6'], ['7', '8', '9']);
    mesh.run(120_000);
    expect(everTold(mesh, 'dead')).toEqual([]);
    mesh.heal();
    mesh.run(15_000);
    expect(isWell(mesh)).toBe(true);
  });
});
