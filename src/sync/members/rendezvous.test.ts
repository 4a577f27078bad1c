import { describe, expect, test } from 'vitest';
import { memberInfo } from '../../testing/member-mesh.js';
import { Member } from './member.js';
import { Monitors } from './rendezvous.js';
import { MemberTable } from './table.js';

const names = (count: number): string[] => Array.from({ length: count }, (_, at) => String(at + 1));

/** The tables of all agents of a datacenter. */
function tables(count: number): MemberTable[] {
  const infos = names(count).map((name) => memberInfo(name));
  return infos.map((self) => {
    const table = new MemberTable(new Member(self, 0, 0));
    for (const info of infos) if (info !== self) table.add(new Member(info, 0, 0));
    return table;
  });
}

function votersOf(table: MemberTable, origin: string): string[] {
  const about = table.self.info.origin === origin ? table.self : table.get(origin);
  return new Monitors(table, 5).votersOf(about as Member).map(({ info }) => info.node);
}

describe('monitors', () => {
  test('are the same for every agent, the watched one included, and never itself', () => {
    const all = tables(20);
    for (const name of names(20)) {
      const views = all.map((table) => votersOf(table, `id-${name}`).join(' '));
      expect(new Set(views).size).toBe(1);
      expect(views[0]?.split(' ')).toHaveLength(5);
      expect(views[0]?.split(' ')).not.toContain(name);
    }
  });

  test('share the work: nobody watches many more than five of fifty', () => {
    const [table] = tables(50) as [MemberTable];
    const load = new Map<string, number>();
    for (const name of names(50)) {
      for (const voter of votersOf(table, `id-${name}`)) load.set(voter, (load.get(voter) ?? 0) + 1);
    }
    expect(Math.max(...load.values())).toBeLessThanOrEqual(13);
  });

  test('are all the others when there are few', () => {
    const [table] = tables(3) as [MemberTable];
    expect(votersOf(table, 'id-2').toSorted((a, b) => Number(a) - Number(b))).toEqual(['1', '3']);
  });

  test('who is suspect gives way to the next, the others stay; who is dead is none', () => {
    const [table] = tables(20) as [MemberTable];
    const before = votersOf(table, 'id-7');
    const lost = table.local.find(({ info }) => info.node === before[2]) as Member;
    for (const state of ['suspect', 'dead'] as const) {
      lost.state = state;
      table.changed();
      const after = votersOf(table, 'id-7');
      expect(after).toHaveLength(5);
      expect(after.filter((name) => before.includes(name))).toEqual(before.filter((name) => name !== before[2]));
    }
  });

  test('a suspect monitor still gets our beats, so that it knows better when it hears again', () => {
    const [table] = tables(20) as [MemberTable];
    const monitors = new Monitors(table, 5);
    const [first] = [...monitors.ofSelf()];
    (first as Member).state = 'suspect';
    table.changed();
    expect(monitors.ofSelf().size).toBe(6);
    expect(monitors.ofSelf()).toContain(first);
  });
});
