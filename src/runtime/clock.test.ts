import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { realClock } from './clock.js';

const DAY_MS = 86_400_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test.each([1, 24, 25, 30, 400])('%i days are that long, whatever the longest timer is', async (days) => {
  const fired = vi.fn();
  realClock.after(days * DAY_MS, fired);
  const other = vi.fn();
  realClock.after(days * DAY_MS, other)();
  await vi.advanceTimersByTimeAsync(days * DAY_MS - 1);
  expect(fired).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(fired).toHaveBeenCalledOnce();
  expect(other).not.toHaveBeenCalled();
});

test('one cancelled after its first part is over does not fire', async () => {
  const fired = vi.fn();
  const cancel = realClock.after(60 * DAY_MS, fired);
  await vi.advanceTimersByTimeAsync(40 * DAY_MS);
  cancel();
  await vi.advanceTimersByTimeAsync(40 * DAY_MS);
  expect(fired).not.toHaveBeenCalled();
});
