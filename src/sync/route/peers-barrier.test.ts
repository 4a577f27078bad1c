import { expect, test } from 'vitest';
import { FakeClock } from '../../testing/fake-clock.js';
import { MemberWorld } from '../../testing/member-world.js';
import { PeersBarrier } from './peers-barrier.js';

test('every peer that is well is asked, and none of them is waited for long', async () => {
  const clock = new FakeClock();
  const members = new MemberWorld();
  for (const origin of ['b', 'c', 'd']) members.add(origin);
  members.add('e', { state: 'suspect' });
  members.add('f', { isConnected: false });
  const answers = new Map<string, () => void>();
  const barrier = new PeersBarrier({
    clock,
    members: members.part,
    caller: {
      call: (to) =>
        new Promise((resolve, reject) => {
          answers.set(to, () => (to === 'c' ? reject(new Error('unreachable')) : resolve(undefined as never)));
        }),
    },
  });
  let isPassed = false;
  const passed = barrier.pass().then(() => (isPassed = true));
  expect([...answers.keys()]).toEqual(['b', 'c', 'd']);
  answers.get('b')?.();
  answers.get('c')?.();
  await clock.advance(499);
  expect(isPassed).toBe(false);
  await clock.advance(1);
  await passed;
  expect(clock.pending).toBe(0);
});
