/**
 * Format 1 → 2. Format 1 held one JSON object a row under its identity, without the row's origin and datacenter
 * (every row was this agent's own), its newest index under `index`, and nothing to prove it whole by.
 */
import { randomUUID } from 'node:crypto';
import type { Row } from '../../model/index.js';
import { refKey, refOf } from '../../model/index.js';
import { encodeRow, wrongField } from '../codec/index.js';
import { damaged } from './damage.js';
import type { DataDir } from './data-dir.js';
import type { Engine, Op } from './engine.js';
import { encodeState, rowKey, STATE_KEY } from './records.js';
import { checksumOf, Tally } from './tally.js';

const INDEX_KEY = 'index';
const ROWS_PREFIX = 'row/';
const ROWS_END = 'row0';

export interface Owner {
  readonly datacenter: string;
  readonly origin: string;
}

export async function fromFormat1(dir: DataDir, old: Engine, fresh: Engine, owner: Owner): Promise<void> {
  const index = Number(old.get(INDEX_KEY));
  if (!Number.isSafeInteger(index) || index < 0) throw damaged(dir, dir.store, 'its index is missing');
  const tally = new Tally();
  const pinned = old.pin();
  try {
    for await (const chunk of pinned.scan(ROWS_PREFIX, ROWS_END)) {
      await fresh.write(chunk.map(([key, value]) => converted(dir, key, value, owner, tally)));
    }
  } finally {
    await pinned.release();
  }
  // Last: a store without it was not finished.
  const state = { index, ceiling: index, batch: 0, space: randomUUID(), tally };
  await fresh.write([[STATE_KEY, encodeState(state)]]);
}

function converted(dir: DataDir, key: string, value: string, owner: Owner, tally: Tally): Op {
  const row = rowOf(value, owner);
  if (!row || wrongField(row) !== undefined || key !== ROWS_PREFIX + refKey(refOf(row))) {
    throw damaged(dir, dir.store, `the record ${JSON.stringify(key)} is garbled`);
  }
  const fresh = rowKey(refKey(refOf(row)));
  const text = encodeRow(row);
  tally.add(checksumOf(fresh, text));
  return [fresh, text];
}

/** The row with what format 1 left out. Flags were text. */
function rowOf(value: string, owner: Owner): Row | undefined {
  let stored: { kind: string; flags: string };
  try {
    stored = JSON.parse(value) as typeof stored;
    if (['node', 'service', 'check'].includes(stored.kind)) return { ...stored, ...owner } as unknown as Row;
    if (stored.kind === 'kv') return { ...stored, flags: BigInt(stored.flags) } as unknown as Row;
    return stored as unknown as Row;
  } catch {
    return undefined;
  }
}
