/**
 * What is in the engine (formats 2 and 3): `r` NUL kind NUL node NUL id → a row as text (see `codec`), and `m` → one record
 * about the whole, written with every batch.
 *
 * A row is found by its identity alone, since that is all a deletion names; its origin and datacenter are in the text.
 */
import { checksumOf, Tally } from './tally.js';

const ROW_PREFIX = 'r\0';
export const ROWS_FROM = ROW_PREFIX;
export const ROWS_TO = 'r\u0001';
export const STATE_KEY = 'm';

/** About the whole store, as of the batch it was written with. */
export interface StoreState {
  /** Newest index written. */
  readonly index: number;
  /** No index above this one has been shown to anybody. After a crash the store goes on from here. */
  readonly ceiling: number;
  /** Ordinal of the batch, without gaps. */
  readonly batch: number;
  readonly space: string;
  readonly tally: Tally;
}

export function rowKey(key: string): string {
  return ROW_PREFIX + key;
}

export function encodeState({ index, ceiling, batch, space, tally }: StoreState): string {
  const text = JSON.stringify([index, ceiling, batch, space, tally.count, tally.sum]);
  return `${checksumOf(STATE_KEY, text)} ${text}`;
}

/** Undefined when the text is not what `encodeState` made. */
export function decodeState(record: string): StoreState | undefined {
  const space = record.indexOf(' ');
  const text = record.slice(space + 1);
  if (space < 0 || record.slice(0, space) !== String(checksumOf(STATE_KEY, text))) return undefined;
  const cells = JSON.parse(text) as [number, number, number, string, number, number];
  const [index, ceiling, batch, indexSpace, count, sum] = cells;
  return { index, ceiling, batch, space: indexSpace, tally: new Tally(count, sum) };
}
