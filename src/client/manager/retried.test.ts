import { expect, test } from 'vitest';
import { isDiscoveryError, ServiceDiscoveryError, type ErrorCode } from '../../model/index.js';
import { FakeClock } from '../../testing/index.js';
import { seededRandom } from '../../testing/seeded-random.js';
import { retried } from './retried.js';

function failing(code: ErrorCode, times: number): { calls: () => number; attempt: () => Promise<string> } {
  let calls = 0;
  return {
    calls: () => calls,
    attempt: async () => {
      calls += 1;
      if (calls <= times) throw new ServiceDiscoveryError(code, `failure ${calls}`);
      return 'answer';
    },
  };
}

async function run(code: ErrorCode, times: number, timeoutMs = 5_000, attempts = 3) {
  const clock = new FakeClock();
  const { calls, attempt } = failing(code, times);
  const done = retried(attempt, { timeoutMs }, { attempts, clock, random: seededRandom(1) }).catch(
    (error: unknown) => error,
  );
  await clock.advance(timeoutMs);
  expect(clock.pending).toBe(0);
  return { result: await done, calls: calls() };
}

test.each(['UNAVAILABLE', 'TIMEOUT', 'NOT_READY', 'RATE_LIMITED', 'INTERNAL'] as const)(
  '%s is tried again',
  async (code) => {
    expect(await run(code, 2)).toEqual({ result: 'answer', calls: 3 });
  },
);

test.each(['INVALID_ARGUMENT', 'PERMISSION_DENIED', 'NOT_FOUND', 'UNSUPPORTED'] as const)('%s is not', async (code) => {
  const { result, calls } = await run(code, 1);
  expect([isDiscoveryError(result, code), calls]).toEqual([true, 1]);
});

test('after the last attempt the error tells of all', async () => {
  const { result, calls } = await run('UNAVAILABLE', 9);
  expect(calls).toBe(3);
  expect(result).toMatchObject({ code: 'UNAVAILABLE', details: { attempts: ['failure 1', 'failure 2', 'failure 3'] } });
});

test('it does not wait past the time of the call', async () => {
  const { result, calls } = await run('UNAVAILABLE', 99, 20, 10);
  expect(isDiscoveryError(result, 'UNAVAILABLE')).toBe(true);
  expect(calls).toBeLessThan(10);
});

test.each([
  [3_000, 'answer', 3_000],
  [60_000, 'RATE_LIMITED', 0],
])('a server that asks for %i ms of patience: %s', async (retryAfterMs, ends, afterMs) => {
  const clock = new FakeClock();
  const times: number[] = [];
  const attempt = async (): Promise<string> => {
    times.push(clock.now());
    if (times.length > 1) return 'answer';
    throw new ServiceDiscoveryError('RATE_LIMITED', 'later', { details: { retryAfterMs } });
  };
  const done = retried(attempt, { timeoutMs: 5_000 }, { attempts: 3, clock, random: seededRandom(1) });
  const end = done.catch((error: ServiceDiscoveryError) => error.code);
  await clock.advance(5_000);
  expect([await end, times.at(-1)]).toEqual([ends, afterMs]);
});

test('an abort between two attempts ends it', async () => {
  const clock = new FakeClock();
  const stop = new AbortController();
  const { attempt, calls } = failing('UNAVAILABLE', 99);
  const done = retried(
    attempt,
    { timeoutMs: 5_000, signal: stop.signal },
    { attempts: 9, clock, random: { next: () => 0.9 } },
  );
  const outcome = done.catch((error: unknown) => error);
  await clock.advance(1);
  stop.abort();
  expect(await outcome).toMatchObject({ code: 'ABORTED' });
  expect(calls()).toBe(1);
});
