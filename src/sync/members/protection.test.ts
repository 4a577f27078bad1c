import { describe, expect, test } from 'vitest';
import { memberInfo } from '../../testing/member-mesh.js';
import { seededRandom } from '../../testing/seeded-random.js';
import type { StepContext } from '../step/parts.js';
import { AttentiveTime } from './attentive-time.js';
import { Member } from './member.js';
import { Protection } from './protection.js';
import { MemberTable } from './table.js';

/** Agent 1 of so many. */
function world(count: number) {
  const table = new MemberTable(new Member(memberInfo('1'), 0, 0));
  for (let at = 2; at <= count; at++) table.add(new Member(memberInfo(String(at)), 0, 0));
  const time = new AttentiveTime();
  const protection = new Protection(table, time, { minNodes: 3, lossShare: 0.3, lossWindowMs: 60_000 });
  const context: StepContext = {
    now: 0,
    wall: 0,
    random: seededRandom(1),
    out: { merges: [], sends: [], notices: [] },
  };
  const update = (): boolean => {
    table.changed();
    protection.update({ ...context, now: 100 + time.ms });
    return protection.isActive;
  };
  const set = (state: Member['state'], ...names: readonly number[]): boolean => {
    for (const name of names) {
      const member = table.get(`id-${name}`) as Member;
      member.state = state;
      member.lostAt = state === 'alive' ? undefined : (member.lostAt ?? time.ms);
      member.deadAt = state === 'dead' ? time.ms : undefined;
    }
    return update();
  };
  const after = (ms: number): boolean => {
    time.ms += ms;
    return update();
  };
  update();
  return { table, protection, set, after, context };
}

describe('protected mode', () => {
  test('is off while all are well, however few they are', () => {
    for (const count of [1, 2, 3]) expect(world(count).protection.isActive).toBe(false);
  });

  test('one of two is never expired', () => {
    const { set, after, protection } = world(2);
    expect(set('suspect', 2)).toBe(true);
    expect(protection.reason).toMatch(/2 agents are known, and expiry needs 3 \(min_nodes\); lost: 2/);
    expect(after(1_000_000)).toBe(true);
    expect(set('alive', 2)).toBe(false);
  });

  test('one of three is: a single loss never trips the brake', () => {
    const { set } = world(3);
    expect(set('suspect', 2)).toBe(false);
    expect(set('dead', 2)).toBe(false);
  });

  test('the dead still count as known, until they are forgotten', () => {
    const { set, after, table } = world(4);
    expect(set('dead', 2)).toBe(false);
    after(60_000);
    expect(set('dead', 3)).toBe(false);
    table.drop('id-3');
    expect(after(60_000)).toBe(false);
    table.drop('id-2');
    expect(set('suspect', 4)).toBe(true);
  });

  test('a half is no majority', () => {
    const { set, after, protection } = world(20);
    expect(set('suspect', ...Array.from({ length: 10 }, (_, at) => at + 2))).toBe(true);
    expect(protection.reason).toMatch(
      /no majority: 10 of 20 agents are reached; lost: 2, 3, 4, 5, 6 and 5 more|10, 11/,
    );
    expect(after(1_000_000)).toBe(true);
    expect(set('alive', 2)).toBe(false);
  });

  test('three of ten lost within the window trip the brake, two do not', () => {
    expect(world(10).set('suspect', 2, 3)).toBe(false);
    const { set, protection, context } = world(10);
    expect(set('suspect', 2, 3, 4)).toBe(true);
    expect(protection.reason).toBe(
      '3 of 10 agents were lost within 60 s: 2, 3, 4; nothing expires before 60 s without another loss',
    );
    expect(protection.sinceMs).toBe(100);
    expect(context.out.notices).toEqual([{ type: 'protected', active: true, reason: protection.reason }]);
  });

  test('dead and suspect ones count together, each from when it was lost', () => {
    const { set, after } = world(10);
    expect(set('dead', 2)).toBe(false);
    after(30_000);
    expect(set('dead', 3)).toBe(false);
    after(29_999);
    expect(set('suspect', 4)).toBe(true);
  });

  test('losses further apart than the window do not', () => {
    const { set, after } = world(10);
    set('dead', 2);
    after(60_001);
    set('dead', 3);
    after(60_001);
    expect(set('suspect', 4)).toBe(false);
  });

  test('the brake lets go a window after the last loss', () => {
    const { set, after } = world(10);
    set('suspect', 2, 3, 4);
    after(50_000);
    expect(set('suspect', 5)).toBe(true);
    expect(after(59_999)).toBe(true);
    expect(after(1)).toBe(false);
    expect(set('dead', 2, 3, 4, 5)).toBe(false);
  });

  test('verdicts wait for a moment more: who can be reached again may not be yet', () => {
    const { set, after, protection } = world(5);
    expect(protection.holdsBack).toBe(false);
    set('suspect', 2, 3, 4);
    expect(protection.holdsBack).toBe(true);
    expect([set('alive', 2, 3), protection.holdsBack]).toEqual([false, true]);
    after(7_999);
    expect(protection.holdsBack).toBe(true);
    after(1);
    expect(protection.holdsBack).toBe(false);
  });

  test('or at once when they are back', () => {
    const { set, protection } = world(10);
    set('suspect', 2, 3, 4);
    expect(set('alive', 4)).toBe(false);
    expect([protection.reason, protection.sinceMs]).toEqual(['', 0]);
  });

  test('who stays dead for a window leaves the stable view: a majority may shrink step by step', () => {
    const { set, after } = world(5);
    expect(set('dead', 5)).toBe(false);
    after(60_000);
    expect(set('dead', 4)).toBe(false);
    after(60_000);
    expect(set('suspect', 3)).toBe(false);
    expect(set('suspect', 2)).toBe(true);
  });

  test('a minority does not shrink its view until it is one of its own', () => {
    const { set, after } = world(5);
    set('suspect', 2, 3, 4);
    for (let minutes = 0; minutes < 10; minutes++) expect(after(60_000)).toBe(true);
  });

  test('who is new counts at once, and is a loss only once it was there', () => {
    const { set, table } = world(3);
    for (let at = 4; at <= 13; at++) table.add(new Member(memberInfo(String(at)), 0, 0));
    set('alive', 2);
    expect(set('suspect', ...Array.from({ length: 10 }, (_, at) => at + 4))).toBe(true);
  });
});
