import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { FakeClock } from '../testing/fake-clock.js';
import { pause } from './pause.js';

test.each(['time', 'abort'] as const)('ends by %s, and leaves nothing', async (how) => {
  const clock = new FakeClock();
  const abort = new AbortController();
  let over = false;
  const pausing = pause(clock, 1_000, abort.signal).then(() => (over = true));
  await clock.advance(999);
  expect(over).toBe(false);
  if (how === 'abort') abort.abort();
  else await clock.advance(1);
  await pausing;
  expect(clock.pending).toBe(0);
  expect(getEventListeners(abort.signal, 'abort')).toEqual([]);
});

test('sets no timer when there is nothing to wait for', async () => {
  const clock = new FakeClock();
  await pause(clock, 0, new AbortController().signal);
  await pause(clock, 1_000, AbortSignal.abort());
  expect(clock.pending).toBe(0);
});
