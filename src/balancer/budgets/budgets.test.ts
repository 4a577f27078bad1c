import { beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../../testing/fake-clock.js';
import { seededRandom } from '../../testing/seeded-random.js';
import { ClientThrottle } from './client-throttle.js';
import { HedgeBudget } from './hedge-budget.js';
import { RetryBudget } from './retry-budget.js';

let clock: FakeClock;
beforeEach(() => void (clock = new FakeClock()));

function granted(ask: () => boolean, times: number): number {
  return Array.from({ length: times }, ask).filter(Boolean).length;
}

describe('the retry budget', () => {
  test('grants 10 a second for 10 s without any request', async () => {
    const budget = new RetryBudget({ clock });
    expect(granted(() => budget.mayRetry(), 200)).toBe(100);
    await clock.advance(5_000);
    expect(budget.mayRetry()).toBe(false);
    await clock.advance(6_000);
    expect(granted(() => budget.mayRetry(), 200)).toBe(100);
  });

  test.each([
    [5, 1],
    [100, 20],
    [1_000, 200],
  ])('%i requests add %i retries', (requests, retries) => {
    const budget = new RetryBudget({ clock, perSecond: 0 });
    for (let n = 0; n < requests; n++) budget.request();
    expect(granted(() => budget.mayRetry(), 1_000)).toBe(retries);
  });

  test('requests are forgotten after the window', async () => {
    const budget = new RetryBudget({ clock, perSecond: 0 });
    for (let n = 0; n < 1_000; n++) budget.request();
    await clock.advance(8_999);
    expect(budget.mayRetry()).toBe(true);
    await clock.advance(1_002);
    expect(budget.mayRetry()).toBe(false);
  });

  test('a service that fails everything for a minute gets at most 20 % and 10 a second more', async () => {
    const budget = new RetryBudget({ clock });
    let retries = 0;
    for (let second = 0; second < 60; second++) {
      for (let n = 0; n < 100; n++) {
        budget.request();
        if (budget.mayRetry()) retries++;
      }
      await clock.advance(1_000);
    }
    expect(retries).toBeLessThanOrEqual(60 * (20 + 10) + 100);
    expect(retries).toBeGreaterThan(60 * 20);
  });
});

async function answering(budget: HedgeBudget, count: number, latencyMs: (n: number) => number): Promise<void> {
  for (let n = 0; n < count; n++) {
    budget.request();
    budget.answered(latencyMs(n));
  }
  await clock.advance(0);
}

describe('the hedge budget', () => {
  test('waits for a hundred samples, then for as long as 95 % take', async () => {
    const budget = new HedgeBudget({ clock });
    await answering(budget, 99, (n) => n + 1);
    expect(budget.hedgeAfterMs()).toBeUndefined();
    await answering(budget, 1, () => 100);
    expect(budget.hedgeAfterMs()).toBeGreaterThanOrEqual(95);
    expect(budget.hedgeAfterMs()).toBeLessThan(95 * 1.11);
  });

  test('5 % of requests, and nothing to begin with', async () => {
    const budget = new HedgeBudget({ clock });
    expect(budget.mayHedge()).toBe(false);
    await answering(budget, 200, () => 10);
    expect(granted(() => budget.mayHedge(), 100)).toBe(10);
    expect(budget.hedgeAfterMs()).toBeUndefined();
  });

  test('none while the service is five times slower than when it was calm', async () => {
    const budget = new HedgeBudget({ clock });
    for (const [latencyMs, hedges] of [
      [10, true],
      [40, true],
      [60, false],
      [10, true],
    ] as const) {
      await answering(budget, 500, () => latencyMs);
      await clock.advance(10_000);
      await answering(budget, 500, () => latencyMs);
      await clock.advance(10_000);
      await answering(budget, 500, () => latencyMs);
      expect(budget.hedgeAfterMs() !== undefined, `${latencyMs} ms`).toBe(hedges);
    }
  });

  test('none above the utilisation of who knows it', async () => {
    let utilisation = 0.81;
    const budget = new HedgeBudget({ clock, utilisation: () => utilisation });
    await answering(budget, 200, () => 10);
    expect(budget.hedgeAfterMs()).toBeUndefined();
    utilisation = 0.8;
    expect(budget.hedgeAfterMs()).toBeGreaterThan(0);
  });

  test('samples are forgotten after two windows', async () => {
    const budget = new HedgeBudget({ clock });
    await answering(budget, 200, () => 10);
    await clock.advance(20_000);
    expect(budget.hedgeAfterMs()).toBeUndefined();
  });
});

describe('the client throttle', () => {
  test.each([
    [1, 0],
    [0.6, 0],
    [0.25, 0.5],
    [0, 1],
  ])('where the service has room for %d of the requests, about %d are not sent', (taken, refused) => {
    const throttle = new ClientThrottle({ clock, random: seededRandom(1) });
    let sent = 0;
    let capacity = 0;
    for (let n = 0; n < 20_000; n++) {
      capacity = Math.min(10, capacity + taken);
      if (!throttle.admits()) continue;
      sent++;
      if (capacity < 1) continue;
      capacity--;
      throttle.accepted();
    }
    expect(1 - sent / 20_000).toBeGreaterThan(refused - 0.05);
    expect(1 - sent / 20_000).toBeLessThan(refused + 0.05);
  });
});

test.each([
  [() => new RetryBudget({ clock, share: -1 }), /^retry budget: share must be a number 0 or more$/],
  [() => new RetryBudget({ clock, windowMs: 0 }), /windowMs/],
  [() => new HedgeBudget({ clock, percentile: 2 }), /^hedge budget: percentile must be a number from 0 to 1$/],
  [() => new ClientThrottle({ clock, random: seededRandom(1), tolerance: 0 }), /tolerance/],
])('options that break a rule are refused by name', (create, message) => {
  expect(create).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) }),
  );
});
