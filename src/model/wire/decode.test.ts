import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { decode, decodeText, registrationAliases } from './decode.js';
import { checkRegistration, catalogRegistration, serviceRegistration } from './service.js';
import { sessionRequest, txnRequest } from './state.js';

const strict = { unknown: 'refuse', aliases: registrationAliases } as const;

function register(value: unknown): unknown {
  return decode(serviceRegistration, value, strict);
}

describe('what is taken', () => {
  const cases: readonly [string, unknown, unknown][] = [
    ['null is nothing set', null, {}],
    ['null fields are not set', { Name: null, Tags: null }, {}],
    ['keys in any case', { name: 'a', PORT: 1, tags: ['x'] }, { Name: 'a', Port: 1, Tags: ['x'] }],
    ['snake-case aliases', { enable_tag_override: true }, { EnableTagOverride: true }],
    ['a field beats its alias', { EnableTagOverride: false, enable_tag_override: true }, { EnableTagOverride: false }],
    ['null inside a list is its zero', { Tags: ['a', null] }, { Tags: ['a', ''] }],
    ['null inside a map is its zero', { Meta: { k: null } }, { Meta: { k: '' } }],
    ['nested lists of objects', { Checks: [{ ttl: '10s' }] }, { Checks: [{ TTL: '10s' }] }],
    ['durations as nanoseconds', { Check: { Interval: 1e9 } }, { Check: { Interval: 1e9 } }],
    ['free JSON below Proxy', { Proxy: { Config: { a: [1, null] } } }, { Proxy: { Config: { a: [1, null] } } }],
  ];
  test.each(cases)('%s', (_, given, wanted) => expect(register(given)).toEqual(wanted));

  test('aliases reach the checks inside a service', () => {
    expect(register({ Check: { deregister_critical_service_after: '1m', script_args: ['a'] } })).toEqual({
      Check: { DeregisterCriticalServiceAfter: '1m', ScriptArgs: ['a'] },
    });
  });

  test('defaults of a schema are filled in', () => {
    const schema = z.object({ Port: z.number().default(80), Name: z.string().optional() });
    expect(decode(schema, {}, strict)).toEqual({ Port: 80 });
  });

  test('sessions drop what they do not know', () => {
    expect(decode(sessionRequest, { TTL: '10s', Bogus: 1 }, { unknown: 'drop' })).toEqual({ TTL: '10s' });
  });
});

describe('what is refused, in Go’s words', () => {
  const cases: readonly [unknown, string][] = [
    [{ Name: 'a', Bogus: 1 }, 'json: unknown field "Bogus"'],
    [{ success_before_passing: 1 }, 'json: unknown field "success_before_passing"'],
    [{ Port: '80' }, 'json: cannot unmarshal string into Go struct field .Port of type int'],
    [{ Port: 1.5 }, 'json: cannot unmarshal number 1.5 into Go struct field .Port of type int'],
    [{ Tags: 'a' }, 'json: cannot unmarshal string into Go struct field .Tags of type []string'],
    [{ Tags: [1] }, 'json: cannot unmarshal number into Go struct field .Tags of type string'],
    [{ Meta: { a: 1 } }, 'json: cannot unmarshal number into Go struct field .Meta of type string'],
    [{ Name: true }, 'json: cannot unmarshal bool into Go struct field .Name of type string'],
    [{ Weights: { Passing: '1' } }, 'json: cannot unmarshal string into Go struct field .Weights.Passing of type int'],
    [{ Check: { Interval: 'soon' } }, 'time: invalid duration "soon"'],
    [[], 'json: cannot unmarshal array into Go value of type struct'],
    ['x', 'json: cannot unmarshal string into Go value of type struct'],
  ];
  test.each(cases)('%j', (given, message) => {
    expect(() => register(given)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', message }));
  });

  test('nesting without end', () => {
    let deep: unknown = 1;
    for (let i = 0; i < 5000; i++) deep = [deep];
    expect(() => register({ Proxy: deep })).toThrow('exceeded max depth');
  });
});

function read(text: string): unknown {
  return decodeText(catalogRegistration, text, { ...strict, prefix: 'Request decode failed: ' });
}

describe('bodies', () => {
  const cases: readonly [string, string][] = [
    ['', 'EOF'],
    [' \n', 'EOF'],
    ['{', 'unexpected EOF'],
    ['{bad', "invalid character 'b' looking for beginning of object key string"],
    ['x', "invalid character 'x' looking for beginning of value"],
    ['{"a" 1}', "invalid character '1' after object key"],
    ['{"Node":"a" 1}', "invalid character '1' after object key:value pair"],
    ['[1 2]', "invalid character '2' after array element"],
    ['nul', 'unexpected EOF'],
    ['"abc', 'unexpected EOF'],
  ];
  test.each(cases)('%j', (text, complaint) => expect(() => read(text)).toThrow(`Request decode failed: ${complaint}`));

  test('only the first value is looked at', () => {
    expect(read('{"Node":"a"} and then some')).toEqual({ Node: 'a' });
    expect(read('{"Node":"a"}{"Node":"b"}')).toEqual({ Node: 'a' });
    expect(read('null trailing')).toEqual({});
  });

  test('flags of a transaction keep all 64 bits', () => {
    const text = '[{"KV":{"Verb":"set","Key":"a","Flags":18446744073709551615}},{"KV":{"Flags":7}}]';
    const operations = decodeText(txnRequest, text, { unknown: 'refuse', prefix: '', bigints: true });
    expect(operations.map((op) => op.KV?.Flags)).toEqual([18446744073709551615n, 7]);
  });

  test('a list of nothing from null', () => {
    expect(decodeText(txnRequest, 'null', { unknown: 'refuse', prefix: '' })).toEqual([]);
  });
});

describe('properties', () => {
  test('names that mean something to JavaScript are plain data', () => {
    const decoded = decodeText(serviceRegistration, '{"Meta":{"__proto__":"x","constructor":"y"}}', {
      ...strict,
      prefix: '',
    });
    expect(Object.entries(decoded.Meta ?? {})).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
    expect(JSON.stringify(decoded)).toBe('{"Meta":{"__proto__":"x","constructor":"y"}}');
    expect(() => register(JSON.parse('{"__proto__":1}'))).toThrow('json: unknown field "__proto__"');
    expect(() => register({ constructor: 1 })).toThrow('json: unknown field "constructor"');
  });

  test('the reader agrees with JSON.parse on any value, whatever follows', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 8 }), fc.constantFrom(' x', '{', ' 1', ']'), (text, tail) => {
        const free = z.json();
        // A bare number would grow by a digit.
        const read = decodeText(z.object({ v: free }), `{"v":${text}}${tail}`, { unknown: 'refuse', prefix: '' });
        expect(read.v ?? null).toEqual(JSON.parse(text));
      }),
    );
  });

  test('no body and no value does worse than a refusal', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        try {
          decodeText(checkRegistration, text, { ...strict, prefix: 'p: ' });
        } catch (error) {
          expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(/^p: /) });
        }
      }),
    );
  });
});
