import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../testing/seeded-random.js';
import type { MemberInfo, Message } from '../messages.js';
import { HybridClock } from '../hlc.js';
import { defaultSyncSettings } from '../settings.js';
import { ownDocument, storedIncarnation } from './own-info.js';
import type { MembersPart, MembersOptions, StreamsPart } from './parts.js';
import { createSyncState, step } from './step.js';
import type { SyncInput } from './types.js';

const self: MemberInfo = {
  origin: 'a',
  inc: 7,
  node: 'node-a',
  datacenter: 'dc1',
  host: '127.0.0.1',
  port: 8301,
  protocol: { min: 1, max: 1 },
  build: '0',
  primary: '',
  space: 's',
  succeeds: [],
  left: false,
};
const peer: MemberInfo = { ...self, origin: 'b', node: 'node-b' };
const time = { now: 0, wall: 0, random: seededRandom(1) };

/** Parts that write down what they are asked, in order. */
function world() {
  const calls: string[] = [];
  const recorder = (part: string): unknown =>
    new Proxy({}, { get: (_, name) => () => calls.push(`${part}.${String(name)}`) });
  let options: MembersOptions | undefined;
  const state = createSyncState(
    { self, settings: defaultSyncSettings, held: () => [], clock: new HybridClock() },
    {
      members: (given) => {
        options = given;
        return recorder('members') as MembersPart;
      },
      streams: () => recorder('streams') as StreamsPart,
    },
  );
  const taking = (input: SyncInput): string[] => {
    calls.length = 0;
    step(state, input, time);
    return [...calls];
  };
  return { state, options: options as unknown as MembersOptions, calls, taking };
}

const message = (given: Message): SyncInput => ({ type: 'message', from: 'b', message: given });

const merge = (inc: number) => ({ target: { type: 'local' }, changes: [ownDocument(inc)], durability: 'synced' });

describe('the step', () => {
  test('tells members of everything that arrives, and streams of what is about records, after them', () => {
    const { taking } = world();
    expect(taking({ type: 'connected', peer })).toEqual(['members.connected', 'streams.connected']);
    expect(taking(message({ type: 'summary', hash: [0, 0], members: [0, 0] }))).toEqual([
      'members.message',
      'streams.message',
    ]);
    expect(taking(message({ type: 'goodbye', inc: 1 }))).toEqual(['members.message']);
    expect(taking({ type: 'tick', lagMs: 0 })).toEqual(['members.tick', 'streams.tick']);
    expect(taking({ type: 'disconnected', origin: 'b', evidence: 'soft' })).toEqual([
      'members.disconnected',
      'streams.disconnected',
    ]);
    expect(taking({ type: 'local', kind: 'catalog', index: 1, space: 's', changes: [] })).toEqual(['streams.local']);
    expect(taking({ type: 'dial-failed', origin: 'b', evidence: 'hard' })).toEqual(['members.dialFailed']);
    expect(taking({ type: 'refused', reason: 'taken' })).toEqual(['members.refused']);
    expect(taking({ type: 'leave' })).toEqual(['members.leave']);
    expect(taking({ type: 'force-leave', origin: 'b', prune: false })).toEqual(['members.forceLeave']);
  });

  test('a raised incarnation is remembered before the step speaks, and both halves hear of it', () => {
    const { state } = world();
    const heard: number[] = [];
    state.own.onChange((info) => heard.push(info.inc));
    const out = { merges: [], sends: [], notices: [] };
    state.own.raiseAbove(20, { ...time, out });
    state.own.change({ primary: 'node-b' }, { ...time, out });
    expect(state.own.info).toMatchObject({ inc: 22, primary: 'node-b' });
    state.own.change({ left: true }, { ...time, out });
    expect(heard).toEqual([21, 22, 22]);
    expect(out.merges).toEqual([merge(21), merge(22)]);
  });

  test('the remembered incarnation is found again among other documents', () => {
    const change = ownDocument(21);
    const document = { ...change.row, kind: 'sync' as const, id: 'own', body: { inc: 21 } };
    expect(storedIncarnation([{ ...document, id: 'member/b', body: {} }, document])).toBe(21);
    expect(storedIncarnation([])).toBe(0);
  });
});
