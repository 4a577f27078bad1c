import { assert, property } from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Row } from '../../model/index.js';
import { refOf } from '../../model/index.js';
import { anyMessageOf } from '../../testing/arbitrary-messages.js';
import { sampleRows } from '../../testing/sample-rows.js';
import type { DeltaMessage } from '../messages.js';
import { decodeMessage, encodeMessage } from '../wire/message.js';
import { contentOf } from './content.js';

const spread = sampleRows.filter(({ kind }) => !['local-service', 'local-check', 'sync'].includes(kind));
const ofCatalog = spread.filter(({ kind }) => ['node', 'service', 'check'].includes(kind));

function hashOf(row: Row): string {
  const { hash0, hash1 } = contentOf(refOf(row), 'hlc' in row ? (row.hlc ?? 0) : 0, row);
  return `${hash0} ${hash1}`;
}

function changed(value: unknown): unknown {
  if (typeof value === 'string') return `${value}+`;
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'bigint') return value - 1n;
  if (typeof value === 'boolean') return !value;
  return value === null ? ['something'] : null;
}

/** Whose fact it is goes without saying, and a row of the catalog has its indexes from each agent. */
const SILENT: Readonly<Record<string, readonly string[]>> = {
  node: ['kind', 'origin', 'datacenter', 'createIndex', 'modifyIndex'],
  service: ['kind', 'origin', 'datacenter', 'createIndex', 'modifyIndex'],
  check: ['kind', 'origin', 'datacenter', 'createIndex', 'modifyIndex'],
};

describe('the hash of a row', () => {
  test.each(spread)('differs with every field that is said: $kind', (row) => {
    for (const field of Object.keys(row)) {
      if (field === 'kind') continue;
      const other = { ...row, [field]: changed((row as unknown as Record<string, unknown>)[field]) } as Row;
      const isSilent = SILENT[row.kind]?.includes(field) ?? false;
      expect([field, hashOf(other) === hashOf(row)]).toEqual([field, isSilent]);
    }
  });

  test.each(ofCatalog)('does not differ with the order of fields and maps: $kind', (row) => {
    const turned = Object.fromEntries(
      Object.entries(row)
        .toReversed()
        .map(([name, value]) => [name, turnedMap(value)]),
    );
    expect(hashOf(turned as unknown as Row)).toBe(hashOf(row));
  });

  test('takes a field that is undefined as one that is not there', () => {
    const row = ofCatalog[0] as Row;
    expect(hashOf({ ...row, taggedAddresses: { lan: 'x', wan: undefined } } as unknown as Row)).toBe(
      hashOf({ ...row, taggedAddresses: { lan: 'x' } } as unknown as Row),
    );
  });

  test('does not mix up values that look alike side by side', () => {
    const row = ofCatalog.find(({ kind }) => kind === 'service') as Row;
    const of = (fields: object): string => hashOf({ ...row, ...fields });
    expect(of({ tags: ['a', 'b'] })).not.toBe(of({ tags: ['a,b'] }));
    expect(of({ meta: { a: 'b' } })).not.toBe(of({ meta: { ab: '' } }));
    expect(of({ proxy: '1' })).not.toBe(of({ proxy: 1 }));
    expect(of({ proxy: null })).not.toBe(of({ proxy: 'n' }));
  });

  test('goes by the folded name of a node for what is on it: each catalog spells it as it first saw it', () => {
    const row = ofCatalog.find(({ kind }) => kind === 'service') as Row;
    expect(hashOf({ ...row, node: 'NODE-1' } as Row)).toBe(hashOf({ ...row, node: 'node-1' } as Row));
  });

  test('is the same after a journey', () => {
    assert(
      property(anyMessageOf('delta'), (message) => {
        const sent = message as DeltaMessage;
        const received = decodeMessage(encodeMessage(sent)) as DeltaMessage;
        expect(received.records.map(({ ref, hlc, row }) => contentOf(ref, hlc, row))).toEqual(
          sent.records.map(({ ref, hlc, row }) => contentOf(ref, hlc, row)),
        );
      }),
    );
  });
});

function turnedMap(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toReversed());
}
