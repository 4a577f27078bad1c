import { describe, expect, it } from 'vitest';
import { isDiscoveryError, limits } from '../model/index.js';
import { compileRegexp } from './regexp.js';

function refusal(expression: string): string {
  try {
    compileRegexp(expression);
  } catch (error) {
    if (isDiscoveryError(error, 'INVALID_ARGUMENT')) return error.message;
  }
  return 'accepted';
}

describe('regular expressions of users', () => {
  it('match anywhere unless anchored', () => {
    expect(compileRegexp('9-').test('o9-2')).toBe(true);
    expect(compileRegexp('^9-').test('o9-2')).toBe(false);
    expect(compileRegexp('(?i)PROD').test('the prod')).toBe(true);
  });

  it('give groups, empty for those that took no part', () => {
    expect(compileRegexp('^(a)|(b)$').find('ab')).toEqual(['a', 'a', '']);
    expect(compileRegexp('x').find('ab')).toBeUndefined();
  });

  it.each([
    ['(', 'error parsing regexp: missing closing ): `(`'],
    ['a**', 'error parsing regexp: invalid nested repetition operator: `**`'],
    ['(?=a)', 'error parsing regexp: invalid or unsupported Perl syntax: `(?=`'],
    ['(a)\\1', 'error parsing regexp: invalid escape sequence: `\\1`'],
    ['a'.repeat(limits.regexpChars + 1), `error parsing regexp: longer than ${limits.regexpChars} characters`],
    ['a{1000}b{1000}c{1000}', 'error parsing regexp: expression too large'],
  ])('refuse %j', (expression, message) => {
    expect(refusal(expression)).toBe(message);
  });

  it('take linear time where backtracking would not end', () => {
    const text = 'a'.repeat(20_000);
    expect(compileRegexp('^(a+)+$').test(`${text}!`)).toBe(false);
    expect(compileRegexp('(x+x+)+y').test('x'.repeat(20_000))).toBe(false);
  });
});
