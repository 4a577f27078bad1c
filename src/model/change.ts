import type { Row, RowKind } from './rows.js';

/** Where a row lives. `id` alone for kinds without a node. Node names are folded to lower case by `refOf`. */
export interface RowRef<K extends RowKind = RowKind> {
  readonly kind: K;
  /** Lower-cased node name for node, service and check; '' otherwise. */
  readonly node: string;
  /** Service id, check id, key, session id…; '' for a node. */
  readonly id: string;
}

export interface Put {
  readonly op: 'put';
  readonly row: Row;
  /** Restoring a snapshot: the row's own createIndex and modifyIndex stand. Otherwise both are set on commit. */
  readonly keepIndexes?: true;
}

export interface Delete {
  readonly op: 'delete';
  readonly ref: RowRef;
}

/** The one way anything changes: decided by the registry or merged by sync, committed by a store, applied by the catalog. */
export type Change = Put | Delete;

/** One committed command: all its changes share one index. */
export interface ChangeSet {
  readonly type: 'changes';
  readonly index: number;
  readonly changes: readonly Change[];
  /** A copy of another agent's order: rows bring their indexes, and theirs is that of the set. */
  readonly keepIndexes?: true;
}

/** Everything there is at `index`; rows carry their indexes. Always the first thing `follow(0)` yields. Take `rows` once. */
export interface Snapshot {
  readonly type: 'snapshot';
  readonly index: number;
  readonly rows: Iterable<Row>;
}

/** Compare-and-swap as data, so that any store can check it: each row must have this modifyIndex (0 = be absent). */
export type Precondition = readonly { readonly ref: RowRef; readonly index: number }[];

export function refOf(row: Row): RowRef {
  switch (row.kind) {
    case 'node':
      return { kind: 'node', node: row.node.toLowerCase(), id: '' };
    case 'service':
      return { kind: 'service', node: row.node.toLowerCase(), id: row.id };
    case 'check':
      return { kind: 'check', node: row.node.toLowerCase(), id: row.checkId };
    case 'local-check':
      return { kind: 'local-check', node: '', id: row.checkId };
    case 'kv':
      return { kind: 'kv', node: '', id: row.key };
    case 'config':
      return { kind: 'config', node: '', id: `${row.configKind}/${row.name}` };
    // Padded, so that string order is arrival order.
    case 'event':
      return { kind: 'event', node: '', id: String(row.ltime).padStart(16, '0') };
    default:
      return { kind: row.kind, node: '', id: row.id };
  }
}

/** A ref as one string: a Map key, and the order of rows on disk. NUL cannot be in a node name. */
export function refKey(ref: RowRef): string {
  return `${ref.kind}\u0000${ref.node}\u0000${ref.id}`;
}

export function put(row: Row): Put {
  return { op: 'put', row };
}

export function remove(kind: RowKind, id: string, node = ''): Delete {
  return { op: 'delete', ref: { kind, node: node.toLowerCase(), id } };
}
