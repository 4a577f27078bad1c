/**
 * Everything that is in the engine, proved whole: count and sum of the records are those of the last batch, and the
 * last batch is no older than the newest acknowledged one.
 */
import { ServiceDiscoveryError } from '../../model/index.js';
import type { Row } from '../../model/index.js';
import { decodeRow } from '../codec/index.js';
import { damaged } from './damage.js';
import type { DataDir } from './data-dir.js';
import type { Engine, Pinned } from './engine.js';
import { newestLog } from './evidence.js';
import { decodeState, ROWS_FROM, ROWS_TO, STATE_KEY } from './records.js';
import type { StoreState } from './records.js';
import { checksumOf, Tally } from './tally.js';

export interface Loaded {
  readonly state: StoreState;
  /** Rows as text, in key order. */
  readonly texts: readonly string[];
}

/** Undefined: nothing was ever stored here. Throws CORRUPT. */
export async function load(dir: DataDir, engine: Engine): Promise<Loaded | undefined> {
  const state = readState(dir, engine);
  const { texts, tally } = await readRows(engine);
  if (!state) {
    if (texts.length > 0) throw damaged(dir, dir.store, 'its state record is missing');
    return undefined;
  }
  if (!tally.equals(state.tally)) throw damaged(dir, dir.store, mismatch(tally, state.tally));
  return { state, texts };
}

function mismatch(found: Tally, written: Tally): string {
  if (found.count === written.count) return 'the contents of its records do not add up';
  return `it holds ${found.count} records where ${written.count} were written`;
}

/** Throws CORRUPT when the store ends before the newest acknowledged batch. */
export function assertNothingLost(dir: DataDir, state: StoreState, acknowledged: number | undefined): void {
  if (acknowledged === undefined) throw damaged(dir, dir.mark, 'it is missing or garbled');
  if (state.batch >= acknowledged) return;
  const missing = acknowledged - state.batch;
  throw damaged(dir, newestLog(dir) ?? dir.store, `the last ${missing} acknowledged batches are missing`);
}

/** The rows of a consistent view, with those laid over it (undefined: deleted), in no order. */
export async function textsOf(pinned: Pinned, over: ReadonlyMap<string, string | undefined>): Promise<string[]> {
  const texts: string[] = [];
  for await (const chunk of pinned.scan(ROWS_FROM, ROWS_TO)) {
    for (const [key, text] of chunk) if (!over.has(key)) texts.push(text);
  }
  for (const text of over.values()) if (text !== undefined) texts.push(text);
  return texts;
}

/**
 * Rows decoded one by one as they are taken, once: whoever takes them keeps rows of its own, so at 200,000 rows this
 * saves a hundred megabytes that would have to live until the last one is decoded. The texts are let go at the end,
 * whoever still holds the snapshot.
 */
export function decoding(texts: readonly string[]): Iterable<Row> {
  let left: readonly string[] | undefined = texts;
  return {
    *[Symbol.iterator]() {
      if (!left) throw new ServiceDiscoveryError('INTERNAL', 'the rows of this snapshot were taken before');
      for (const text of left) yield decodeRow(text);
      left = undefined;
    },
  };
}

function readState(dir: DataDir, engine: Engine): StoreState | undefined {
  const record = engine.get(STATE_KEY);
  if (record === undefined) return undefined;
  const state = decodeState(record);
  if (!state) throw damaged(dir, dir.store, 'its state record is garbled');
  return state;
}

async function readRows(engine: Engine): Promise<{ texts: string[]; tally: Tally }> {
  const texts: string[] = [];
  const tally = new Tally();
  const pinned = engine.pin();
  try {
    for await (const chunk of pinned.scan(ROWS_FROM, ROWS_TO)) {
      for (const [key, text] of chunk) {
        tally.add(checksumOf(key, text));
        texts.push(text);
      }
    }
  } finally {
    await pinned.release();
  }
  return { texts, tally };
}
