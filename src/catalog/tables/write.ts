import type { Indexed } from '../../model/index.js';
import type { TouchSink } from '../wake/touched.js';
import type { InternPool } from './intern.js';

/** What a table needs to know about the change set it applies a row of. */
export interface Write {
  readonly index: number;
  readonly touched: TouchSink;
  readonly pool: InternPool;
  /** Rows bring their own indexes: a snapshot, a copy of another agent's order, or a restored row. */
  readonly keepIndexes: boolean;
}

/** createIndex outlives re-puts; modifyIndex is that of the change set. Restored rows keep both. */
export function stamp(row: Indexed, before: Indexed | undefined, write: Write): Indexed {
  if (write.keepIndexes) return row;
  return { createIndex: before ? before.createIndex : write.index, modifyIndex: write.index };
}
