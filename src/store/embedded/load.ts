/**
 * Everything that is in the engine, proved whole: each record decodes and is filed under its own key, count and sum
 * are those of the last batch, and the last batch is no older than the newest acknowledged one.
 */
import type { Row } from '../../model/index.js';
import { decodeRow } from '../codec/index.js';
import { damaged } from './damage.js';
import type { DataDir } from './data-dir.js';
import type { Engine, Pinned } from './engine.js';
import { decodeState, isKeyOf, ROWS_FROM, ROWS_TO, STATE_KEY } from './records.js';
import type { StoreState } from './records.js';
import { checksumOf, Tally } from './tally.js';

export interface Loaded {
  readonly state: StoreState;
  readonly rows: readonly Row[];
}

/** Undefined: nothing was ever stored here. Throws CORRUPT. */
export async function load(dir: DataDir, engine: Engine): Promise<Loaded | undefined> {
  const state = readState(dir, engine);
  const { rows, tally } = await readRows(dir, engine);
  if (!state) {
    if (rows.length > 0) throw damaged(dir, dir.store, 'its state record is missing');
    return undefined;
  }
  if (!tally.equals(state.tally)) throw damaged(dir, dir.store, mismatch(tally, state.tally));
  return { state, rows };
}

function mismatch(found: Tally, written: Tally): string {
  if (found.count === written.count) return 'the contents of its records do not add up';
  return `it holds ${found.count} records where ${written.count} were written`;
}

/** Throws CORRUPT when the store ends before the newest acknowledged batch. */
export function assertNothingLost(dir: DataDir, state: StoreState, acknowledged: number | undefined): void {
  if (acknowledged === undefined) throw damaged(dir, dir.mark, 'it is missing or garbled');
  if (state.batch >= acknowledged) return;
  throw damaged(dir, dir.store, `its last ${acknowledged - state.batch} acknowledged batches are missing`);
}

/** The rows of a consistent view, in key order. */
export async function rowsOf(pinned: Pinned): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const chunk of pinned.scan(ROWS_FROM, ROWS_TO)) {
    for (const [, text] of chunk) rows.push(decodeRow(text));
  }
  return rows;
}

function readState(dir: DataDir, engine: Engine): StoreState | undefined {
  const record = engine.get(STATE_KEY);
  if (record === undefined) return undefined;
  const state = decodeState(record);
  if (!state) throw damaged(dir, dir.store, 'its state record is garbled');
  return state;
}

async function readRows(dir: DataDir, engine: Engine): Promise<{ rows: Row[]; tally: Tally }> {
  const rows: Row[] = [];
  const tally = new Tally();
  const pinned = engine.pin();
  try {
    for await (const chunk of pinned.scan(ROWS_FROM, ROWS_TO)) {
      for (const [key, text] of chunk) {
        tally.add(checksumOf(text));
        rows.push(soundRow(dir, key, text));
      }
    }
  } finally {
    await pinned.release();
  }
  return { rows, tally };
}

function soundRow(dir: DataDir, key: string, text: string): Row {
  let row: Row;
  try {
    row = decodeRow(text);
  } catch (error) {
    throw damaged(dir, dir.store, `the record ${JSON.stringify(key)} is garbled`, error);
  }
  if (!isKeyOf(key, row)) throw damaged(dir, dir.store, `the record ${JSON.stringify(key)} is another one's`);
  return row;
}
