import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { FakeClock, settle } from '../../testing/fake-clock.js';
import type { BlockingRead, ConsulAnswer } from '../answer.js';
import { takeTurn } from './take-turn.js';

const TURN = { index: 5, waitMs: 1_000, timeoutMs: 1_600 };

test.each<[string, BlockingRead<string>, string]>([
  ['is answered', () => Promise.resolve({ value: 'a' } as ConsulAnswer<string>), 'answered'],
  ['fails', () => Promise.reject(new Error('x')), 'failed'],
  ['never settles', () => new Promise(() => {}), 'failed'],
])('one that %s leaves no timer and no listener', async (_, read, type) => {
  const clock = new FakeClock();
  const { signal } = new AbortController();
  const outcome = takeTurn(read, TURN, clock, signal);
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  await clock.advance(1_600);
  expect(await outcome).toMatchObject({ type });
  expect(clock.pending).toBe(0);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

test('a rejection after the end is nobody’s', async () => {
  const clock = new FakeClock();
  let fail: ((error: Error) => void) | undefined;
  const read = () => new Promise<ConsulAnswer<string>>((_, reject) => void (fail = reject));
  const outcome = takeTurn(read, TURN, clock, new AbortController().signal);
  await clock.advance(1_600);
  expect(await outcome).toMatchObject({ type: 'failed', error: { code: 'TIMEOUT' } });
  fail?.(new Error('late'));
  await settle();
});
