import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../testing/seeded-random.js';
import { orderByPriorityAndWeight } from './srv-order.js';

const rounds = 20_000;

/** How often each weight of one priority comes first, by position in the list. */
function firsts(weights: readonly number[], seed = 1): number[] {
  const random = seededRandom(seed);
  const records = weights.map((weight, at) => ({ priority: 1, weight, at }));
  const counts = weights.map(() => 0);
  for (let i = 0; i < rounds; i++) {
    const first = orderByPriorityAndWeight(records, random)[0];
    if (first) counts[first.at] = (counts[first.at] as number) + 1;
  }
  return counts;
}

/** Pearson's statistic against the expected shares; its 99.9 % point is 16.3 for 3 degrees of freedom. */
function chiSquare(counts: readonly number[], shares: readonly number[]): number {
  return counts.reduce((sum, count, i) => {
    const expected = rounds * (shares[i] as number);
    return sum + (count - expected) ** 2 / expected;
  }, 0);
}

describe('RFC 2782', () => {
  test('shares are those of the weights', () => {
    // A whole number of 0 to 100 is drawn: 0 falls to the first in the list, which is any of them.
    const shares = [10, 20, 30, 40].map((weight) => weight / 101 + 1 / 101 / 4);
    expect(chiSquare(firsts([10, 20, 30, 40]), shares)).toBeLessThan(16.3);
  });

  test('weight 0 has a small chance beside others: one in sum + 1, shared by all of weight 0', () => {
    const shares = [9 / 10, 1 / 20, 1 / 20];
    expect(chiSquare(firsts([9, 0, 0]), shares)).toBeLessThan(13.8);
  });

  test('all of weight 0 are equal', () => {
    expect(chiSquare(firsts([0, 0, 0, 0]), [0.25, 0.25, 0.25, 0.25])).toBeLessThan(16.3);
  });

  test('the second place is drawn among the rest by weight', () => {
    const random = seededRandom(5);
    const records = [1_000, 3_000, 6_000].map((weight) => ({ priority: 1, weight }));
    let seconds = 0;
    let heavyFirst = 0;
    for (let i = 0; i < rounds; i++) {
      const [first, second] = orderByPriorityAndWeight(records, random);
      if (first?.weight !== 6_000) continue;
      heavyFirst++;
      if (second?.weight === 3_000) seconds++;
    }
    expect(Math.abs(seconds / heavyFirst - 0.75)).toBeLessThan(4 * Math.sqrt((0.75 * 0.25) / heavyFirst));
  });

  test('every record once, priorities ascending, the list left as it is', () => {
    const record = fc.record({ priority: fc.nat(3), weight: fc.nat(65_535) });
    fc.assert(
      fc.property(fc.array(record, { maxLength: 20 }), fc.integer(), (records, seed) => {
        const before = structuredClone(records);
        const order = orderByPriorityAndWeight(records, seededRandom(seed));
        expect(records).toEqual(before);
        expect(order).toHaveLength(records.length);
        expect(new Set(order)).toEqual(new Set(records));
        const priorities = order.map(({ priority }) => priority);
        expect(priorities).toEqual(priorities.toSorted((a, b) => a - b));
      }),
    );
  });
});
