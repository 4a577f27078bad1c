import type { CheckRow } from '../../model/index.js';
import { refKey } from '../../model/index.js';
import type { Origin } from '../messages.js';
import type { MemberView } from '../step/parts.js';
import type { SyncedRecord } from './record.js';

/** The check by which an agent says that its node is there; written by the registry of each. */
const NODE_CHECK = 'serfHealth';
const UNREACHABLE = 'Agent not live or unreachable';

/**
 * Liveness as each agent sees it: the node check of an origin held dead is shown as critical over what its owner said
 * last. Never a record, never on disk, gone as soon as the origin lives.
 */
export class Overlay {
  /** By origin, the identity of its node check. */
  private readonly dead = new Map<Origin, string>();

  lay({ info }: MemberView): string {
    const key = refKey({ kind: 'check', node: info.node.toLowerCase(), id: NODE_CHECK });
    this.dead.set(info.origin, key);
    return key;
  }

  /** Which identity is uncovered; undefined when nothing lay on this origin. */
  lift(origin: Origin): string | undefined {
    const key = this.dead.get(origin);
    this.dead.delete(origin);
    return key;
  }

  covers({ key, stream }: SyncedRecord): boolean {
    return this.dead.get(stream.origin) === key;
  }

  /** As it is shown. */
  over(record: SyncedRecord): CheckRow | undefined {
    const { row } = record;
    if (row?.kind !== 'check' || !this.covers(record)) return undefined;
    return { ...row, status: 'critical', output: UNREACHABLE };
  }
}
