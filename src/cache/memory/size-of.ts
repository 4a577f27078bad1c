import type { CacheEntry } from '../../model/index.js';

/** What an object, a property and a number cost on a 64-bit V8, roughly; strings are counted as one byte a character. */
const OBJECT_BYTES = 32;
const SLOT_BYTES = 8;
const STRING_BYTES = 16;

/**
 * About how many bytes a value holds in memory, everything it leads to included. What several values share is counted
 * for each of them: the bound is then kept on the safe side.
 */
export function sizeOfValue(value: unknown): number {
  const seen = new Set<object>();
  const left: unknown[] = [value];
  let bytes = 0;
  while (left.length > 0) bytes += shallowSize(left.pop(), seen, left);
  return bytes;
}

function shallowSize(value: unknown, seen: Set<object>, left: unknown[]): number {
  if (typeof value === 'string') return STRING_BYTES + value.length;
  if (typeof value !== 'object' || value === null) return SLOT_BYTES;
  if (seen.has(value)) return SLOT_BYTES;
  seen.add(value);
  if (ArrayBuffer.isView(value)) return OBJECT_BYTES + value.byteLength;
  if (value instanceof Map) {
    for (const [key, item] of value) left.push(key, item);
    return OBJECT_BYTES + value.size * 3 * SLOT_BYTES;
  }
  const items: readonly unknown[] = Array.isArray(value)
    ? value
    : value instanceof Set
      ? [...value]
      : Object.values(value);
  for (const item of items) left.push(item);
  return OBJECT_BYTES + items.length * SLOT_BYTES;
}

/** Key, entry and what lru-cache keeps beside them. */
const ENTRY_BYTES = 240;

export function sizeOfEntry<V>(key: string, entry: CacheEntry<V>, sizeOf: (value: V) => number): number {
  return ENTRY_BYTES + key.length + entry.indexSpace.length + Math.max(0, Math.ceil(sizeOf(entry.value)));
}
