import { describe, expect, test } from 'vitest';
import { memberInfo } from '../../testing/member-mesh.js';
import type { MemberInfo } from '../messages.js';
import { homeOf } from './home.js';
import { Member } from './member.js';
import { MemberTable } from './table.js';

type Given = Partial<MemberInfo> & { readonly state?: Member['state'] };

function home(self: Given, others: Readonly<Record<string, Given>> = {}, dispute = '') {
  const table = new MemberTable(new Member(memberInfo('1', self), 0, 0));
  for (const [name, { state = 'alive', ...given }] of Object.entries(others)) {
    const member = new Member(memberInfo(name, given), 0, 0);
    member.state = given.left ? 'left' : state;
    table.add(member);
  }
  return homeOf(table, dispute);
}

const none = (problem: RegExp) => ({ node: undefined, origin: undefined, problem: expect.stringMatching(problem) });
const at = (node: string, origin: string | undefined = `id-${node}`) => ({ node, origin, problem: '' });

describe('the home', () => {
  test.each<readonly [string, ReturnType<typeof home>, unknown]>([
    ['a lone agent is its own', home({}), at('1')],
    ['an agent of another datacenter is no peer', home({}, { 2: { datacenter: 'dc2', primary: '2' } }), at('1')],
    ['a peer ends that', home({}, { 2: {} }), none(/no primary_node/)],
    ['also one that left', home({}, { 2: { left: true } }), none(/no primary_node/)],
    ['who is configured and is it', home({ primary: '1' }, { 2: {} }), at('1')],
    ['alone as well', home({ primary: '1' }), at('1')],
    ['another one', home({ primary: '2' }, { 2: { primary: '2' } }), at('2')],
    ['another one that is dead', home({ primary: '2' }, { 2: { primary: '2', state: 'dead' } }), at('2')],
    [
      'another one that nobody knows yet',
      home({ primary: '9' }, { 2: {} }),
      { node: '9', origin: undefined, problem: '' },
    ],
    [
      'another one that left',
      home({ primary: '2' }, { 2: { primary: '2', left: true } }),
      { node: '2', origin: undefined, problem: '' },
    ],
    ['names are compared without case', home({ primary: 'A', node: 'a' }, { 2: { primary: 'a' } }), at('a', 'id-1')],
    ['an agent without configuration follows the others', home({}, { 2: { primary: '2' }, 3: {} }), at('2')],
    ['but is not made one by them', home({}, { 2: { primary: '1' } }), none(/its own configuration does not/)],
    ['two configured ones: none', home({ primary: '1' }, { 2: { primary: '2' } }), none(/1 says 1, 2 2/)],
    ['for a third one too', home({}, { 2: { primary: '2' }, 3: { primary: '3' } }), none(/primary_node differs/)],
    [
      'also while one is dead',
      home({ primary: '1' }, { 2: { primary: '2', state: 'dead' } }),
      none(/primary_node differs/),
    ],
    ['no more once it left', home({ primary: '1' }, { 2: { primary: '2', left: true } }), at('1')],
    ['nobody whose name is in dispute', home({ primary: '1' }, {}, 'taken'), none(/^taken$/)],
  ])('%s', (_, found, expected) => expect(found).toEqual(expected));
});
