import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ServiceEndpoint } from '../../model/index.js';
import { FakeClock } from '../../testing/fake-clock.js';
import { sampleEndpoints } from '../../testing/sample-endpoints.js';
import { seededRandom } from '../../testing/seeded-random.js';
import { type Balancer, createBalancer, type PickHint, policies } from '../index.js';

interface Running {
  readonly clock: FakeClock;
  readonly balancer: Balancer;
}

function running(policy: string, endpoints: readonly ServiceEndpoint[], seed = 1): Running {
  const clock = new FakeClock();
  const balancer = createBalancer({ policy, clock, random: seededRandom(seed), subset: false });
  balancer.update({ endpoints });
  return { clock, balancer };
}

function picked(balancer: Balancer, hint?: PickHint): { readonly id: string; done(latencyMs?: number): void } {
  const pick = balancer.pick(hint);
  if (pick.type === 'none') throw pick.error;
  return {
    id: pick.endpoint.id,
    done: (latencyMs) => pick.done(latencyMs === undefined ? undefined : { ok: true, latencyMs }),
  };
}

function sequence(balancer: Balancer, times: number, hint: (n: number) => PickHint = () => ({})): string[] {
  return Array.from({ length: times }, (_, n) => {
    const { id, done } = picked(balancer, hint(n));
    done();
    return id;
  });
}

const countOf = (ids: readonly string[], id: string): number => ids.filter((other) => other === id).length;
const HASHING = ['rendezvous', 'ring-hash', 'maglev'];

/** Sum of (seen − expected)² / expected. */
function chiSquare(ids: readonly string[], weights: readonly number[]): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.reduce((sum, weight, at) => {
    const expected = (ids.length * weight) / total;
    return sum + (countOf(ids, `api-${at}`) - expected) ** 2 / expected;
  }, 0);
}

describe('weights', () => {
  const weights = [1, 2, 3, 4];
  const endpoints = sampleEndpoints(4, (at) => ({ weight: weights[at] }));

  /** Largest chi-square of 3 degrees of freedom that chance exceeds once in a thousand. */
  const CHANCE = 16.27;

  test.each(['random', 'rendezvous'])('%s keeps them to within chance', (policy) => {
    const { balancer } = running(policy, endpoints);
    expect(
      chiSquare(
        sequence(balancer, 20_000, (n) => ({ key: `key-${n}` })),
        weights,
      ),
    ).toBeLessThan(CHANCE);
  });

  test('p2c keeps them while idle, less what drawing two different ones evens out', () => {
    const ids = sequence(running('p2c', endpoints).balancer, 20_000);
    expect(chiSquare(ids, weights)).toBeLessThan(CHANCE);
  });

  test.each(['weighted-round-robin', 'least-request', 'adaptive'])('%s keeps them exactly while idle', (policy) => {
    const { balancer } = running(policy, endpoints);
    const ids = sequence(balancer, 1_004).slice(4);
    for (const [at, weight] of weights.entries()) {
      expect(Math.abs(countOf(ids, `api-${at}`) - weight * 100)).toBeLessThanOrEqual(4);
    }
  });

  test.each([
    ['maglev', 0.02],
    ['ring-hash', 0.25],
  ])('%s keeps them to within %d', (policy, tolerance) => {
    const ids = sequence(running(policy, endpoints).balancer, 40_000, (n) => ({ key: `key-${n}` }));
    for (const [at, weight] of weights.entries()) {
      expect(Math.abs(countOf(ids, `api-${at}`) / (weight * 4_000) - 1)).toBeLessThan(tolerance);
    }
  });

  test.each(['least-request', 'adaptive'])('%s gives heavier ones more at a time', (policy) => {
    const { balancer } = running(policy, endpoints);
    for (let n = 0; n < 400; n++) picked(balancer);
    const inflight = balancer.explain().map(({ inflight }) => inflight);
    for (const [at, weight] of weights.entries())
      expect(Math.abs((inflight[at] as number) - weight * 40)).toBeLessThan(6);
  });

  test('huge and tiny ones do not break anything', () => {
    const extreme = sampleEndpoints(3, (at) => ({ weight: [65_535, 1, 1e-3][at] }));
    for (const policy of policies.keys()) {
      const ids = sequence(running(policy, extreme).balancer, 200, (n) => ({ key: `key-${n}` }));
      if (policy !== 'round-robin') expect(countOf(ids, 'api-0'), policy).toBeGreaterThan(150);
    }
  });
});

