/** What callers make of records: order of addresses, service bindings, attributes. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../testing/seeded-random.js';
import { attribute, chunks } from '../answer/metadata-text.js';
import { parseRecordData } from '../index.js';
import type { ResourceRecord } from '../index.js';
import { happyEyeballsOrder } from './happy-eyeballs.js';
import { orderServiceBindings } from './service-bindings.js';
import { txtAttribute } from './txt-attribute.js';

function of(...addresses: string[]): { address: string }[] {
  return addresses.map((address) => ({ address }));
}

function records(...texts: string[]): ResourceRecord[] {
  return texts.map((text) => ({ name: 'web.example', class: 1, ttl: 60, ...parseRecordData('HTTPS', text) }));
}

function demanding(target: string, key: number): ResourceRecord {
  const params = [{ key: 'mandatory', keys: [key] } as const, { key: 'alpn', protocols: ['h2'] } as const];
  return { name: 'web.example', class: 1, ttl: 60, type: 'HTTPS', priority: 1, target, params };
}

describe('RFC 8305: families in turn', () => {
  test.each<[string[], 4 | 6, string[]]>([
    [['1.1.1.1', '2.2.2.2', '::1'], 6, ['::1', '1.1.1.1', '2.2.2.2']],
    [['::1', '::2', '::3', '1.1.1.1'], 6, ['::1', '1.1.1.1', '::2', '::3']],
    [['::1', '::2', '1.1.1.1', '2.2.2.2'], 4, ['1.1.1.1', '::1', '2.2.2.2', '::2']],
    [['1.1.1.1'], 6, ['1.1.1.1']],
    [[], 6, []],
  ])('%j preferring %i', (given, preferred, order) => {
    expect(happyEyeballsOrder(of(...given), preferred)).toEqual(of(...order));
  });
});

describe('RFC 9460: service bindings', () => {
  test('by priority, the owner for a dot, with port, protocols and hints', () => {
    const found = orderServiceBindings(
      records('2 b.example. alpn=h2', '1 . alpn=h3,h2 no-default-alpn port=8443 ipv4hint=192.0.2.1 ipv6hint=::1'),
      seededRandom(1),
    );
    expect(found).toMatchObject({
      mode: 'service',
      bindings: [
        {
          priority: 1,
          target: 'web.example',
          port: 8443,
          alpn: ['h3', 'h2'],
          hasDefaultAlpn: false,
          hints: ['::1', '192.0.2.1'],
        },
        { priority: 2, target: 'b.example', port: undefined, alpn: ['h2'], hasDefaultAlpn: true, hints: [] },
      ],
    });
  });

  test('an alias hides every service; to the root it says that there is none', () => {
    const random = seededRandom(1);
    expect(orderServiceBindings(records('1 a.example.', '0 pool.example.'), random)).toEqual({
      mode: 'alias',
      target: 'pool.example',
    });
    expect(orderServiceBindings(records('0 .'), random)).toEqual({ mode: 'unavailable' });
    expect(orderServiceBindings([], random)).toEqual({ mode: 'service', bindings: [] });
  });

  test('a record that makes an unknown parameter mandatory is left out', () => {
    const found = orderServiceBindings([demanding('a.example', 65_000), demanding('b.example', 1)], seededRandom(1));
    expect(found).toMatchObject({ bindings: [{ target: 'b.example' }] });
  });

  test('equal priorities come in any order', () => {
    const random = seededRandom(3);
    const firsts = new Set<string | undefined>();
    for (let i = 0; i < 50; i++) {
      const found = orderServiceBindings(records('1 a.example.', '1 b.example.'), random);
      if (found.mode === 'service') firsts.add(found.bindings[0]?.target);
    }
    expect(firsts.size).toBe(2);
  });
});

describe('RFC 1464: attributes', () => {
  test.each<[string, string | undefined, string?]>([
    ['color=blue', 'color', 'blue'],
    ['equation=a=4', 'equation', 'a=4'],
    ['a`=a=true', 'a=a', 'true'],
    ['a\\`=a=false', 'a\\=a', 'false'],
    ['`==\\=', '=', '\\='],
    ['string="Cat"', 'string', '"Cat"'],
    ['string2=``abc``', 'string2', '`abc`'],
    ['novalue=', 'novalue', ''],
    ['a b=c d', 'a b', 'c d'],
    ['abc` =123 ', 'abc ', '123 '],
    [' lead and end  =x', 'lead and end', 'x'],
    ['no key', undefined],
    ['=value', undefined],
    ['', undefined],
  ])('%j', (text, key, value) => {
    expect(txtAttribute(chunks(text))).toEqual(key === undefined ? undefined : { key, value });
  });

  test('what our server writes is read back', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (key, value) => {
        expect(txtAttribute(chunks(attribute(key, value)))).toEqual({ key, value });
      }),
    );
    fc.assert(
      fc.property(fc.stringMatching(/^[ `=a]{1,8}$/), fc.stringMatching(/^[ `=a]{0,8}$/), (key, value) => {
        expect(txtAttribute(chunks(attribute(key, value)))).toEqual({ key, value });
      }),
    );
  });
});
