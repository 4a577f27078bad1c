import { describe, expect, test } from 'vitest';
import { AttentiveTime } from './attentive-time.js';
import { LocalHealth } from './local-health.js';

describe('attentive time', () => {
  test('leaves out what the event loop slept', () => {
    const time = new AttentiveTime();
    time.pass(1_000, 0);
    expect(time.ms).toBe(0);
    time.pass(1_050, 0);
    time.pass(4_100, 3_000);
    expect(time.ms).toBe(100);
  });

  test('never goes back, whatever it is told', () => {
    const time = new AttentiveTime();
    time.pass(0, 0);
    time.pass(50, 5_000);
    expect(time.ms).toBe(0);
  });
});

describe('local health', () => {
  test.each([
    [249, 0],
    [250, 1],
    [999, 1],
    [3_200, 4],
    [60_000, 8],
  ])('a pause of %i ms of our own raises it to %i', (lagMs, value) => {
    const health = new LocalHealth();
    health.tick(0, lagMs, 250);
    expect(health.value).toBe(value);
  });

  test('quiet time lowers it, one by one', () => {
    const health = new LocalHealth();
    health.tick(0, 1_000, 250);
    expect(health.value).toBe(2);
    health.tick(4_950, 0, 250);
    expect(health.value).toBe(2);
    health.tick(5_000, 0, 250);
    health.tick(5_050, 0, 250);
    expect(health.value).toBe(1);
    health.tick(10_000, 0, 250);
    health.tick(15_000, 0, 250);
    expect(health.value).toBe(0);
  });

  test('being missed is one sign as long as it goes on: those who miss us may hear badly', () => {
    const health = new LocalHealth();
    for (let at = 0; at < 60_000; at += 1_000) health.missed(at);
    expect(health.value).toBe(1);
    health.missed(65_000);
    expect(health.value).toBe(2);
  });
});
