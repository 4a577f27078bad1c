import { describe, expect, test } from 'vitest';
import { memberInfo } from '../../testing/member-mesh.js';
import type { MemberInfo } from '../messages.js';
import { admission } from './admission.js';
import { Member } from './member.js';
import { MemberTable } from './table.js';

/** Agent 1, which knows agent 2. */
function table(given: Partial<MemberInfo> = {}, state: Member['state'] = 'alive', self: Partial<MemberInfo> = {}) {
  const table = new MemberTable(new Member(memberInfo('1', self), 0, 0));
  const known = new Member(memberInfo('2', given), 0, 0);
  known.state = state;
  known.isConnected = state === 'alive';
  table.add(known);
  return table;
}

const successor = memberInfo('2', { origin: 'id-new', host: '10.0.0.9', inc: 2_000 });

describe('a peer is let in', () => {
  test.each<readonly [string, MemberTable, MemberInfo]>([
    ['that nobody knows', table(), memberInfo('3')],
    ['that is known', table(), memberInfo('2')],
    ['under a later incarnation', table(), memberInfo('2', { inc: 2_000 })],
    [
      'somewhere else, once it is not heard any more where it was',
      table({}, 'suspect'),
      memberInfo('2', { host: '10.0.0.9' }),
    ],
    ['with the name of one that is dead', table({}, 'dead'), successor],
    ['with the name of one that left', table({ left: true }, 'left'), successor],
    ['with the name of one at the same address', table({ host: '10.0.0.9' }), successor],
    ['with a name that has been taken over already', table(), { ...successor, succeeds: ['id-2'] }],
    ['with a name that is used in another datacenter', table({ datacenter: 'dc2' }), successor],
    [
      'with our own name that it had before us',
      table({}, 'suspect', { node: '3' }),
      memberInfo('3', { inc: 1, host: '10.0.0.9' }),
    ],
    ['that speaks a version that we speak', table(), memberInfo('3', { protocol: { min: 1, max: 4 } })],
  ])('%s', (_, table, peer) => expect(admission(table, peer, 100_000)).toBeUndefined());
});

describe('a peer is refused', () => {
  test.each<readonly [string, MemberTable, MemberInfo, string, RegExp]>([
    ['that is ourselves', table(), memberInfo('1'), 'self', /itself/],
    [
      'that speaks later versions only',
      table(),
      memberInfo('3', { protocol: { min: 2, max: 3 } }),
      'protocol',
      /3 speaks versions 2 to 3 .*, 1 1 to 1/,
    ],
    [
      'with the name of one that lives',
      table(),
      successor,
      'name',
      /name 2 belongs to agent id-2 at 10\.0\.0\.2:8301.*agent id-new at 10\.0\.0\.9:8301/,
    ],
    ['with the name of one that may live', table({}, 'suspect'), successor, 'name', /not known to be dead/],
    [
      'with that name in other letters',
      table({ node: 'Two' }),
      { ...successor, node: 'tWO' },
      'name',
      /name Two belongs/,
    ],
    [
      'with a name that it took over before its holder came back',
      table({ inc: 3_000 }),
      { ...successor, succeeds: ['id-2'] },
      'name',
      /belongs to agent id-2/,
    ],
    [
      'with our own name',
      table(),
      memberInfo('1', { origin: 'id-new', inc: 2_000, host: '10.0.0.9' }),
      'name',
      /belongs to agent id-1/,
    ],
    ['with the name of a home that is only dead', table({ primary: '2' }, 'dead'), successor, 'name', /force-leave 2/],
    [
      'that is alive somewhere else',
      table(),
      memberInfo('2', { host: '10.0.0.9' }),
      'name',
      /alive at 10\.0\.0\.2:8301 already.*10\.0\.0\.9:8301/,
    ],
  ])('%s', (_, table, peer, code, reason) => {
    expect(admission(table, peer, 100_000)).toEqual({ code, reason: expect.stringMatching(reason) });
  });

  test('that has our own name, when it is we who have peers, whatever its clock says', () => {
    const old = memberInfo('1', { origin: 'id-old', inc: 1, host: '10.0.0.9' });
    expect(admission(table({}, 'suspect'), old, 100_000)).toBeUndefined();
    expect(admission(table(), old, 100_000)?.code).toBe('name');
    const disputed = table();
    disputed.isDisputed = true;
    expect(admission(disputed, old, 100_000)).toBeUndefined();
  });

  test('that came after the holder of its name, unless that came a moment ago', () => {
    const earlier = { ...successor, inc: 5 };
    expect(admission(table(), earlier, 59_999)).toBeUndefined();
    expect(admission(table(), earlier, 60_000)?.code).toBe('name');
    expect(admission(table(), successor, 0)?.code).toBe('name');
  });

  test('when there are too many already', () => {
    const full = table();
    for (let at = 0; at < 1_000; at++) full.add(new Member(memberInfo(`x${at}`), 0, 0));
    expect(admission(full, memberInfo('3'), 0)?.code).toBe('busy');
    expect(admission(full, memberInfo('2'), 0)).toBeUndefined();
  });
});
