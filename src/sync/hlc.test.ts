import { array, assert, integer, property } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HybridClock, hlcWallMs } from './hlc.js';

const NOW = 1_760_000_000_000;

describe('the hybrid clock', () => {
  test('follows the wall clock, and counts within a millisecond', () => {
    const clock = new HybridClock();
    const first = clock.tick(NOW);
    expect(hlcWallMs(first)).toBe(NOW);
    expect(clock.tick(NOW)).toBe(first + 1);
    expect(hlcWallMs(clock.tick(NOW + 5))).toBe(NOW + 5);
  });

  test('never goes back, whatever the wall clock does', () => {
    assert(
      property(array(integer({ min: 0, max: NOW * 2 }), { minLength: 2 }), (walls) => {
        const clock = new HybridClock();
        const ticks = walls.map((wall) => clock.tick(wall));
        expect(ticks.every((tick, at) => at === 0 || tick > (ticks[at - 1] ?? 0))).toBe(true);
      }),
    );
  });

  test('is later than what it has seen of others', () => {
    const ahead = new HybridClock();
    const seen = ahead.tick(NOW + 60_000);
    const clock = new HybridClock();
    expect(clock.observe(seen, NOW)).toBe(true);
    expect(clock.tick(NOW)).toBeGreaterThan(seen);
  });

  test('is not carried off by a clock that is more than ten minutes ahead', () => {
    const clock = new HybridClock();
    expect(clock.observe(new HybridClock().tick(NOW + 601_000), NOW)).toBe(false);
    expect(hlcWallMs(clock.tick(NOW))).toBe(NOW);
  });

  test('stays a safe integer for this century', () => {
    expect(Number.isSafeInteger(new HybridClock().tick(Date.UTC(2100, 0, 1)))).toBe(true);
  });
});
