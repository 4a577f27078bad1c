import { describe, expect, test } from 'vitest';
import { FakeClock } from '../testing/fake-clock.js';
import { Deadlines } from './deadlines.js';

function leases() {
  const clock = new FakeClock();
  const lapsed: (readonly [string, number])[] = [];
  const deadlines = new Deadlines(clock, (id) => lapsed.push([id, clock.now()]));
  return { clock, deadlines, lapsed };
}

describe('a lease', () => {
  test('lapses at its time, once', async () => {
    const { clock, deadlines, lapsed } = leases();
    deadlines.set('a', 100);
    await clock.advance(99);
    expect(lapsed).toEqual([]);
    await clock.advance(1000);
    expect(lapsed).toEqual([['a', 100]]);
    expect(deadlines.size).toBe(0);
  });

  test('lives as long as it is renewed, with one timer', async () => {
    const { clock, deadlines, lapsed } = leases();
    deadlines.set('a', 100);
    for (let turn = 0; turn < 50; turn++) {
      await clock.advance(60);
      deadlines.set('a', 100);
      expect(clock.pending).toBe(1);
    }
    expect(lapsed).toEqual([]);
    await clock.advance(100);
    expect(lapsed).toEqual([['a', 3100]]);
  });

  test('may be shortened', async () => {
    const { clock, deadlines, lapsed } = leases();
    deadlines.set('a', 10_000);
    deadlines.set('a', 10);
    await clock.advance(10);
    expect(lapsed).toEqual([['a', 10]]);
    expect(clock.pending).toBe(0);
  });

  test('that ended does not lapse', async () => {
    const { clock, deadlines, lapsed } = leases();
    deadlines.set('a', 10);
    deadlines.set('b', 10);
    deadlines.delete('a');
    deadlines.clear();
    await clock.advance(100);
    expect([lapsed, clock.pending]).toEqual([[], 0]);
  });

  test('does not notice the wall clock', async () => {
    const { clock, deadlines, lapsed } = leases();
    deadlines.set('a', 1000);
    clock.jumpWall(86_400_000);
    await clock.advance(999);
    clock.jumpWall(-2 * 86_400_000);
    expect(lapsed).toEqual([]);
    await clock.advance(1);
    expect(lapsed).toHaveLength(1);
  });

  test('outlives a stall of the event loop by the length of the stall, so that waiting renewals count', async () => {
    const { clock, deadlines, lapsed } = leases();
    deadlines.set('late', 100);
    deadlines.set('renewed', 100);
    clock.stall(3000);
    await clock.advance(1);
    deadlines.set('renewed', 100_000);
    await clock.advance(2800);
    expect(lapsed).toEqual([]);
    await clock.advance(10_000);
    expect(lapsed.map(([id]) => id)).toEqual(['late']);
  });
});