/** Most in flight at one of 100 endpoints, with 1,000 requests that do not end. */
function busiest(policy: string): number {
  const { balancer } = running(policy, sampleEndpoints(100));
  for (let n = 0; n < 1_000; n++) picked(balancer);
  return Math.max(...balancer.explain().map(({ inflight }) => inflight));
}

describe('round-robin', () => {
  test('asks everybody once a round, from a place of each client’s own', () => {
    const starts = Array.from({ length: 40 }, (_, seed) => {
      const ids = sequence(running('round-robin', sampleEndpoints(4), seed).balancer, 8);
      expect(new Set(ids.slice(0, 4)).size).toBe(4);
      expect(ids.slice(4)).toEqual(ids.slice(0, 4));
      return ids[0];
    });
    expect(new Set(starts).size).toBe(4);
  });
});

describe('weighted-round-robin', () => {
  test('is smooth: the heaviest never has its whole share in a row', () => {
    const endpoints = sampleEndpoints(3, (at) => ({ weight: [5, 1, 1][at] }));
    const ids = sequence(running('weighted-round-robin', endpoints).balancer, 70);
    expect(countOf(ids, 'api-0')).toBe(50);
    for (let at = 0; at + 7 <= 70; at++) expect(new Set(ids.slice(at, at + 7)).size).toBe(3);
    expect(ids.join(' ')).not.toContain('api-0 api-0 api-0 api-0 api-0');
  });
});

describe('least-request', () => {
  test('never lets two be apart by more than one', () => {
    const { balancer } = running('least-request', sampleEndpoints(7));
    for (let n = 0; n < 100; n++) {
      picked(balancer);
      const inflight = balancer.explain().map(({ inflight }) => inflight);
      expect(Math.max(...inflight) - Math.min(...inflight)).toBeLessThanOrEqual(1);
    }
  });
});

describe('p2c', () => {
  test('keeps the busiest far below what chance would make of it', () => {
    expect(busiest('p2c')).toBeLessThanOrEqual(13);
    expect(busiest('random')).toBeGreaterThan(15);
  });
});

describe('peak-ewma', () => {
  test('avoids the slow one, and comes back to it as the memory fades', async () => {
    const { balancer, clock } = running('peak-ewma', sampleEndpoints(2));
    const run = async (times: number, slowMs: number): Promise<number> => {
      let slow = 0;
      for (let n = 0; n < times; n++) {
        const { id, done } = picked(balancer);
        await clock.advance(1);
        done(id === 'api-0' ? slowMs : 10);
        if (id === 'api-0') slow++;
      }
      return slow;
    };
    await run(20, 500);
    expect(await run(100, 500)).toBeLessThan(10);
    await clock.advance(120_000);
    expect(await run(200, 10)).toBeGreaterThan(20);
  });
});

describe('adaptive', () => {
  test('tries everybody once before anybody twice', () => {
    const { balancer } = running('adaptive', sampleEndpoints(8));
    const first = Array.from({ length: 8 }, (_, n) => {
      const { id, done } = picked(balancer);
      done(n === 0 ? 1 : 500);
      return id;
    });
    expect(new Set(first).size).toBe(8);
  });

  test.each([
    ['instant answers', () => 0],
    ['equal answers', () => 20],
    ['answers of 1 to 3 ms', (random: () => number) => 1 + 2 * random()],
    ['answers of 8 to 12 ms, the first ones 40', (random: () => number, n: number) => (n < 2 ? 40 : 8 + 4 * random())],
    ['a slow first answer', (_: () => number, n: number) => (n === 0 ? 100 : 3)],
  ] as const)('of two equals each gets at least 20 of 100 sequential requests: %s', async (_, latencyMs) => {
    for (let seed = 0; seed < 10; seed++) {
      const { balancer, clock } = running('adaptive', sampleEndpoints(2), seed);
      const random = seededRandom(seed);
      const ids: string[] = [];
      for (let n = 0; n < 100; n++) {
        const { id, done } = picked(balancer);
        await clock.advance(latencyMs(() => random.next(), n));
        done();
        ids.push(id);
      }
      expect(countOf(ids, 'api-0')).toBeGreaterThanOrEqual(20);
      expect(countOf(ids, 'api-1')).toBeGreaterThanOrEqual(20);
    }
  });

  test('the age of what waits counts before any answer comes', async () => {
    const { balancer, clock } = running('adaptive', sampleEndpoints(3));
    for (const { done } of Array.from({ length: 3 }, () => picked(balancer))) done(10);
    const stuck = picked(balancer);
    await clock.advance(100);
    const others = Array.from({ length: 12 }, () => picked(balancer).id);
    expect(others).not.toContain(stuck.id);
  });

  test('a slow one gets less, and is measured again once it was idle', async () => {
    const { balancer, clock } = running('adaptive', sampleEndpoints(4));
    const run = async (rounds: number, slowMs: number): Promise<number> => {
      let slow = 0;
      for (let n = 0; n < rounds; n++) {
        const pair = [picked(balancer), picked(balancer)];
        await clock.advance(10);
        for (const { id, done } of pair) {
          if (id === 'api-0') slow++;
          done(id === 'api-0' ? slowMs : 10);
        }
      }
      return slow;
    };
    await run(50, 60);
    expect(await run(200, 60)).toBeLessThan(400 / 4 / 1.5);
    await run(100, 10);
    expect(await run(200, 10)).toBeGreaterThan(60);
  });

  test('a failure that comes fast does not look fast', async () => {
    const { balancer, clock } = running('adaptive', sampleEndpoints(4));
    let failing = 0;
    for (let n = 0; n < 100; n++) {
      const pick = balancer.pick();
      if (pick.type === 'none') throw pick.error;
      const bad = pick.endpoint.id === 'api-0';
      await clock.advance(bad ? 0.1 : 10);
      if (bad) failing++;
      pick.done({ ok: !bad });
    }
    expect(failing).toBeLessThanOrEqual(25);
  });
});

