import type { Change, Json, Row, RowRef } from '../../model/index.js';
import { refKey, refOf } from '../../model/index.js';
import type { Origin } from '../messages.js';
import { putDocument, removeDocument } from '../step/documents.js';
import type { Merge } from '../step/types.js';
import type { Space } from './space.js';

interface Pending {
  readonly lasting: Map<string, Change>;
  readonly volatile: Map<string, Change>;
  isSynced: boolean;
  at: number | undefined;
}

/** What one step does to each target: one change for each row and document, the last that was decided. */
export class StepMerges {
  private readonly pending = new Map<Space, Pending>();

  put(space: Space, row: Row): void {
    this.write(space, refKey(refOf(row)), { op: 'put', row });
  }

  remove(space: Space, ref: RowRef): void {
    this.write(space, refKey(ref), { op: 'delete', ref });
  }

  putDocument(space: Space, id: string, body: Json): void {
    this.write(space, id, putDocument(id, body));
  }

  removeDocument(space: Space, id: string): void {
    this.write(space, id, removeDocument(id));
  }

  /** Seen here and now, over what is kept. */
  showOnly(space: Space, row: Row): void {
    this.of(space).volatile.set(refKey(refOf(row)), { op: 'put', row });
  }

  at(space: Space, index: number): void {
    this.of(space).at = index;
  }

  /** What this step does to it must not be forgotten. */
  sync(space: Space): void {
    this.of(space).isSynced = true;
  }

  /** Rows of others that this step puts or takes away there. */
  *foreignRows(space: Space, self: Origin): Iterable<string> {
    for (const [key, change] of this.pending.get(space)?.lasting ?? []) {
      const isOurs = change.op === 'put' && 'origin' in change.row && change.row.origin === self;
      const isDocument = (change.op === 'put' ? change.row.kind : change.ref.kind) === 'sync';
      if (!isOurs && !isDocument) yield key;
    }
  }

  takeInto(merges: Merge[]): void {
    for (const [{ target }, { lasting, volatile, isSynced, at }] of this.pending) {
      const durability = isSynced ? 'synced' : 'lazy';
      if (lasting.size > 0) {
        merges.push({ target, changes: [...lasting.values()], durability, ...(at !== undefined && { at }) });
      }
      if (volatile.size > 0) merges.push({ target, changes: [...volatile.values()], durability: 'volatile' });
    }
    this.pending.clear();
  }

  private write(space: Space, key: string, change: Change): void {
    const { lasting } = this.of(space);
    lasting.delete(key);
    lasting.set(key, change);
  }

  private of(space: Space): Pending {
    let pending = this.pending.get(space);
    if (!pending) {
      pending = { lasting: new Map(), volatile: new Map(), isSynced: false, at: undefined };
      this.pending.set(space, pending);
    }
    return pending;
  }
}
