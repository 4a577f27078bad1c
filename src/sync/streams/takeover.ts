import type { CatalogRow, Change, Put, RowRef } from '../../model/index.js';
import { refOf } from '../../model/index.js';
import type { Origin } from '../messages.js';
import { putDocument } from '../step/documents.js';
import { progressId } from './documents.js';
import type { Shadow } from './shadow-document.js';
import { shadowBody, shadowId } from './shadow-document.js';
import { headRefOf } from './space.js';

/** The catalog as a command finds it. */
export interface BeforeTakeover {
  readonly self: Origin;
  row(ref: RowRef): CatalogRow | undefined;
  hasDocument(id: string): boolean;
}

/**
 * What a command that rewrites or deletes another origin's row has to commit with it, so that a crash right after it
 * cannot bring the other's row back: that row as the record it still is, hidden, and our deletion of it.
 */
export function takeoverDocuments(changes: readonly Change[], before: BeforeTakeover): Put[] {
  return changes.flatMap((change) => documentsFor(change, before));
}

function documentsFor(change: Change, before: BeforeTakeover): Put[] {
  const ref = change.op === 'put' ? refOf(change.row) : change.ref;
  if (ref.kind !== 'node' && ref.kind !== 'service' && ref.kind !== 'check') return [];
  const row = before.row(ref);
  if (!row || row.origin === before.self || !before.hasDocument(progressId(row.origin))) return [];
  const documents = [documentOf({ origin: row.origin, ref, hlc: row.hlc ?? 0, row })];
  if (change.op === 'delete') {
    documents.push(documentOf({ origin: before.self, ref, hlc: clockOf(row, before) + 1, row: undefined }));
  }
  return documents;
}

/** A check has the clock of what it belongs to. */
function clockOf(row: CatalogRow, before: BeforeTakeover): number {
  const head = row.kind === 'check' ? before.row(headRefOf(row)) : row;
  return head?.origin === row.origin ? (head.hlc ?? 0) : 0;
}

function documentOf(shadow: Shadow): Put {
  return putDocument(shadowId(shadow), shadowBody(shadow));
}
