import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Json, Row } from '../../model/index.js';
import { sampleRows } from '../../testing/sample-rows.js';
import { decodeRow, encodeRow, indexesIn, wrongField } from './index.js';

describe('the row codec', () => {
  test.each(sampleRows.map((row) => [row.kind, row] as const))(
    'brings back a %s with every field set',
    (_kind, row) => {
      expect(decodeRow(encodeRow(row))).toStrictEqual(row);
      expect(wrongField(row)).toBeUndefined();
    },
  );

  test('covers every kind with fields that differ from the defaults', () => {
    for (const row of sampleRows) {
      const bare = decodeRow(encodeRow(row)) as unknown as Record<string, unknown>;
      expect(Object.keys(bare).toSorted()).toEqual(Object.keys(row).toSorted());
    }
  });

  test('leaves out rare fields with their defaults, and puts them back', () => {
    const { meta: _meta, hlc: _hlc, ...plain } = sampleRows[1] as Row & { kind: 'service' };
    const row: Row = {
      ...plain,
      meta: null,
      taggedAddresses: null,
      weights: { Passing: 1, Warning: 1 },
      enableTagOverride: false,
      socketPath: '',
      serviceKind: '',
      proxy: null,
      connect: null,
      locality: null,
      address: '',
      hlc: 0,
    };
    const text = encodeRow(row, { createIndex: 5, modifyIndex: 6 });
    expect(text).toBe(
      '["service",5,6,"dc1","7c7a39f4-5d5c-4f46-9a7e-4f0c2b1f1a01","Node-1","web-1",["Web",80,["v1","größe"]]]',
    );
    expect(decodeRow(text)).toStrictEqual({ ...row, createIndex: 5, modifyIndex: 6 });
  });

  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('__proto__', 'constructor', ''));
  const json = fc.jsonValue() as fc.Arbitrary<Json>;
  const map = fc.array(fc.tuple(text, text)).map((pairs) => Object.fromEntries(pairs));
  const index = fc.maxSafeNat();
  test('round-trips any text, map, number and document', () => {
    const anyRow: fc.Arbitrary<Row> = fc.oneof(
      fc.record({
        kind: fc.constant('kv' as const),
        createIndex: index,
        modifyIndex: index,
        key: text,
        value: text,
        flags: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        lockIndex: index,
        session: text,
      }),
      fc.record({
        kind: fc.constant('node' as const),
        createIndex: index,
        modifyIndex: index,
        datacenter: text,
        origin: text,
        node: text,
        id: text,
        address: text,
        taggedAddresses: fc.option(map),
        meta: fc.option(map),
        hlc: index,
      }),
      fc.record({
        kind: fc.constant('config' as const),
        createIndex: index,
        modifyIndex: index,
        configKind: text,
        name: text,
        body: json,
      }),
    );
    fc.assert(
      fc.property(anyRow, (row) => {
        const encoded = encodeRow(row);
        expect(encoded).not.toContain('\n');
        // JSON knows no -0.
        expect(JSON.stringify(decodeRow(encoded), bigints)).toBe(JSON.stringify(row, bigints));
        expect(indexesIn(encoded)).toEqual({ createIndex: row.createIndex, modifyIndex: row.modifyIndex });
      }),
    );
  });

  test('throws on what is no row', () => {
    for (const junk of ['', 'null', '7', '{}', '[]', '["node"', '["nonsense",1,2]', '["toString",1,2]']) {
      expect(() => decodeRow(junk)).toThrow();
    }
  });
});

function bigints(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value;
}
