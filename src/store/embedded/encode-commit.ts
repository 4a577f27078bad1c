import type { Change, CommitOptions, Put } from '../../model/index.js';
import { indexesOf } from '../changes.js';
import { encodeRow } from '../codec/index.js';
import type { Op } from './engine.js';
import { rowKey } from './records.js';
import type { Tally } from './tally.js';
import { checksumOf } from './tally.js';
import type { Versions } from './versions.js';

/**
 * A commit as operations of the engine; `versions` and `tally` then are as after it. A row keeps the createIndex of
 * the one it replaces, whether that is written yet or not; after a deletion it gets a new one. A volatile commit leaves
 * the tally alone, which is of what is written.
 */
export function encodeCommit(
  changes: readonly Change[],
  keys: readonly string[],
  index: number,
  options: CommitOptions,
  versions: Versions,
  tally: Tally,
): Op[] {
  const isVolatile = options.durability === 'volatile';
  const ops: Op[] = [];
  changes.forEach((change, at) => {
    const key = rowKey(keys[at] as string);
    if (change.op === 'put') ops.push([key, encodePut(change, key)]);
    else if (encodeDelete(key)) ops.push([key, undefined]);
  });
  return ops;

  function encodePut(change: Put, key: string): string {
    const indexes = indexesOf(change, versions.seen(key), index, options);
    const text = encodeRow(change.row, indexes);
    if (isVolatile) versions.setVolatile(key, indexes);
    else {
      const checksum = checksumOf(key, text);
      replaceWritten(key);
      tally.add(checksum);
      versions.set(key, index, { ...indexes, checksum });
    }
    return text;
  }

  /** False: there is nothing to delete. */
  function encodeDelete(key: string): boolean {
    if (!versions.seen(key) && !versions.written(key)) return false;
    if (isVolatile) versions.setVolatile(key, undefined);
    else {
      replaceWritten(key);
      versions.set(key, index, undefined);
    }
    return true;
  }

  function replaceWritten(key: string): void {
    const before = versions.written(key);
    if (before) tally.remove(before.checksum);
  }
}
