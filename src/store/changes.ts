import type { Change, Precondition } from '../model/index.js';
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

/** One commit, one index: the next one, and above every index that restored rows bring along. */
export function nextIndex(last: number, changes: readonly Change[]): number {
  let highest = last;
  for (const change of changes) {
    if (change.op === 'put' && change.keepIndexes) highest = Math.max(highest, change.row.modifyIndex);
  }
  return highest + 1;
}

/** A commit that brings rows with their indexes restores a snapshot: indexes mean something new from then on. */
export function isRestore(changes: readonly Change[]): boolean {
  return changes.some((change) => change.op === 'put' && change.keepIndexes);
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
