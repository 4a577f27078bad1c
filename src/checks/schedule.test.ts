import { expect, it } from 'vitest';
import { toCheckDefinition } from '../model/index.js';
import { firstDelay, fractionOf, intervalOf, pause } from './schedule.js';

it('spreads ids that are alike evenly', () => {
  const tenths = Array.from({ length: 10 }, () => 0);
  for (let id = 0; id < 10_000; id++) {
    const tenth = Math.floor(fractionOf(`service:web-${id}`) * 10);
    tenths[tenth] = (tenths[tenth] ?? 0) + 1;
  }
  for (const count of tenths) expect(Math.abs(count - 1_000)).toBeLessThan(120);
});

it('runs an interval below a second at a second, and an alias each minute', () => {
  expect(intervalOf(toCheckDefinition({ TCP: 'a:1', Interval: '10ms' }))).toBe(1_000);
  expect(intervalOf(toCheckDefinition({ TCP: 'a:1', Interval: '90s' }))).toBe(90_000);
  expect(intervalOf(toCheckDefinition({ AliasService: 'a' }))).toBe(60_000);
});

it('runs first within a second, or within the interval at the phase', () => {
  expect(firstDelay(0.5, 10_000, 'soon')).toBe(500);
  expect(firstDelay(0.5, 500, 'soon')).toBe(250);
  expect(firstDelay(0.5, 10_000, 'phase')).toBe(5_000);
});

it('never pauses for less than the interval, nor for much more', () => {
  expect(pause(10_000, 0)).toBe(10_000);
  expect(pause(10_000, 0.999)).toBeLessThan(10_500);
});
