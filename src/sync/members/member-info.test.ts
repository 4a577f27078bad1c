import { assert, boolean, constantFrom, integer, property, record } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { memberInfo } from '../../testing/member-mesh.js';
import type { MemberInfo } from '../messages.js';
import { cleanInfo, compareInfo, infoFault } from './member-info.js';

const anyInfo = record({
  inc: integer({ min: 1, max: 3 }),
  left: boolean(),
  port: integer({ min: 1, max: 3 }),
  primary: constantFrom('', 'a'),
}).map((given) => memberInfo('1', given));

const greater = (a: MemberInfo, b: MemberInfo): MemberInfo => (compareInfo(a, b) >= 0 ? a : b);

describe('of two infos about one agent', () => {
  test('the larger incarnation wins, then the end of it', () => {
    const first = memberInfo('1');
    expect(compareInfo({ ...first, inc: 1_001 }, { ...first, left: true })).toBeGreaterThan(0);
    expect(compareInfo({ ...first, left: true }, first)).toBeGreaterThan(0);
    expect(compareInfo(first, { ...first })).toBe(0);
  });

  test('the order is total: any two agents keep the same one, in whatever order they hear of them', () => {
    assert(
      property(anyInfo, anyInfo, anyInfo, (a, b, c) => {
        expect(greater(a, b)).toEqual(greater(b, a));
        expect(greater(greater(a, b), c)).toEqual(greater(a, greater(b, c)));
        expect(greater(a, a)).toEqual(a);
      }),
    );
  });
});

describe('what a peer may say of agents', () => {
  const long = 'x'.repeat(256);
  test.each<readonly [string, Partial<Record<keyof MemberInfo, unknown>>]>([
    ['no origin', { origin: '' }],
    ['an origin that no file can be named after', { origin: 'x'.repeat(65) }],
    ['a datacenter that no file can be named after', { datacenter: 'ö'.repeat(60) }],
    ['a space that no file can be named after', { space: 'a/b' }],
    ['a long node name', { node: long }],
    ['a host that is none', { host: 7 }],
    ['a long version', { build: long }],
    ['an incarnation that could not be raised any more', { inc: Number.MAX_SAFE_INTEGER }],
    ['half an incarnation', { inc: 1.5 }],
    ['a port that is none', { port: 65_536 }],
    ['no protocol', { protocol: undefined }],
    ['a range that is none', { protocol: { min: 2, max: 1 } }],
    ['that it succeeds itself', { succeeds: ['id-1'] }],
    ['that it succeeds everybody', { succeeds: Array.from({ length: 33 }, (_, at) => `x${at}`) }],
    ['nothing of whether it left', { left: undefined }],
  ])('is not %s', (_, given) => {
    expect(infoFault({ ...memberInfo('1'), ...given } as MemberInfo)).toBeTypeOf('string');
  });

  test('is what is needed, and no more is kept', () => {
    const info = memberInfo('1', { succeeds: ['old'] });
    expect(infoFault(info)).toBeUndefined();
    expect(infoFault(null as unknown as MemberInfo)).toBeTypeOf('string');
    expect(cleanInfo({ ...info, more: 'x' } as MemberInfo)).toEqual(info);
  });
});
