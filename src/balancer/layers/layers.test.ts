import { describe, expect, test } from 'vitest';
import { EjectionRecord } from './ejection-record.js';
import {
  causeToEject,
  eject,
  ejectionMs,
  endInterval,
  ENVOY_EJECTION,
  mostEjected,
  restore,
  successRateFloor,
} from './ejection.js';
import { narrowed, subsetSize } from './narrowing.js';
import { inPanic } from './panic.js';
import { loadsOf, nearnessOf } from './priorities.js';
import { slowStartFactor } from './slow-start.js';

const members = (rates: readonly number[], requests = 100): { ejection: EjectionRecord }[] =>
  rates.map((rate) => {
    const ejection = new EjectionRecord();
    ejection.requests = requests;
    ejection.successes = Math.round(rate * requests);
    return { ejection };
  });

const ranked = (ranks: readonly number[]): { rank: number }[] => ranks.map((rank) => ({ rank }));

describe('spill-over, after the tables of Envoy’s documentation', () => {
  test.each([
    // Healthy share of the first priority, of the second; requests for each.
    [
      [100, 100],
      [100, 0],
    ],
    [
      [72, 100],
      [100, 0],
    ],
    [
      [71, 100],
      [99, 1],
    ],
    [
      [50, 100],
      [70, 30],
    ],
    [
      [25, 100],
      [35, 65],
    ],
    [
      [0, 100],
      [0, 100],
    ],
    [
      [25, 25],
      [50, 50],
    ],
    [
      [20, 40],
      [33, 67],
    ],
    [
      [0, 0],
      [0, 0],
    ],
  ])('%j %% healthy: %j %% of the requests', (shares, loads) => {
    const capacities = shares.map((healthy) => ({ total: 100, healthy, degraded: 0 }));
    expect(loadsOf(capacities, 1.4).healthy.map((load) => Math.round(load * 100))).toEqual(loads);
  });

  test('three priorities share what the first cannot carry', () => {
    const capacities = [20, 30, 100].map((healthy) => ({ total: 100, healthy, degraded: 0 }));
    const loads = loadsOf(capacities, 1.4);
    expect(loads.healthy.map((load) => Math.round(load * 100))).toEqual([28, 42, 30]);
  });

  test('degraded ones come after the healthy ones of all priorities', () => {
    const loads = loadsOf(
      [
        { total: 10, healthy: 2, degraded: 8 },
        { total: 10, healthy: 2, degraded: 0 },
      ],
      1.4,
    );
    expect(loads.healthy.map((load) => Math.round(load * 100))).toEqual([28, 28]);
    expect(loads.degraded.map((load) => Math.round(load * 100))).toEqual([44, 0]);
  });

  test.each([
    [{ region: 'eu', zone: 'a' }, 'zone'],
    [{ region: 'eu', zone: 'b' }, 'region'],
    [{ region: 'us', zone: 'a' }, 'elsewhere'],
    [{ region: '', zone: '' }, 'elsewhere'],
  ] as const)('from eu/a, %j is near as %s', (to, nearness) => {
    expect(nearnessOf(to, { region: 'eu', zone: 'a' })).toBe(nearness);
  });

  test('without a locality nobody is nearer; zones alone are enough', () => {
    expect(nearnessOf({ region: 'eu', zone: 'a' }, undefined)).toBe('elsewhere');
    expect(nearnessOf({ region: '', zone: '' }, { region: '', zone: '' })).toBe('elsewhere');
    expect(nearnessOf({ region: '', zone: 'a' }, { region: '', zone: 'a' })).toBe('zone');
  });
});

describe('panic', () => {
  test.each([
    [5, 10, 0.7, false],
    [4, 10, 0.56, true],
    [1, 10, 1, false],
    [0, 0, 0, false],
    [0, 1, 0, true],
  ])('%i of %i usable, %d of everything available: %s', (usable, total, available, panic) => {
    expect(inPanic(usable, total, available, 0.5)).toBe(panic);
  });
});

