import type { CatalogView, CheckRow, NodeRow, ServiceRow } from '../../../src/model/index.js';

/** The row of the catalog that has the key of a ref. */
export function rowAt(catalog: CatalogView, key: string): NodeRow | ServiceRow | CheckRow | undefined {
  const [kind = '', node = '', id = ''] = key.split('\0');
  if (kind === 'node') return catalog.node(node);
  return kind === 'service' ? catalog.service(node, id) : catalog.check(node, id);
}
