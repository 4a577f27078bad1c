import { expect, test } from 'vitest';
import { FakeClock } from '../../testing/index.js';
import { OwnWrites } from './own-writes.js';

const REMEMBER_MS = 60_000;

async function written(): Promise<{ clock: FakeClock; writes: OwnWrites }> {
  const clock = new FakeClock();
  const writes = new OwnWrites(clock, REMEMBER_MS);
  await clock.advance(1_000);
  writes.note('Api');
  await clock.advance(100);
  return { clock, writes };
}

test.each([
  [150, true],
  [100, true],
  [98, false],
  [0, false],
])('of an answer %i ms old, 100 ms after a write: from before it %s', async (ageMs, isBefore) => {
  const { writes } = await written();
  expect(writes.isBefore('api', ageMs, writes.asOf())).toBe(isBefore);
  expect(writes.isBefore('other', ageMs, writes.asOf())).toBe(false);
});

test('time that passes while an answer is looked at makes it no younger', async () => {
  const { clock, writes } = await written();
  const asOfMs = writes.asOf();
  clock.stall(50);
  expect(writes.isBefore('api', 110, asOfMs)).toBe(true);
});

test('a write is remembered as long as an answer could be from before it; one of nobody knows which service is of all', async () => {
  const { clock, writes } = await written();
  expect([writes.isRecent('api'), writes.isRecent('other')]).toEqual([true, false]);
  await clock.advance(REMEMBER_MS);
  expect(writes.isRecent('api')).toBe(false);
  expect(writes.isBefore('api', 2 * REMEMBER_MS, writes.asOf())).toBe(false);
  writes.note(undefined);
  expect(writes.isRecent('other')).toBe(true);
});
