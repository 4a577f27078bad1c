import { createHash } from 'node:crypto';
import { limits } from '../../model/index.js';
import type { CacheEntry } from '../../model/index.js';
import { pack, textOf, unpack } from '../codec.js';
import type { Sealer } from '../sealed/index.js';

/**
 * The file: one line `datapunk-last-known-good 1 plain|sealed SHA-256`, then the body, whose checksum that is: one line of
 * JSON for each entry, `[key, entry]`; in a sealed file all of them as one sealed record.
 */
const MAGIC = 'datapunk-last-known-good';
const FORMAT = '1';
const LONGEST_HEAD = 128;
const BOUND = Buffer.from(MAGIC);

/** Why a file is not used. `foreign`: it is none of ours, and is left as it is. */
export type Unusable =
  | 'foreign'
  | 'damaged'
  | 'unknown-format'
  | 'not-sealed'
  | 'sealed'
  | 'unknown-key'
  | 'too-large'
  | 'unreadable';

export type Read<V> =
  | { readonly ok: true; readonly entries: ReadonlyMap<string, CacheEntry<V>> }
  | { readonly ok: false; readonly why: Unusable };

export function encodeLine<V>(key: string, entry: CacheEntry<V>): string {
  return `${JSON.stringify([key, { ...entry, value: pack(entry.value) }])}\n`;
}

export function encodeSnapshot(lines: readonly string[], sealer: Sealer | undefined): Buffer {
  const plain = Buffer.from(lines.join(''), 'utf8');
  const body = sealer ? sealer.seal(plain, BOUND) : plain;
  return Buffer.concat([Buffer.from(`${MAGIC} ${FORMAT} ${sealer ? 'sealed' : 'plain'} ${sha256(body)}\n`), body]);
}

export function decodeSnapshot<V>(file: Buffer, sealer: Sealer | undefined): Read<V> {
  const headEnd = file.subarray(0, LONGEST_HEAD).indexOf(0x0a);
  const [magic, format, kind, checksum] = textOf(file.subarray(0, Math.max(0, headEnd))).split(' ');
  if (magic !== MAGIC) return { ok: false, why: isCutHead(file) ? 'damaged' : 'foreign' };
  if (format !== FORMAT) return { ok: false, why: 'unknown-format' };
  const body = file.subarray(headEnd + 1);
  if (checksum !== sha256(body)) return { ok: false, why: 'damaged' };
  if (kind !== 'plain' && kind !== 'sealed') return { ok: false, why: 'damaged' };
  if (kind === 'plain') return sealer ? { ok: false, why: 'not-sealed' } : decodeLines(textOf(body));
  if (!sealer) return { ok: false, why: 'sealed' };
  const opened = sealer.open(body, BOUND);
  if (!opened.ok) return { ok: false, why: opened.why === 'unknown-key' ? 'unknown-key' : 'damaged' };
  return decodeLines(textOf(opened.bytes));
}

/** One of ours that ends early, or one that was made empty: it may be written over. */
function isCutHead(file: Buffer): boolean {
  const start = textOf(file.subarray(0, MAGIC.length));
  return file.length < LONGEST_HEAD && MAGIC.startsWith(start);
}

function decodeLines<V>(text: string): Read<V> {
  const entries = new Map<string, CacheEntry<V>>();
  try {
    for (const line of text.split('\n')) {
      if (line === '') continue;
      const [key, entry] = JSON.parse(line) as [unknown, unknown];
      if (typeof key !== 'string' || !isEntry(entry)) return { ok: false, why: 'damaged' };
      entries.set(key, { ...entry, value: unpack(entry.value) as V });
    }
  } catch {
    return { ok: false, why: 'damaged' };
  }
  return { ok: true, entries };
}

function isEntry(value: unknown): value is CacheEntry<unknown> {
  if (typeof value !== 'object' || value === null || !('value' in value)) return false;
  const { index, indexSpace, storedAt, freshUntil, staleUntil, loadMs, negative } = value as CacheEntry<unknown>;
  return (
    [index, storedAt, freshUntil, staleUntil, loadMs].every(Number.isFinite) &&
    typeof indexSpace === 'string' &&
    typeof negative === 'boolean'
  );
}

/** Whether it may be served at all: neither past its time nor from a future that a wrong clock wrote of. */
export function isServable(entry: CacheEntry<unknown>, now: number): boolean {
  return now < entry.staleUntil && entry.storedAt <= now + limits.cacheClockSkewMs;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
