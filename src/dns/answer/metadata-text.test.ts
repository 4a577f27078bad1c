import { expect, test } from 'vitest';
import { attribute, chunks } from './metadata-text.js';

const cases: readonly [string, string, string][] = [
  ['key', 'value', 'key=value'],
  ['a=b', 'c=d', 'a`=b=c=d'],
  ['tick`', 'tick`', 'tick``=tick``'],
  [' lead', 'x', '` lead=x'],
  ['trail  ', 'x', 'trail` ` =x'],
  ['in the middle', 'x', 'in the middle=x'],
  ['', '', '='],
];
test.each(cases)('RFC 1464: %j and %j are %j', (key, value, text) => expect(attribute(key, value)).toBe(text));

test('strings of at most 255 bytes, whole together', () => {
  const long = 'é'.repeat(300);
  const parts = chunks(long);
  expect(parts.map((part) => part.length)).toEqual([255, 255, 90]);
  expect(Buffer.concat(parts).toString()).toBe(long);
  expect(chunks('')).toEqual([Buffer.alloc(0)]);
});

test('RFC 1464: spaces inside a name take no longer than other characters', () => {
  const name = `a${' '.repeat(300_000)}b`;
  expect(attribute(name, 'v') === `${name}=v`).toBe(true);
}, 2_000);
