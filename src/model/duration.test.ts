import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatDuration, parseDuration } from './duration.js';

describe('parseDuration', () => {
  test.each([
    ['0', 0],
    ['10s', 10_000],
    ['1m30s', 90_000],
    ['500ms', 500],
    ['-1.5h', -5_400_000],
    ['1h15m30.918s', 4_530_918],
    ['2us', 0.002],
    ['2µs', 0.002],
    ['7ns', 0.000007],
    ['.5s', 500],
    ['1.s', 1000],
    ['+5s', 5000],
    ['2562047h', 9_223_369_200_000],
  ])('%s', (text, ms) => {
    expect(parseDuration(text)).toBeCloseTo(ms, 9);
  });

  test.each([
    '',
    '10',
    's',
    '1d',
    '1 s',
    '1s ',
    '--1s',
    '1s-1s',
    '1e3s',
    'abc',
    '.s',
    '１s',
    '2562048h',
    `${'9'.repeat(400)}s`,
  ])('refuses %j', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  test('a long hostile text is refused quickly', () => {
    expect(parseDuration(`${'1'.repeat(50_000)}!`)).toBeUndefined();
    expect(parseDuration(`${'1s'.repeat(25_000)}!`)).toBeUndefined();
  });
});

describe('formatDuration', () => {
  test.each([
    [0, '0s'],
    [10_000, '10s'],
    [90_000, '1m30s'],
    [500, '500ms'],
    [3_600_000, '1h0m0s'],
    [1500, '1.5s'],
    [0.002, '2µs'],
    [-90_000, '-1m30s'],
  ])('%d', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  test('what it writes is read back as the same', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e9, max: 1e9 }), (ms) => {
        expect(parseDuration(formatDuration(ms))).toBeCloseTo(ms, 3);
      }),
    );
  });
});
