import { describe, expect, test } from 'vitest';
import { parseBool, parseUint, Query } from './query.js';

describe('query parameters', () => {
  test('a flag counts by being there', () => {
    const query = new Query('stale=false&raw&keys=');
    expect([query.has('stale'), query.has('raw'), query.has('keys'), query.has('consistent')]).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });

  test('the first value counts, all can be had', () => {
    const query = new Query('tag=a&tag=b&tag=');
    expect(query.get('tag')).toBe('a');
    expect(query.all('tag')).toEqual(['a', 'b', '']);
  });

  test('plus is a space, escapes are bytes of UTF-8', () => {
    expect(new Query('note=Vault+Un%C3%9F%2B').get('note')).toBe('Vault Unß+');
    expect(new Query('a=%FF').get('a')).toBe('\ufffd');
    expect(new Query('a=ü').get('a')).toBe('ü');
  });

  test('pairs that are no pairs are dropped', () => {
    const query = new Query('a=%zz&b=1;c=2&&d=4&=5');
    expect([query.has('a'), query.has('b'), query.has('c'), query.get('d')]).toEqual([false, false, false, '4']);
  });

  test('names that mean something to JavaScript are names', () => {
    const query = new Query('__proto__=1&constructor=2');
    expect([query.get('__proto__'), query.get('constructor'), query.has('toString')]).toEqual(['1', '2', false]);
  });

  test('encoded again it is sorted', () => {
    expect(new Query('recurse&cas=1').encode()).toBe('cas=1&recurse=');
    expect(new Query('b=x+y&a=%26*').encode()).toBe('a=%26%2A&b=x+y');
  });
});

test('Go booleans', () => {
  expect(['1', 't', 'TRUE', 'True'].map(parseBool)).toEqual([true, true, true, true]);
  expect(['0', 'f', 'False'].map(parseBool)).toEqual([false, false, false]);
  expect(['', 'yes', 'tRUE', '2'].map(parseBool)).toEqual([undefined, undefined, undefined, undefined]);
});

test('Go unsigned integers', () => {
  expect(parseUint('18446744073709551615')).toBe(18446744073709551615n);
  expect(['18446744073709551616', '-1', '+1', '', ' 1', '1e3', '0x1', '1_000'].map(parseUint)).toEqual(
    Array.from({ length: 8 }, () => undefined),
  );
});
