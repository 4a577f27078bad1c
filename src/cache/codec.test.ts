import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { jsonCodec } from './codec.js';

const codec = jsonCodec<unknown>();
const again = (value: unknown): unknown => codec.decode(codec.encode(value));

describe('the JSON codec', () => {
  test('any JSON comes back as it was, whatever its keys are called', () => {
    const key = fc.oneof(fc.constantFrom('$', '__proto__', 'constructor', ''), fc.string());
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.constant(null),
        fc.boolean(),
        fc.integer(),
        fc.string(),
        fc.array(tie('value')),
        fc.array(fc.tuple(key, tie('value'))).map((fields) => Object.fromEntries(fields)),
      ),
    }));
    fc.assert(
      fc.property(value, (any) => {
        expect(again(any)).toEqual(any);
      }),
    );
  });

  test('dates, bytes and bigints come back as such', () => {
    const value = {
      at: new Date(1_700_000_000_123),
      never: new Date(Number.NaN),
      bytes: new Uint8Array([0, 255, 10]),
      big: 2n ** 70n,
      deep: [{ $: [{ at: new Date(0) }] }],
    };
    expect(again(value)).toEqual(value);
    expect(again(Buffer.from('abc'))).toEqual(new Uint8Array([97, 98, 99]));
  });

  test('what JSON has no word for is dropped', () => {
    expect(again({ a: undefined, b: 1 })).toEqual({ b: 1 });
    expect(again(undefined)).toBeNull();
  });

  test.each(['', '{', '{"$":1}', '{"$":["other",1]}', '\u0000'])('%j is no value', (text) => {
    expect(() => codec.decode(Buffer.from(text))).toThrow();
  });
});
