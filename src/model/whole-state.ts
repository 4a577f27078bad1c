import type { Home } from './cluster.js';
import type { Row } from './rows.js';
import type { CatalogView } from './view.js';

const STATE_KINDS: ReadonlySet<Row['kind']> = new Set(['kv', 'session', 'query', 'event', 'config']);

/**
 * Every row of a datacenter for an archive: what the agents registered, and of the home what only it decides, which
 * another agent knows as a copy. Taken in one turn, so later changes do not show.
 */
export function wholeState(
  catalog: CatalogView,
  home: Pick<Home, 'isSelf' | 'catalog'>,
): { readonly index: number; readonly rows: readonly Row[] } {
  const own = catalog.rows();
  if (home.isSelf) return own;
  const decided = home.catalog().rows();
  return {
    index: Math.max(own.index, decided.index),
    rows: [...own.rows.filter((row) => !isState(row)), ...decided.rows.filter(isState)],
  };
}

function isState({ kind }: Row): boolean {
  return STATE_KINDS.has(kind);
}
