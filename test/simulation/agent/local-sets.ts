import type { AppliedChange } from '../../../src/catalog/index.js';
import type { Row } from '../../../src/model/index.js';
import { refOf } from '../../../src/model/index.js';
import type { LocalChange, StreamKind } from '../../../src/sync/index.js';

const OF_CATALOG: ReadonlySet<Row['kind']> = new Set(['node', 'service', 'check']);
const OF_STATE: ReadonlySet<Row['kind']> = new Set(['kv', 'session', 'query', 'event', 'config']);

/** What a commit means to each of our streams. */
export function localSets(
  applied: readonly AppliedChange[],
): readonly { readonly kind: StreamKind; readonly changes: readonly LocalChange[] }[] {
  const sets = [
    { kind: 'catalog' as const, changes: applied.filter((change) => OF_CATALOG.has(rowOf(change).kind)) },
    { kind: 'state' as const, changes: applied.filter((change) => OF_STATE.has(rowOf(change).kind)) },
  ];
  return sets
    .filter(({ changes }) => changes.length > 0)
    .map(({ kind, changes }) => ({
      kind,
      changes: changes.map((change) => ({ ...change, ref: refOf(rowOf(change)) })),
    }));
}

function rowOf({ before, after }: AppliedChange): Row {
  return (after ?? before) as Row;
}
