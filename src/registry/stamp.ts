import type { Decision } from '../catalog/index.js';
import type { Change, Put } from '../model/index.js';

/**
 * What this agent says of nodes and services, stamped with the time of saying it (sync/hlc.ts). Decisions write nothing
 * that is already so, hence what comes here is new or changed. All of one decision is said at once.
 */
export function stamped<T>(decided: Decision<T>, origin: string, tick: () => number): Decision<T> {
  if (!decided.changes.some((change) => isOurWord(change, origin))) return decided;
  const hlc = tick();
  const changes = decided.changes.map((change) =>
    isOurWord(change, origin) ? { ...change, row: { ...change.row, hlc } } : change,
  );
  return { ...decided, changes };
}

function isOurWord(change: Change, origin: string): change is Put {
  return change.op === 'put' && (change.row.kind === 'node' || change.row.kind === 'service')
    ? change.row.origin === origin
    : false;
}
