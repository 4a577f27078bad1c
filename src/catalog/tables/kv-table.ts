/**
 * Key-values, in byte order of their keys, with the index of every list under a prefix (docs/contract.md section 1.6):
 * the newest ModifyIndex under it or of a deletion under it, the table's when there is neither.
 *
 * A deleted key leaves its slot as a tombstone, so that the index of its prefixes does not fall. `prune` removes old
 * tombstones and raises `floor`, the least index any list may answer from then on.
 */
import type { KvRow } from '../../model/index.js';
import { Groups } from './groups.js';
import { SortedList } from './sorted-list.js';
import { stamp } from './write.js';
import type { Write } from './write.js';

interface Slot {
  readonly key: string;
  row: KvRow | undefined;
  /** Index of the deletion, when there is no row. */
  goneIndex: number;
}

export class KvTable {
  private readonly slots = new Map<string, Slot>();
  private readonly sorted = new SortedList<Slot>();
  private readonly bySession = new Groups<Slot>();
  private tableIndex: number;
  /** Least index of a list: what a snapshot, pruned tombstones or restored rows have hidden. */
  private floor: number;
  /** Least index of a single key: 0, as a key keeps its ModifyIndex, until rows are restored. */
  private keyFloor = 0;
  private live = 0;

  constructor(startIndex: number) {
    this.tableIndex = startIndex;
    this.floor = startIndex;
  }

  get size(): number {
    return this.live;
  }

  get(key: string): KvRow | undefined {
    return this.slots.get(key)?.row;
  }

  under(prefix: string): KvRow[] {
    return rowsOf(this.sorted.under(prefix));
  }

  heldBy(sessionId: string): KvRow[] {
    return rowsOf(this.bySession.get(sessionId));
  }

  indexOfKey(key: string): number {
    const row = this.get(key);
    return row ? Math.max(row.modifyIndex, this.keyFloor) : this.tableIndex;
  }

  /** Rows under the prefix, and the index of the list. */
  list(prefix: string): { rows: readonly KvRow[]; index: number } {
    const slots = this.sorted.under(prefix);
    if (slots.length === 0) return { rows: [], index: this.tableIndex };
    let index = this.floor;
    for (const slot of slots) index = Math.max(index, slot.row ? slot.row.modifyIndex : slot.goneIndex);
    return { rows: rowsOf(slots), index };
  }

  put(row: KvRow, write: Write): KvRow | undefined {
    const slot = this.slotOf(row.key);
    const before = slot.row;
    const { createIndex, modifyIndex } = stamp(row, before, write);
    const { key, value, flags, lockIndex } = row;
    const session = row.session === '' ? '' : write.pool.string(row.session);
    slot.row = { kind: 'kv', key, value, flags, lockIndex, session, createIndex, modifyIndex };
    if (before?.session !== session) this.moveHold(slot, before?.session ?? '', session);
    if (!before) this.live++;
    this.touch(row.key, write);
    return before;
  }

  delete(key: string, write: Write): KvRow | undefined {
    const slot = this.slots.get(key);
    const before = slot?.row;
    if (!slot || !before) return undefined;
    slot.row = undefined;
    slot.goneIndex = write.index;
    this.live--;
    this.moveHold(slot, before.session, '');
    this.touch(key, write);
    return before;
  }

  /** Forgets deletions before `olderThanIndex`. */
  prune(olderThanIndex: number): void {
    const old = (slot: Slot): boolean => !slot.row && slot.goneIndex < olderThanIndex;
    let pruned = 0;
    for (const slot of this.slots.values()) {
      if (!old(slot)) continue;
      this.floor = Math.max(this.floor, slot.goneIndex);
      this.slots.delete(slot.key);
      pruned++;
    }
    if (pruned > 0) this.sorted.retain((slot) => !old(slot));
  }

  /** Rows were replaced by others that may carry older indexes: from here on no read answers below `index`. */
  raiseFloors(index: number): void {
    this.floor = index;
    this.keyFloor = index;
  }

  private slotOf(key: string): Slot {
    const known = this.slots.get(key);
    if (known) return known;
    const slot: Slot = { key, row: undefined, goneIndex: 0 };
    this.slots.set(key, slot);
    this.sorted.insert(slot);
    return slot;
  }

  private moveHold(slot: Slot, from: string, to: string): void {
    if (from !== '') this.bySession.delete(from, slot);
    if (to !== '') this.bySession.add(to, slot);
  }

  private touch(key: string, write: Write): void {
    this.tableIndex = write.index;
    write.touched.key(key);
  }
}

function rowsOf(slots: readonly Slot[]): KvRow[] {
  const rows: KvRow[] = [];
  for (const slot of slots) if (slot.row) rows.push(slot.row);
  return rows;
}
