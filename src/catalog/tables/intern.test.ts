import { array, assert, dictionary, property, string } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { limits } from '../../model/index.js';
import type { StringMap } from '../../model/index.js';
import { InternPool, slimTaggedAddresses } from './intern.js';

const anyWord = string({ unit: 'binary', maxLength: 3 });

describe('the pool', () => {
  test('never changes a value, and gives one object for equal ones', () => {
    const pool = new InternPool();
    assert(
      property(array(anyWord, { maxLength: 3 }), dictionary(anyWord, anyWord, { maxKeys: 3 }), (list, map) => {
        expect(pool.list([...list])).toEqual(list);
        expect(pool.list([...list])).toBe(pool.list([...list]));
        expect(pool.map({ ...map })).toEqual({ ...map });
        expect(pool.map({ ...map })).toBe(pool.map({ ...map }));
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    [['ab'], ['a', 'b']],
    [['1:a'], ['a']],
    [
      ['a', '1:b'],
      ['a1', 'b'],
    ],
    [
      ['', 'a'],
      ['a', ''],
    ],
  ])('tells %j from %j', (one, other) => {
    const pool = new InternPool();
    expect(pool.list(one)).toEqual(one);
    expect(pool.list(other)).toEqual(other);
  });

  test('tells maps apart by names, values and null', () => {
    const pool = new InternPool();
    const maps: readonly StringMap[] = [
      { a: 'b' },
      { ab: '' },
      { '': 'ab' },
      { a: '', b: '' },
      {},
      { a: '1:0:b' },
      { a: '1', b: '' },
    ];
    for (const map of maps) expect(pool.map(map)).toEqual(map);
    expect(pool.map(null)).toBeNull();
    expect(Object.keys(pool.map(Object.fromEntries([['__proto__', 'x']])) ?? {})).toEqual(['__proto__']);
  });

  test('forgets when it is full, and stays right', () => {
    const pool = new InternPool();
    const first = pool.list(['first']);
    expect(pool.list(['first'])).toBe(first);
    for (let at = 0; at < limits.internedValues; at++) pool.list([`tag-${at}`]);
    expect(pool.list(['first'])).not.toBe(first);
    expect(pool.list(['first'])).toEqual(first);
  });

  test('keeps weights', () => {
    const pool = new InternPool();
    expect(pool.weights({ Passing: 1, Warning: 23 })).toEqual({ Passing: 1, Warning: 23 });
    expect(pool.weights({ Passing: 12, Warning: 3 })).toEqual({ Passing: 12, Warning: 3 });
  });
});

test.each([
  [null],
  [{}],
  [{ lan_ipv4: { Address: '10.0.0.1', Port: 80 }, wan_ipv4: { Address: '10.0.0.1', Port: 80 } }],
  [{ lan_ipv4: { Address: '10.0.0.1', Port: 80 }, wan_ipv4: { Address: '10.0.0.1', Port: 81 } }],
  [
    {
      lan: { Address: '10.0.0.2', Port: 80 },
      v: { Address: '10.0.0.1', Port: 80 },
      w: { Address: '10.0.0.2', Port: 80 },
    },
  ],
  [Object.fromEntries([['__proto__', { Address: '10.0.0.1', Port: 0 }]])],
])('tagged addresses %j are kept', (value) => {
  const slim = slimTaggedAddresses(value, '10.0.0.1');
  expect(Object.entries(slim ?? {})).toEqual(Object.entries(value ?? {}));
  expect(slim === null).toBe(value === null);
});
