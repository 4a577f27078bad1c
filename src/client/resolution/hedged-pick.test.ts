import { expect, test } from 'vitest';
import { HedgeBudget, type Outcome } from '../../balancer/index.js';
import { FakeClock } from '../../testing/fake-clock.js';
import { sampleEndpoint } from '../../testing/sample-endpoints.js';
import { HedgedPick } from './hedged-pick.js';

test.each<[string, Outcome | undefined, boolean]>([
  ['an answer', undefined, true],
  ['an answer with its latency', { ok: true, latencyMs: 3 }, true],
  ['a failure', { ok: false }, false],
  ['a cancelled request', { ok: true, latencyMs: 3, kind: 'cancelled' }, false],
])('%s is told on once, and makes a latency to hedge by only when it is an answer', (_what, outcome, counts) => {
  const clock = new FakeClock();
  const hedges = new HedgeBudget({ clock });
  const told: unknown[] = [];
  for (let n = 0; n < 100; n++) {
    hedges.request();
    const inner = {
      type: 'endpoint',
      endpoint: sampleEndpoint(),
      done: (one?: Outcome) => void told.push(one),
    } as const;
    const { done } = new HedgedPick(inner, hedges, clock, clock.now());
    done(outcome);
    done(outcome);
  }
  expect(told).toEqual(Array.from({ length: 100 }, () => outcome));
  expect(hedges.hedgeAfterMs() !== undefined).toBe(counts);
});
