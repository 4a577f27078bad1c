import type { Delete, Json, Put, SyncDocument } from '../../model/index.js';

/** A document of sync as a change, to be committed beside the rows it speaks of. */
export function putDocument(id: string, body: Json): Put {
  const document: SyncDocument = { kind: 'sync', id, body, createIndex: 0, modifyIndex: 0 };
  return { op: 'put', row: document };
}

export function removeDocument(id: string): Delete {
  return { op: 'delete', ref: { kind: 'sync', node: '', id } };
}
