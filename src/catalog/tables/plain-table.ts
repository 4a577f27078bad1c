import type { Indexed, Row, Topic } from '../../model/index.js';
import type { InternPool } from './intern.js';
import type { Write } from './write.js';
import { stamp } from './write.js';

/** Rows by id with one index for the whole table: sessions, queries, events, config entries, local definitions. */
export class PlainTable<R extends Row> {
  private readonly byId = new Map<string, R>();
  private tableIndex: number;

  constructor(
    startIndex: number,
    /** Who is woken by any change of the table; local definitions wake by id instead. */
    private readonly topic?: Topic,
    private readonly shape: (row: R, indexes: Indexed, pool: InternPool) => R = stamped,
  ) {
    this.tableIndex = startIndex;
  }

  get size(): number {
    return this.byId.size;
  }

  get index(): number {
    return this.tableIndex;
  }

  get(id: string): R | undefined {
    return this.byId.get(id);
  }

  values(): Iterable<R> {
    return this.byId.values();
  }

  put(id: string, row: R, write: Write): R | undefined {
    const before = this.byId.get(id);
    this.byId.set(id, this.shape(row, stamp(row, before, write), write.pool));
    this.touch(write);
    return before;
  }

  delete(id: string, write: Write): R | undefined {
    const before = this.byId.get(id);
    if (before && this.byId.delete(id)) this.touch(write);
    return before;
  }

  private touch(write: Write): void {
    this.tableIndex = write.index;
    if (this.topic) write.touched.table(this.topic);
  }
}

function stamped<R extends Row>(row: R, indexes: Indexed): R {
  return { ...row, createIndex: indexes.createIndex, modifyIndex: indexes.modifyIndex };
}
