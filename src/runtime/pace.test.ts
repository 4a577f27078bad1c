import { expect, test } from 'vitest';
import { Pace } from './pace.js';

test('a burst is free, then one comes in each interval', () => {
  const pace = new Pace(2, 1_000);
  expect([0, 0, 0, 0].map((now) => pace.take(now))).toEqual([0, 0, 1_000, 2_000]);
  expect(pace.take(10_000)).toBe(0);
});

test('many tokens at once are there when that many have come', () => {
  const pace = new Pace(100, 10);
  expect([60, 60, 300].map((tokens) => pace.take(0, tokens))).toEqual([0, 200, 3_200]);
});

test('what was not used for a while is no more than the burst', () => {
  const pace = new Pace(3, 100);
  pace.take(0);
  expect([9_000, 9_000, 9_000, 9_000].map((now) => pace.take(now))).toEqual([0, 0, 0, 100]);
});
