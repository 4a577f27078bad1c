import { array, assert, constantFrom, integer, property, record, shuffledSubarray } from 'fast-check';
import { expect, test } from 'vitest';
import { memberInfo } from '../../testing/member-mesh.js';
import { seededRandom } from '../../testing/seeded-random.js';
import type { OpinionMessage } from '../messages.js';
import type { StepContext } from '../step/parts.js';
import { AttentiveTime } from './attentive-time.js';
import { Member } from './member.js';
import { Opinions } from './opinions.js';
import { MemberTable } from './table.js';

function world() {
  const table = new MemberTable(new Member(memberInfo('1'), 0, 0));
  const about = new Member(memberInfo('2'), 0, 0);
  const peer = new Member(memberInfo('3'), 0, 0);
  peer.isConnected = true;
  table.add(about);
  table.add(peer);
  const time = new AttentiveTime();
  const context: StepContext = {
    now: 0,
    wall: 0,
    random: seededRandom(1),
    out: { merges: [], sends: [], notices: [] },
  };
  const said = (): unknown[] =>
    context.out.sends.splice(0).map(({ message }) => (message as { verdict: string; beat: number }).verdict);
  return { opinions: new Opinions(table, time), about, peer, time, context, said };
}

const anyOpinion = record({
  type: constantFrom<'opinion'>('opinion'),
  about: constantFrom('id-2'),
  inc: integer({ min: 999, max: 1_001 }),
  beat: integer({ min: 0, max: 2 }),
  verdict: constantFrom<OpinionMessage['verdict']>('alive', 'suspect', 'dead'),
  evidence: constantFrom<OpinionMessage['evidence']>('silence', 'hard'),
});

test('what an agent thinks of another does not depend on the order or the number of its messages', () => {
  assert(
    property(
      array(anyOpinion, { maxLength: 6 }).chain((all) =>
        record({ all: constantFrom(all), some: shuffledSubarray(all, { minLength: all.length }) }),
      ),
      ({ all, some }) => {
        const [once, again] = [world(), world()];
        for (const opinion of all) once.opinions.take('id-3', opinion, once.about);
        for (const opinion of [...some, ...some]) again.opinions.take('id-3', opinion, again.about);
        expect(again.about.votes.get('id-3')).toEqual(once.about.votes.get('id-3'));
      },
    ),
  );
});

test('an accusation stands until a later beat is heard', () => {
  const { opinions, about } = world();
  const opinion = { type: 'opinion', about: 'id-2', inc: 1_000, evidence: 'silence' } as const;
  opinions.take('id-3', { ...opinion, beat: 7, verdict: 'dead' }, about);
  expect(opinions.take('id-3', { ...opinion, beat: 7, verdict: 'alive' }, about)).toBe(false);
  expect(opinions.take('id-3', { ...opinion, beat: 8, verdict: 'alive' }, about)).toBe(true);
  expect(opinions.take('id-3', { ...opinion, beat: 7, verdict: 'dead' }, about)).toBe(false);
  expect(about.votes.get('id-3')?.verdict).toBe('alive');
});

test('an opinion of an earlier life says nothing', () => {
  const { opinions, about } = world();
  const opinion = { type: 'opinion', about: 'id-2', inc: 999, beat: 7, verdict: 'dead', evidence: 'hard' } as const;
  expect(opinions.take('id-3', opinion, about)).toBe(false);
  opinions.take('id-3', { ...opinion, inc: 1_000 }, about);
  about.learn({ ...about.info, inc: 1_001 });
  expect(about.votes.get('id-3')).toBeUndefined();
});

test('accusations are repeated ever more rarely while they stand, retractions a few times', () => {
  const { opinions, about, time, context, said } = world();
  const vote = { inc: 1_000, beat: 7, evidence: 'silence' } as const;
  const repeats = (forMs: number): unknown[] => {
    for (let passed = 0; passed < forMs; passed += 500, time.ms += 500) opinions.repeat(context);
    return said();
  };
  opinions.say(about, { ...vote, verdict: 'suspect' }, context);
  opinions.say(about, { ...vote, verdict: 'suspect' }, context);
  expect(said()).toEqual(['suspect']);
  expect(repeats(8_000)).toEqual(['suspect', 'suspect', 'suspect']);
  expect(repeats(600_000).length).toBeLessThan(16);
  opinions.say(about, { ...vote, beat: 8, verdict: 'alive' }, context);
  expect(said()).toEqual(['alive']);
  expect(repeats(600_000)).toEqual(['alive', 'alive']);
});

test('a new peer is told whom we accuse', () => {
  const { opinions, about, peer, context, said } = world();
  opinions.greet(peer, context);
  expect(said()).toEqual([]);
  opinions.say(about, { inc: 1_000, beat: 7, verdict: 'dead', evidence: 'hard' }, context);
  said();
  opinions.greet(peer, context);
  expect(said()).toEqual(['dead']);
});
