/**
 * Everything every agent ever said of its own rows, as its own commits show it: the truth that judges compare others
 * with. It reads no word of sync's but the position of an origin's own stream, which dates what was said.
 */
import type { AppliedChange } from '../../../src/catalog/index.js';
import type { Row, RowRef } from '../../../src/model/index.js';
import { refKey, refOf } from '../../../src/model/index.js';
import type { Origin, Position } from '../../../src/sync/index.js';
import type { SyncInput } from '../../../src/sync/step/types.js';
import type { Life } from '../agent/life.js';
import type { Watcher } from '../agent/watcher.js';
import { saying } from './canonical.js';

/** One thing said of one row. */
export interface Saying {
  /** undefined = it is gone. */
  readonly text: string | undefined;
  readonly row: Row | undefined;
  readonly atMs: number;
  /** The position of the stream from which on this is included; undefined until the step heard of it. */
  position: Position | undefined;
}

const OF_CATALOG: ReadonlySet<string> = new Set(['node', 'service', 'check']);

export class Chronicle implements Watcher {
  /** By origin, then by row: in the order in which it was said. */
  readonly said = new Map<Origin, Map<string, Saying[]>>();
  private readonly undated = new Map<Origin, Saying[]>();
  private readonly heard = new WeakMap<Life, number>();

  /** `clockErrorMs`: how far the wall clocks of two agents may ever differ. */
  constructor(private readonly clockErrorMs: number) {}

  started(life: Life): void {
    const now = new Map<string, Row>();
    for (const row of ownRows(life)) now.set(refKey(refOf(row)), row);
    for (const [key, list] of this.of(life.origin)) {
      if (list.at(-1)?.row && !now.has(key)) this.add(life, key, undefined);
    }
    for (const [key, row] of now) {
      if (this.last(life.origin, key)?.text !== saying(row)) this.add(life, key, row);
    }
    this.heard.set(life, this.undated.get(life.origin)?.length ?? 0);
    this.date(life);
  }

  committed(life: Life, applied: readonly AppliedChange[]): void {
    for (const { before, after } of applied) {
      const row = after ?? before;
      if (!row || !OF_CATALOG.has(row.kind)) continue;
      this.add(life, refKey(refOf(row)), after);
    }
  }

  withdrawn(life: Life, ref: RowRef): void {
    this.add(life, refKey(ref), undefined);
  }

  stepped(life: Life, input: SyncInput): void {
    if (input.type === 'local' && input.kind === 'catalog') this.hear(life, input.changes.length);
    this.date(life);
  }

  /** What an origin last said of a row. */
  last(origin: Origin, key: string): Saying | undefined {
    return this.said.get(origin)?.get(key)?.at(-1);
  }

  of(origin: Origin): Map<string, Saying[]> {
    const known = this.said.get(origin) ?? new Map<string, Saying[]>();
    this.said.set(origin, known);
    return known;
  }

  /** Whether anybody else said of a row that it is gone, and may by its clock have done so later. */
  isDeletedByOthers(ref: RowRef, origin: Origin, since: Saying): boolean {
    const key = refKey(ref);
    const fromMs = since.atMs - this.clockErrorMs;
    for (const [other, rows] of this.said) {
      if (other !== origin && rows.get(key)?.some(({ row, atMs }) => !row && atMs >= fromMs)) return true;
    }
    return false;
  }

  private add(life: Life, key: string, row: Row | undefined): void {
    const rows = this.of(life.origin);
    const list = rows.get(key) ?? [];
    rows.set(key, list);
    const entry: Saying = {
      text: row && saying(row),
      row,
      atMs: life.environment.queue.nowMs,
      position: undefined,
    };
    list.push(entry);
    const undated = this.undated.get(life.origin) ?? [];
    this.undated.set(life.origin, undated);
    undated.push(entry);
  }

  /** The step was told of so many more of those that have no date. */
  private hear(life: Life, count: number): void {
    this.heard.set(life, (this.heard.get(life) ?? 0) + count);
  }

  /** A stream has no versions before somebody asks for it: then what was said until then is what it begins with. */
  private date(life: Life): void {
    const heard = this.heard.get(life) ?? 0;
    const position = life.state.streams.position(life.origin);
    if (heard === 0 || position.ver === 0) return;
    this.heard.set(life, 0);
    const undated = this.undated.get(life.origin) ?? [];
    for (const entry of undated.splice(0, heard)) entry.position = position;
  }
}

/** Those that another's row hides among them: they stand in documents. */
function ownRows(life: Life): Row[] {
  const { catalog } = life.local;
  const shown = catalog.rows().rows.filter((row) => OF_CATALOG.has(row.kind));
  const hidden = Array.from(catalog.documents()).flatMap(({ id, body }) =>
    id.startsWith('shadow/') ? (((body as { readonly row: unknown }).row as Row | null) ?? []) : [],
  );
  return [...shown, ...hidden].filter((row) => 'origin' in row && row.origin === life.origin);
}
