import type { Change, Row, RowKind, RowOf, RowRef } from '../../model/index.js';
import { refOf } from '../../model/index.js';

/** A row in flight, or its deletion (row undefined). */
export interface Staged<R extends Row = Row> {
  readonly row: R | undefined;
}

/** Rows of one kind on one node; '' for kinds without a node. By id. */
export type StagedGroup<R extends Row = Row> = ReadonlyMap<string, Staged<R>>;

const NOTHING: StagedGroup<never> = new Map();

/** Changes handed to the store and not yet followed, the latest for each row. */
export class Overlay {
  /** By kind and node; a group holds only rows of the kind in its name. */
  private readonly groups = new Map<string, Map<string, Staged>>();

  get empty(): boolean {
    return this.groups.size === 0;
  }

  /** Undefined when nothing is in flight for the row. */
  get<K extends RowKind>(ref: RowRef<K>): Staged<RowOf<K>> | undefined {
    return this.group(ref.kind, ref.node).get(ref.id);
  }

  group<K extends RowKind>(kind: K, node = ''): StagedGroup<RowOf<K>> {
    return (this.groups.get(groupName(kind, node)) as StagedGroup<RowOf<K>> | undefined) ?? NOTHING;
  }

  /** Every row of a kind in flight, whatever its node. */
  *all<K extends RowKind>(kind: K): Iterable<Staged<RowOf<K>>> {
    const prefix = groupName(kind, '');
    for (const name of this.groups.keys()) {
      if (name.startsWith(prefix)) yield* this.group(kind, name.slice(prefix.length)).values();
    }
  }

  /** `createIndexOf`: of the row that a change replaces. Returns what takes these changes away again. */
  stage(changes: readonly Change[], createIndexOf: (ref: RowRef) => number): () => void {
    const added: { ref: RowRef; staged: Staged }[] = [];
    for (const change of changes) {
      const ref = change.op === 'put' ? refOf(change.row) : change.ref;
      const staged = change.op === 'put' ? inFlight(change.row, createIndexOf(ref)) : { row: undefined };
      this.set(ref, staged);
      added.push({ ref, staged });
    }
    return () => {
      for (const { ref, staged } of added) this.release(ref, staged);
    };
  }

  private set(ref: RowRef, staged: Staged): void {
    const name = groupName(ref.kind, ref.node);
    const group = this.groups.get(name);
    if (group) group.set(ref.id, staged);
    else this.groups.set(name, new Map([[ref.id, staged]]));
  }

  /** Only if nothing was staged over it since. */
  private release(ref: RowRef, staged: Staged): void {
    const name = groupName(ref.kind, ref.node);
    const group = this.groups.get(name);
    if (group?.get(ref.id) !== staged) return;
    group.delete(ref.id);
    if (group.size === 0) this.groups.delete(name);
  }
}

/** Its indexes are not known before the commit: 0, but for the creation that it keeps. */
function inFlight(row: Row, createIndex: number): Staged {
  return { row: { ...row, createIndex, modifyIndex: 0 } };
}

/** NUL is in no kind. */
function groupName(kind: RowKind, node: string): string {
  return `${kind}\u0000${node}`;
}