describe.each(HASHING)('%s', (policy) => {
  const keys = Array.from({ length: 400 }, (_, n) => `key-${n}`);
  const owners = (endpoints: readonly ServiceEndpoint[], seed = 1): Map<string, string> => {
    const { balancer } = running(policy, endpoints, seed);
    return new Map(keys.map((key) => [key, sequence(balancer, 1, () => ({ key }))[0] as string]));
  };

  test('a key has the same endpoint for every client, whatever the order they were told in', () => {
    const endpoints = sampleEndpoints(9);
    expect(owners(endpoints.toReversed(), 2)).toEqual(owners(endpoints, 1));
  });

  test('who goes gives away its own keys, and few others move', () => {
    const moves = fc.property(fc.integer({ min: 3, max: 12 }), fc.nat(), (count, which) => {
      const endpoints = sampleEndpoints(count);
      const gone = endpoints[which % count] as ServiceEndpoint;
      const before = owners(endpoints);
      const after = owners(endpoints.filter((endpoint) => endpoint !== gone));
      const moved = keys.filter((key) => before.get(key) !== gone.id && before.get(key) !== after.get(key));
      expect(moved.length).toBeLessThanOrEqual(policy === 'maglev' ? 0.1 * keys.length : 0);
    });
    fc.assert(moves, { numRuns: 10 });
  });

  test('nobody has more in flight than 1.25 times its share', () => {
    const bounded = fc.property(
      fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 8 }),
      fc.array(fc.tuple(fc.nat({ max: 3 }), fc.nat({ max: 4 })), { minLength: 1, maxLength: 120 }),
      (weights, requests) => {
        const { balancer } = running(
          policy,
          sampleEndpoints(weights.length, (at) => ({ weight: weights[at] })),
        );
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const open: { done(): void }[] = [];
        for (const [key, ends] of requests) {
          const { id, done } = picked(balancer, { key: `hot-${key}` });
          open.push({ done });
          const share = (weights[Number(id.slice(4))] as number) / total;
          const inflight = balancer.explain().find(({ endpoint }) => endpoint.id === id)?.inflight as number;
          expect(inflight).toBeLessThanOrEqual(Math.ceil(1.25 * open.length * share));
          if (ends === 0) open.shift()?.done();
        }
      },
    );
    fc.assert(bounded, { numRuns: policy === 'maglev' ? 20 : 60 });
  });

  test('what a full endpoint turns away is spread over the others', () => {
    const { balancer } = running(policy, sampleEndpoints(10));
    for (let n = 0; n < 200; n++) picked(balancer, { key: 'the one hot key' });
    const busy = balancer.explain().filter(({ inflight }) => inflight > 0);
    expect(busy.length).toBeGreaterThanOrEqual(8);
  });
});

describe('requests without a key', () => {
  test.each(HASHING)('%s spreads them by chance', (policy) => {
    const ids = sequence(running(policy, sampleEndpoints(4)).balancer, 2_000);
    for (let at = 0; at < 4; at++) expect(countOf(ids, `api-${at}`)).toBeGreaterThan(400);
  });
});
