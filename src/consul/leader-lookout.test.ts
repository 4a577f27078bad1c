import { beforeEach, describe, expect, test, vi } from 'vitest';
import { FakeClock } from '../testing/fake-clock.js';
import { LeaderLookout } from './leader-lookout.js';

const A = 'http://127.0.0.1:8500';

describe('an agent with standing reads', () => {
  let clock: FakeClock;
  let answer: boolean | 'error' | 'never';
  let looks: number[];
  let lookout: LeaderLookout;

  beforeEach(() => {
    clock = new FakeClock();
    answer = true;
    looks = [];
    lookout = new LeaderLookout((_, signal) => {
      looks.push(clock.now());
      if (answer === 'never') {
        return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));
      }
      return answer === 'error' ? Promise.reject(new Error('404')) : Promise.resolve(answer);
    }, clock);
  });

  test.each([true, 'error'] as const)('is asked every 10 s, and left in peace on %s', async (kind) => {
    answer = kind;
    const fail = vi.fn();
    const reads = [lookout.standing(A, fail), lookout.standing(A, fail)];
    await clock.advance(35_000);
    expect(looks).toEqual([10_000, 20_000, 30_000]);
    expect(fail).not.toHaveBeenCalled();
    for (const read of reads) read.ended();
    expect(clock.pending).toBe(0);
  });

  test.each([
    [false, [10_000, 13_000]],
    ['never', [10_000, 16_000]],
  ] as const)('has no leader after two looks that saw none: %s', async (kind, at) => {
    answer = kind;
    const fails = [vi.fn(), vi.fn()];
    for (const fail of fails) lookout.standing(A, fail);
    await clock.advance(20_000);
    expect(looks).toEqual(at);
    for (const fail of fails) {
      expect(fail).toHaveBeenCalledOnce();
      expect(fail.mock.calls[0]?.[0]).toMatchObject({ code: 'NOT_READY', details: { address: A } });
    }
    expect(clock.pending).toBe(0);
  });

  test('may have an election in between', async () => {
    const fail = vi.fn();
    lookout.standing(A, fail);
    answer = false;
    await clock.advance(12_000);
    answer = true;
    await clock.advance(3_000);
    answer = false;
    await clock.advance(10_000);
    expect(looks).toEqual([10_000, 13_000, 23_000]);
    expect(fail).not.toHaveBeenCalled();
  });

  test('is not asked while its answers say so themselves', async () => {
    const read = lookout.standing(A, vi.fn());
    for (let second = 0; second < 30; second++) {
      await clock.advance(1_000);
      lookout.confirmed(A);
    }
    expect(looks).toEqual([]);
    read.ended();
    expect(clock.pending).toBe(0);
  });
});
