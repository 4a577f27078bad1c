import type { Change, CommitOptions, Indexed, Precondition, Put } from '../model/index.js';
import { invalid, refKey, refOf, ServiceDiscoveryError } from '../model/index.js';

/** The key of what a change is about. */
function changeKey(change: Change): string {
  return refKey(change.op === 'put' ? refOf(change.row) : change.ref);
}

/**
 * The keys of the changes, one each. Keys go to disk as UTF-8, in which a lone surrogate cannot be told from another;
 * refused here for every store alike.
 */
export function changeKeys(changes: readonly Change[]): string[] {
  return changes.map((change) => {
    const key = changeKey(change);
    if (!key.isWellFormed()) throw invalid(`not valid Unicode: ${JSON.stringify(key)}`);
    return key;
  });
}

/** One commit, one index: the given one, else the next one, above every index that restored rows bring along. */
export function indexOf(last: number, changes: readonly Change[], { at }: CommitOptions): number {
  if (at !== undefined) return indexAt(last, changes, at);
  let highest = last;
  for (const change of changes) {
    if (change.op === 'put' && change.keepIndexes) highest = Math.max(highest, change.row.modifyIndex);
  }
  return highest + 1;
}

function indexAt(last: number, changes: readonly Change[], at: number): number {
  if (at > last || (at === last && changes.every(isDocument))) return at;
  throw new ServiceDiscoveryError('CONFLICT', `the store is at index ${last}, it cannot commit at index ${at}`);
}

function isDocument(change: Change): boolean {
  return (change.op === 'put' ? change.row.kind : change.ref.kind) === 'sync';
}

/** A commit that brings rows with their indexes restores a snapshot: indexes mean something new from then on. */
export function isRestore(changes: readonly Change[], { at, durability }: CommitOptions): boolean {
  if (at !== undefined || !changes.some((change) => change.op === 'put' && change.keepIndexes)) return false;
  if (durability === 'volatile') throw invalid('a volatile commit cannot restore rows');
  return true;
}

/** What a row has from the commit of this index on; `before` is the row that it replaces. */
export function indexesOf(
  { row, keepIndexes }: Put,
  before: Indexed | undefined,
  index: number,
  { at }: CommitOptions,
): Indexed {
  if (keepIndexes || at !== undefined) return { createIndex: row.createIndex, modifyIndex: row.modifyIndex };
  return { createIndex: before?.createIndex ?? index, modifyIndex: index };
}

/** Throws CONFLICT when a row is not at the index the decision saw; 0 is no row. */
export function assertHolds(when: Precondition, modifyIndexOf: (key: string) => number): void {
  for (const { ref, index } of when) {
    const now = modifyIndexOf(refKey(ref));
    if (now === index) continue;
    throw new ServiceDiscoveryError(
      'CONFLICT',
      `${ref.kind} ${ref.node ? `${ref.node}/` : ''}${ref.id} is at index ${now}, not ${index}`,
    );
  }
}

export function closedError(): ServiceDiscoveryError {
  return new ServiceDiscoveryError('CLOSED', 'the store is closed');
}