describe('ejection', () => {
  test.each([
    [1, 30_000],
    [2, 60_000],
    [9, 270_000],
    [10, 300_000],
    [50, 300_000],
  ])('the %i. time is for %i ms', (times, ms) => expect(ejectionMs(times, ENVOY_EJECTION)).toBe(ms));

  test.each([
    [1, 1],
    [9, 1],
    [19, 1],
    [20, 2],
    [100, 10],
  ])('of %i at most %i', (count, most) => expect(mostEjected(count, ENVOY_EJECTION)).toBe(most));

  test.each([
    // Envoy’s example: five hosts, one of them failing more than the others.
    [[1, 1, 1, 1], undefined],
    [[1, 1, 1, 1, 1], 1],
    [[1, 1, 1, 1, 0.5], 0.9 - 1.9 * 0.2],
    [[0.9, 0.95, 1, 0.95, 0.9, 0.7], 0.9 - 1.9 * Math.sqrt(0.055 / 6)],
  ])('success rates %j have the floor %d', (rates, floor) => {
    const found = successRateFloor(rates, ENVOY_EJECTION);
    if (floor === undefined) expect(found).toBeUndefined();
    else expect(found).toBeCloseTo(floor, 6);
  });

  test('an interval names the outliers by success rate, worst first, and begins anew', () => {
    const list = members([1, 1, 1, 1, 1, 1, 1, 1, 0.2, 0.1]);
    expect(endInterval(list, ENVOY_EJECTION).map(({ member }) => list.indexOf(member))).toEqual([9]);
    expect(list.every(({ ejection }) => ejection.requests === 0)).toBe(true);
    expect(endInterval(list, ENVOY_EJECTION)).toEqual([]);
  });

  test.each([
    ['four endpoints', [1, 1, 1, 0], 100],
    ['99 requests', [1, 1, 1, 1, 0], 99],
  ])('%s are too few to compare', (_, rates, requests) => {
    expect(endInterval(members(rates, requests), ENVOY_EJECTION)).toEqual([]);
  });

  test('repeat counts fall with every interval that is not spent ejected', () => {
    const [member] = members([1]) as [{ ejection: EjectionRecord }];
    eject(member.ejection, 'test', 0, ENVOY_EJECTION);
    eject(member.ejection, 'test', 0, ENVOY_EJECTION);
    endInterval([member], ENVOY_EJECTION);
    expect(member.ejection.times).toBe(2);
    restore(member.ejection, ENVOY_EJECTION);
    endInterval([member], ENVOY_EJECTION);
    expect(member.ejection.times).toBe(1);
  });

  test('who comes back is ejected for the next failure, unless a success comes first', () => {
    const record = new EjectionRecord();
    eject(record, 'test', 0, ENVOY_EJECTION);
    restore(record, ENVOY_EJECTION);
    expect(causeToEject(record, false, false, ENVOY_EJECTION)).toBe('failed again after its ejection');
    eject(record, 'test', 0, ENVOY_EJECTION);
    restore(record, ENVOY_EJECTION);
    expect(causeToEject(record, true, false, ENVOY_EJECTION)).toBeUndefined();
    expect(causeToEject(record, false, false, ENVOY_EJECTION)).toBeUndefined();
  });
});

describe('slow start', () => {
  const rules = { windowMs: 10_000, floor: 0.1, aggression: 1 };

  test.each([
    [0, 1, 0.1],
    [500, 1, 0.1],
    [5_000, 1, 0.5],
    [9_999, 1, 0.9999],
    [10_000, 1, 1],
    [2_500, 2, 0.5],
    [2_500, 0.5, 0.1],
  ])('%i ms after the start with aggression %d: %d', (readyMs, aggression, factor) => {
    expect(slowStartFactor(readyMs, { ...rules, aggression })).toBeCloseTo(factor);
  });
});

describe('the subset', () => {
  test.each([
    [10, 0, 10],
    [10, 5, 10],
    [10, 6, 10],
    [10, 7, 14],
    [20, 8, 20],
    [40, 3, 10],
    [10, 100, 200],
  ])('of %i with %d in flight becomes %i', (size, inflight, wanted) => {
    expect(subsetSize(size, inflight, 10)).toBe(wanted);
  });

  test('is those of the lowest rank, whoever else is there', () => {
    expect(narrowed(ranked([5, 1, 4, 2, 3]), 3).map(({ rank }) => rank)).toEqual([1, 2, 3]);
    expect(narrowed(ranked([5, 1]), 3)).toHaveLength(2);
  });
});
