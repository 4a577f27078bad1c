/** Two agents never both grant a lock: a key that one agent holds for a session is not given to another by a second one. */
import type { AppliedChange } from '../../../src/catalog/index.js';
import type { KvRow, Row } from '../../../src/model/index.js';
import type { Merge, Origin } from '../../../src/sync/index.js';
import type { Life } from '../agent/life.js';
import type { Watcher } from '../agent/watcher.js';
import { require } from './violation.js';

interface Grant {
  readonly by: Origin;
  readonly machine: Life['machine'];
  readonly session: string;
}

export class LockJudge implements Watcher {
  /** By datacenter and key. */
  private readonly grants = new Map<string, Grant>();

  /**
   * What its disk says is what it knows: an old copy brings old grants back, an empty one forgets them (docs/sync.md says
   * so of the home), and that is its operator's doing.
   */
  started(life: Life): void {
    for (const [key, { by, machine }] of this.grants) {
      if (by === life.origin || machine === life.machine) this.grants.delete(key);
    }
    for (const row of life.catalog.kvUnder('')) if (row.session !== '') this.note(life, row);
  }

  /** Sessions may end with what others say. */
  merged(life: Life, { target }: Merge, applied: readonly AppliedChange[]): void {
    if (target.type === 'local') this.committed(life, applied);
  }

  committed(life: Life, applied: readonly AppliedChange[]): void {
    for (const { before, after } of applied) {
      const freed = keyOf(before);
      if (freed && freed.session !== '' && keyOf(after)?.session !== freed.session) this.forget(life, freed);
      const held = keyOf(after);
      if (held && held.session !== '' && held.session !== freed?.session) this.grant(life, held);
    }
  }

  private grant(life: Life, row: KvRow): void {
    const other = this.grants.get(place(life, row));
    require(other === undefined || this.isAlone(life), 'LOCK', () =>
      `${life.self.name} gives ${row.key} to ${row.session}, which ${other?.by} gave to ${other?.session}`);
    require(life.isHome, 'LOCK', () => `${life.self.name} gives ${row.key} away and is not the home`);
    this.note(life, row);
  }

  /** Its own home because it never saw a peer: its keys are of a datacenter of its own. */
  private isAlone(life: Life): boolean {
    return life.machine.plan.primary === '';
  }

  private note(life: Life, row: KvRow): void {
    if (!this.isAlone(life))
      this.grants.set(place(life, row), { by: life.origin, machine: life.machine, session: row.session });
  }

  private forget(life: Life, row: KvRow): void {
    if (this.grants.get(place(life, row))?.by === life.origin) this.grants.delete(place(life, row));
  }
}

function keyOf(row: Row | undefined): KvRow | undefined {
  return row?.kind === 'kv' ? row : undefined;
}

function place(life: Life, { key }: KvRow): string {
  return `${life.self.datacenter} ${key}`;
}
