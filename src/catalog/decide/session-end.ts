import { defaults, put, remove } from '../../model/index.js';
import type { Change, KvRow, SessionRow, StateReader } from '../../model/index.js';
import type { LockDelay } from './decision.js';

/**
 * How sessions end and what goes with them (docs/contract.md section 3.6). A session is a promise that its holder is
 * well: it ends when it is destroyed or not renewed, when any of its checks turns critical or is removed, and with its
 * node. Then its keys are released (LockIndex stays) or deleted, as it was created to, and rest under lock delay, so
 * that a holder that still believes in its lock may notice; prepared queries bound to it are deleted.
 */
export interface SessionEnd {
  readonly changes: readonly Change[];
  readonly lockDelays: readonly LockDelay[];
}

export function endSessions(state: StateReader, sessions: Iterable<SessionRow>): SessionEnd {
  const changes: Change[] = [];
  const lockDelays: LockDelay[] = [];
  const ended = new Set<string>();
  for (const session of sessions) {
    if (ended.has(session.id)) continue;
    ended.add(session.id);
    changes.push(remove('session', session.id));
    const delayMs = Math.min(session.lockDelayMs, defaults.maxLockDelayMs);
    for (const row of state.keysHeldBy(session.id)) {
      changes.push(freed(row, session.behavior));
      if (delayMs > 0) lockDelays.push({ key: row.key, delayMs });
    }
  }
  if (ended.size > 0) changes.push(...boundQueries(state, ended));
  return { changes, lockDelays };
}

/** Sessions that end because the check is critical or gone. */
export function sessionsOfCheck(state: StateReader, node: string, checkId: string): readonly SessionRow[] {
  const wanted = checkId.toLowerCase();
  return Array.from(state.sessionsOf(node)).filter((session) => checkIdsOf(session).has(wanted));
}

/** The checks a session depends on, folded: Consul finds them so. */
function checkIdsOf({ nodeChecks, checks, serviceChecks }: SessionRow): ReadonlySet<string> {
  return new Set(
    [...nodeChecks, ...checks, ...(serviceChecks ?? []).map(({ ID }) => ID)].map((id) => id.toLowerCase()),
  );
}

function freed(row: KvRow, behavior: SessionRow['behavior']): Change {
  return behavior === 'delete' ? remove('kv', row.key) : put({ ...row, session: '' });
}

function boundQueries(state: StateReader, ended: ReadonlySet<string>): Change[] {
  return Array.from(state.queries())
    .filter(({ session }) => ended.has(session))
    .map(({ id }) => remove('query', id));
}
