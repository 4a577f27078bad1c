import { describe, expect, test } from 'vitest';
import { FakeClock } from '../../testing/fake-clock.js';
import { RateLimit } from './rate-limit.js';

const limit = (readRate: number, writeRate: number, clock = new FakeClock()): RateLimit =>
  new RateLimit({ mode: 'enforcing', readRate, writeRate }, clock);

describe('the rate limit', () => {
  test('lets a second’s worth through, then says how long to wait', async () => {
    const clock = new FakeClock();
    const limited = limit(2, 2, clock);
    expect([1, 2, 3].map(() => limited.take(false))).toEqual([0, 0, 1]);
    await clock.advance(500);
    expect([1, 2].map(() => limited.take(false))).toEqual([0, 1]);
  });

  test('counts reads and writes apart', () => {
    const limited = limit(1, 1);
    expect([limited.take(false), limited.take(true), limited.take(true)]).toEqual([0, 0, 1]);
  });

  test('a rate below one lets a request through now and then', async () => {
    const clock = new FakeClock();
    const limited = limit(0.5, -1, clock);
    await clock.advance(10_000);
    expect([1, 2].map(() => limited.take(false))).toEqual([0, 2]);
    await clock.advance(2_000);
    expect(limited.take(false)).toBe(0);
  });

  test('a rate of -1 is no limit, one of 0 lets nothing through', () => {
    const limited = limit(-1, 0);
    expect(Array.from({ length: 100 }, () => limited.take(false)).every((seconds) => seconds === 0)).toBe(true);
    expect(limited.take(true)).toBe(1);
  });
});
