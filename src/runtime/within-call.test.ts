import { expect, test } from 'vitest';
import { FakeClock } from '../testing/fake-clock.js';
import { withinCall } from './within-call.js';

const forever = (): Promise<never> => new Promise(() => {});

test('what the work resolves with is the result, and nothing is left behind', async () => {
  const clock = new FakeClock();
  await expect(withinCall(clock, 'x', { timeoutMs: 10 }, async () => 7)).resolves.toBe(7);
  expect(clock.pending).toBe(0);
});

test('when the time is up it rejects with TIMEOUT and tells the work the same', async () => {
  const clock = new FakeClock();
  let signal: AbortSignal | undefined;
  const call = withinCall(clock, 'asking', { timeoutMs: 10 }, (bounds) => {
    ({ signal } = bounds);
    return forever();
  });
  const ended = expect(call).rejects.toMatchObject({ code: 'TIMEOUT', message: 'asking did not end within 10 ms' });
  await clock.advance(9);
  expect(signal?.aborted).toBe(false);
  await clock.advance(1);
  await ended;
  expect(signal?.reason).toMatchObject({ code: 'TIMEOUT' });
  expect(clock.pending).toBe(0);
});

test('a signal that fires rejects with ABORTED, its reason the cause', async () => {
  const clock = new FakeClock();
  const caller = new AbortController();
  const call = withinCall(clock, 'asking', { signal: caller.signal, timeoutMs: 10 }, forever);
  caller.abort('enough');
  await expect(call).rejects.toMatchObject({ code: 'ABORTED', cause: 'enough' });
  expect(clock.pending).toBe(0);
});

test('a signal that has fired lets nothing begin', async () => {
  let begun = false;
  const call = withinCall(new FakeClock(), 'asking', { signal: AbortSignal.abort(), timeoutMs: 10 }, async () => {
    begun = true;
  });
  await expect(call).rejects.toMatchObject({ code: 'ABORTED' });
  expect(begun).toBe(false);
});

test('work that fails after the end is nobody’s unhandled rejection', async () => {
  const clock = new FakeClock();
  let fail: ((error: Error) => void) | undefined;
  const call = withinCall(clock, 'asking', { timeoutMs: 10 }, () => new Promise((_, reject) => (fail = reject)));
  const ended = expect(call).rejects.toMatchObject({ code: 'TIMEOUT' });
  await clock.advance(10);
  await ended;
  fail?.(new Error('late'));
  await clock.advance(0);
});

test('the time left is counted on the clock', async () => {
  const clock = new FakeClock();
  await withinCall(clock, 'x', { timeoutMs: 10 }, async ({ leftMs }) => {
    clock.stall(4);
    expect(leftMs()).toBe(6);
    clock.stall(40);
    expect(leftMs()).toBe(0);
  });
});
