import type { Catalog, Decision } from '../catalog/index.js';
import type { CatalogRow, RowRef, StateReader } from '../model/index.js';
import { takeoverDocuments } from '../sync/index.js';

/** A decision on rows of other agents, with what sync remembers of them in the same commit. */
export function withTakeovers<T>(
  decided: Decision<T>,
  head: StateReader,
  catalog: Pick<Catalog, 'document'>,
  self: string,
): Decision<T> {
  const documents = takeoverDocuments(decided.changes, {
    self,
    row: (ref) => rowAt(head, ref),
    hasDocument: (id) => catalog.document(id) !== undefined,
  });
  return documents.length === 0 ? decided : { ...decided, changes: [...decided.changes, ...documents] };
}

function rowAt(head: StateReader, { kind, node, id }: RowRef): CatalogRow | undefined {
  if (kind === 'node') return head.node(node);
  return kind === 'service' ? head.service(node, id) : head.check(node, id);
}
