import type { Change } from '../../model/index.js';
import { encodeRow } from '../codec/index.js';
import type { Op } from './engine.js';
import { rowKey } from './records.js';
import type { Tally } from './tally.js';
import { checksumOf } from './tally.js';
import type { Versions } from './versions.js';

/**
 * A commit as operations of the engine; `versions` and `tally` then are as after it. A row keeps the createIndex of
 * the one it replaces, whether that is written yet or not; after a deletion it gets a new one.
 */
export function encodeCommit(
  changes: readonly Change[],
  keys: readonly string[],
  index: number,
  versions: Versions,
  tally: Tally,
): Op[] {
  const ops: Op[] = [];
  changes.forEach((change, at) => {
    const key = rowKey(keys[at] as string);
    const before = versions.of(key);
    if (change.op === 'delete' && !before) return;
    if (before) tally.remove(before.checksum);
    if (change.op === 'delete') {
      versions.set(key, index, undefined);
      ops.push([key, undefined]);
      return;
    }
    const indexes = change.keepIndexes
      ? { createIndex: change.row.createIndex, modifyIndex: change.row.modifyIndex }
      : { createIndex: before?.createIndex ?? index, modifyIndex: index };
    const text = encodeRow(change.row, indexes);
    const checksum = checksumOf(key, text);
    tally.add(checksum);
    versions.set(key, index, { ...indexes, checksum });
    ops.push([key, text]);
  });
  return ops;
}
