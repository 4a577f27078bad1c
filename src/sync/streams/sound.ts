/** What no peer can mean: checked before anything else looks at a message. Types and sizes are the codec's to check. */
import type { RowKind } from '../../model/index.js';
import { limits, refKey, refOf } from '../../model/index.js';
import type { DeltaMessage, DigestEntry, Position, StreamKind, SyncRecord } from '../messages.js';
import { streamKind, streamOrigin } from '../messages.js';

const kinds: Readonly<Record<StreamKind, ReadonlySet<RowKind>>> = {
  catalog: new Set(['node', 'service', 'check']),
  state: new Set(['kv', 'session', 'query', 'event', 'config']),
};

export function isSoundPosition({ inc, ver }: Position): boolean {
  return isCount(inc) && inc <= limits.incarnation && isCount(ver);
}

export function isSoundEntry(entry: DigestEntry): boolean {
  return isSoundPosition(entry) && entry.inc > 0 && isCount(entry.base.ver) && entry.base.ver <= entry.ver;
}

export function isSoundDelta(delta: DeltaMessage, datacenter: string): boolean {
  const { inc, prev, to, end, gc, index } = delta;
  if (!isSoundPosition({ inc, ver: end }) || inc === 0 || ![prev, to, gc, index].every(isCount)) return false;
  if (prev > to || to > end || gc > end) return false;
  const keys = new Set<string>();
  let before = prev;
  for (const record of delta.records) {
    if (record.ver <= before || record.ver > to || !isSoundRecord(record, delta, datacenter)) return false;
    before = record.ver;
    keys.add(refKey(record.ref));
  }
  return keys.size === delta.records.length;
}

function isSoundRecord({ ref, hlc, row }: SyncRecord, { stream, index }: DeltaMessage, datacenter: string): boolean {
  const kind = streamKind(stream);
  if (!kinds[kind].has(ref.kind) || !isCount(hlc) || !isSoundKey(refKey(ref), ref.node)) return false;
  if (kind === 'state' && hlc > 0) return false;
  if (!row) return true;
  if (refKey(refOf(row)) !== refKey(ref)) return false;
  if (kind === 'state') return row.createIndex <= index && row.modifyIndex <= index;
  if (row.kind !== 'node' && row.kind !== 'service' && row.kind !== 'check') return false;
  return row.origin === streamOrigin(stream) && row.datacenter === datacenter && hlc === (row.hlc ?? 0);
}

/** A store cannot hold a lone surrogate, and NUL parts a node from an id. */
function isSoundKey(key: string, node: string): boolean {
  return key.isWellFormed() && !node.includes('\u0000');
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
