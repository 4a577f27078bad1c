import type { CacheEntry } from '../../model/index.js';

/**
 * An entry in Redis: version 1 (1 byte) | index, storedAt, freshUntil, staleUntil, loadMs (8 each, big-endian doubles) |
 * negative (1) | length of the space in bytes (2) | space | value. The script in scripts.ts reads the index in place.
 */
export const RECORD_VERSION = 1;
const NUMBERS = ['index', 'storedAt', 'freshUntil', 'staleUntil', 'loadMs'] as const;
const NEGATIVE_AT = 1 + NUMBERS.length * 8;
const SPACE_AT = NEGATIVE_AT + 3;
const LONGEST_SPACE = 0xffff;
/** Enough of a record to tell it from the one before: its numbers. */
export const RECORD_HEAD_BYTES = SPACE_AT;

/** undefined when the space is too long to be written. */
export function encodeRecord(entry: CacheEntry<Uint8Array>): Buffer | undefined {
  const space = Buffer.from(entry.indexSpace, 'utf8');
  if (space.length > LONGEST_SPACE) return undefined;
  const head = Buffer.alloc(SPACE_AT);
  head[0] = RECORD_VERSION;
  NUMBERS.forEach((field, n) => head.writeDoubleBE(entry[field], 1 + n * 8));
  head[NEGATIVE_AT] = entry.negative ? 1 : 0;
  head.writeUInt16BE(space.length, NEGATIVE_AT + 1);
  return Buffer.concat([head, space, entry.value]);
}

/** undefined for what is no record. */
export function decodeRecord(record: Buffer): CacheEntry<Uint8Array> | undefined {
  if (record.length < SPACE_AT || record[0] !== RECORD_VERSION) return undefined;
  const [index, storedAt, freshUntil, staleUntil, loadMs] = NUMBERS.map((_, n) => record.readDoubleBE(1 + n * 8)) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const valueAt = SPACE_AT + record.readUInt16BE(NEGATIVE_AT + 1);
  if (![index, storedAt, freshUntil, staleUntil, loadMs].every(Number.isFinite) || record.length < valueAt)
    return undefined;
  return {
    value: record.subarray(valueAt),
    index,
    indexSpace: record.toString('utf8', SPACE_AT, valueAt),
    storedAt,
    freshUntil,
    staleUntil,
    loadMs,
    negative: record[NEGATIVE_AT] === 1,
  };
}
