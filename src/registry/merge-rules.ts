import type { SessionEnd } from '../catalog/index.js';
import { endSessions, sessionsOfCheck } from '../catalog/index.js';
import type { Change, SessionRow, StateReader } from '../model/index.js';
import { refOf } from '../model/index.js';

/**
 * What ends with changes that sync brings, by the rules of local commands (docs/contract.md section 3.6): sessions whose
 * check turned critical or went, or whose node went. Only the agent that is home to sessions has any.
 */
export function endedBy(head: StateReader, changes: readonly Change[]): SessionEnd {
  return endSessions(
    head,
    changes.flatMap((change) => endangered(head, change)),
  );
}

function endangered(head: StateReader, change: Change): readonly SessionRow[] {
  const { kind, node, id } = change.op === 'put' ? refOf(change.row) : change.ref;
  if (kind === 'node') return change.op === 'delete' ? Array.from(head.sessionsOf(node)) : [];
  if (kind !== 'check') return [];
  const before = head.check(node, id);
  const isCritical = change.op === 'put' && change.row.kind === 'check' && change.row.status === 'critical';
  const ends = change.op === 'put' ? isCritical && before?.status !== 'critical' : before !== undefined;
  return ends ? sessionsOfCheck(head, node, id) : [];
}
