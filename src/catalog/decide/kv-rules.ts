import { goQuote, invalid, keyText, put, remove } from '../../model/index.js';
import type { Change, KvRow, StateReader } from '../../model/index.js';
import { uuidComplaint } from './uuid.js';

/**
 * The rules of the key-value store (docs/contract.md section 3.5), one function for each thing that can be done to a
 * key, used by the single commands and by transactions alike. A row that is not there and a row that must not change
 * are told apart: `undefined` means refused, a step without a change means it is so already.
 *
 * LockIndex counts fresh acquisitions. It survives a release and a second acquisition by the holder, and a plain write
 * resets it to 0 without touching the session: that is what Consul does, and clients have come to see it.
 */
export interface KvEntry {
  readonly key: string;
  readonly value: string;
  readonly flags: bigint;
}

export interface KvStep {
  readonly row: KvRow;
  readonly change?: Change;
}

export function setKey(state: StateReader, entry: KvEntry): KvStep {
  const existing = state.kv(entry.key);
  return write(existing, entry, { lockIndex: 0, session: existing?.session ?? '' });
}

/** Index 0: only if there is none. */
export function setKeyAt(state: StateReader, entry: KvEntry, index: number): KvStep | undefined {
  const existing = state.kv(entry.key);
  const fits = index === 0 ? existing === undefined : isAt(existing, index);
  return fits ? setKey(state, entry) : undefined;
}

/** Undefined when another session holds the key. Lock delay is asked before, where there is a clock. */
export function lockKey(state: StateReader, entry: KvEntry, session: string): KvStep | undefined {
  requireSession(state, session);
  const existing = state.kv(entry.key);
  if (existing?.session === session) return write(existing, entry, { lockIndex: existing.lockIndex, session });
  if (existing && existing.session !== '') return undefined;
  return write(existing, entry, { lockIndex: (existing?.lockIndex ?? 0) + 1, session });
}

/** Undefined when the session does not hold the key. */
export function unlockKey(state: StateReader, entry: KvEntry, session: string): KvStep | undefined {
  if (session === '') throw invalid('missing session');
  const existing = state.kv(entry.key);
  if (existing?.session !== session) return undefined;
  return write(existing, entry, { lockIndex: existing.lockIndex, session: '' });
}

export function deleteKey(state: StateReader, key: string): readonly Change[] {
  return state.kv(key) ? [remove('kv', key)] : [];
}

/** A key that is not there is deleted at any index; undefined when it is there at another. */
export function deleteKeyAt(state: StateReader, key: string, index: number): readonly Change[] | undefined {
  const existing = state.kv(key);
  if (!existing) return [];
  return isAt(existing, index) ? [remove('kv', key)] : undefined;
}

export function deleteKeysUnder(state: StateReader, prefix: string): readonly Change[] {
  return Array.from(state.kvUnder(prefix), ({ key }) => remove('kv', key));
}

/** A row in flight has no index yet, so nobody can have seen the one it will get. */
export function isAt(row: { readonly modifyIndex: number } | undefined, index: number): boolean {
  return row !== undefined && row.modifyIndex !== 0 && row.modifyIndex === index;
}

/** A key in a complaint. */
export function quoteKey(key: string): string {
  return goQuote(keyText(key));
}

function requireSession(state: StateReader, session: string): void {
  if (session === '') throw invalid('missing session');
  const complaint = uuidComplaint(session);
  if (complaint) throw invalid(`failed session lookup: ${complaint}`);
  if (!state.session(session)) throw invalid(`invalid session ${goQuote(session)}`);
}

function write(
  existing: KvRow | undefined,
  { key, value, flags }: KvEntry,
  { lockIndex, session }: Pick<KvRow, 'lockIndex' | 'session'>,
): KvStep {
  if (existing && isSame(existing, { value, flags, lockIndex, session })) return { row: existing };
  const row: KvRow = { kind: 'kv', key, value, flags, lockIndex, session, createIndex: 0, modifyIndex: 0 };
  return { row, change: put(row) };
}

function isSame(row: KvRow, other: Pick<KvRow, 'value' | 'flags' | 'lockIndex' | 'session'>): boolean {
  return (
    row.value === other.value &&
    row.flags === other.flags &&
    row.lockIndex === other.lockIndex &&
    row.session === other.session
  );
}
