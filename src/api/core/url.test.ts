import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesOf, parseTarget, utf8 } from './url.js';

describe('paths', () => {
  const taken: readonly [string, string][] = [
    ['/v1/kv/a', '/v1/kv/a'],
    ['/v1/kv/a%2Fb', '/v1/kv/a/b'],
    ['/v1/kv/a+b', '/v1/kv/a+b'],
    ['/v1/kv/a%252Fb', '/v1/kv/a%2Fb'],
    ['/v1/kv/', '/v1/kv/'],
    ['/v1/kv/%20', '/v1/kv/ '],
    ['/v1/kv/%C3%BC', '/v1/kv/\u00c3\u00bc'],
    ['/v1/kv/.hidden', '/v1/kv/.hidden'],
    ['http://other:8500/v1/kv/a', '/v1/kv/a'],
  ];
  test.each(taken)('%s', (url, path) => expect(parseTarget(url)).toMatchObject({ type: 'path', path }));

  const moved: readonly [string, string][] = [
    ['/v1//kv/a', '/v1/kv/a'],
    ['/v1/kv/../catalog/nodes', '/v1/catalog/nodes'],
    ['/v1/kv/./a', '/v1/kv/a'],
    ['/v1/kv/a/..', '/v1/kv'],
    ['/v1//kv/a/?recurse&x=%20', '/v1/kv/a/?recurse&x=%20'],
    ['/v1//kv/%C3%BC%3f', '/v1/kv/%C3%BC%3F'],
    ['/../../etc/passwd', '/etc/passwd'],
    ['/v1/kv/%2e%2e/x', '/v1/x'],
  ];
  test.each(moved)('%s is cleaned', (url, location) => {
    expect(parseTarget(url)).toEqual({ type: 'moved', location });
  });

  const bad = ['/v1/kv/%zz', '/v1/kv/%', '/v1/kv/%2', '/v1/kv/%00', '/v1/kv/a%0Ab', '/v1/kv/%7f', '/v1/kv/%C2%85'];
  test.each(bad)('%s is refused', (url) => expect(parseTarget(url)).toEqual({ type: 'bad' }));

  test('cleaning ends: where a redirect points is clean', () => {
    const part = fc.constantFrom('a', '.', '..', '', '%2F', '%2e', 'b%20');
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        const first = parseTarget(`/${parts.join('/')}`);
        if (first.type === 'moved') expect(parseTarget(first.location).type).toBe('path');
      }),
    );
  });

  test('nothing that a client sends throws', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (url) => void parseTarget(url)));
  });
});

test('bytes and text go back and forth', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(utf8(bytesOf(text))).toBe(text);
    }),
  );
});
