import { put, remove, sameRow } from '../../model/index.js';
import type { CatalogRow, Change, Owned, Row, RowKind, SessionRow, StateReader } from '../../model/index.js';
import { Head } from '../head/head.js';
import type { LockDelay } from './decision.js';
import { endSessions } from './session-end.js';

/**
 * A command of several steps: each step reads what the steps before it did. Nothing is written anywhere; in the end
 * there is one list of changes, or the draft is thrown away.
 */
export class Draft {
  readonly state: StateReader;
  readonly changes: Change[] = [];
  readonly lockDelays: LockDelay[] = [];
  readonly #head: Head;

  constructor(
    state: StateReader,
    /** Nobody speaks for the row any more: who repeats it takes it over. */
    private readonly isAbandoned: (row: Owned) => boolean = () => false,
  ) {
    this.#head = new Head(state);
    this.state = this.#head;
  }

  add(changes: readonly Change[]): void {
    if (changes.length === 0) return;
    this.#head.stage(changes);
    this.changes.push(...changes);
  }

  /**
   * Writes nothing when the row says what is there already: an idempotent write moves no index. Whose fact it is does
   * not make it another fact, unless it is nobody's.
   */
  putRow<R extends CatalogRow>(row: R, existing: R | undefined): void {
    if (existing && sameRow<Row>(row, existing) && !this.isAbandoned(existing)) return;
    this.add([put(row)]);
  }

  removeRow(kind: RowKind, id: string, node = ''): void {
    this.add([remove(kind, id, node)]);
  }

  endSessions(sessions: readonly SessionRow[]): void {
    const { changes, lockDelays } = endSessions(this.state, sessions);
    this.add(changes);
    this.lockDelays.push(...lockDelays);
  }
}
