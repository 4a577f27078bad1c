import type { Change, Row, SyncDocument } from '../../model/index.js';
import { refKey, refOf } from '../../model/index.js';
import type { Held, Merge, MergeTarget } from '../../sync/index.js';

interface Content {
  index: number;
  readonly rows: Map<string, Row>;
  readonly documents: Map<string, SyncDocument>;
}

/** What one target holds: on disk, since the last sync, and as it is seen. */
export class MeshShelf {
  private synced: Content = emptyContent();
  private content: Content = emptyContent();
  private unsynced: (readonly Change[])[] = [];
  private readonly seen = new Map<string, Row>();

  constructor(readonly target: MergeTarget) {}

  get index(): number {
    return this.content.index;
  }

  row(key: string): Row | undefined {
    return this.content.rows.get(key);
  }

  hasDocument(id: string): boolean {
    return this.content.documents.has(refKey({ kind: 'sync', node: '', id }));
  }

  commit({ changes, durability, at }: Omit<Merge, 'target'>): void {
    if (durability === 'volatile') {
      for (const change of changes) if (change.op === 'put') this.seen.set(keyOf(change), change.row);
      return;
    }
    this.content.index = this.nextIndex(changes, at);
    apply(changes, this.content);
    for (const change of changes) this.seen.delete(keyOf(change));
    this.unsynced.push(changes);
    if (durability === 'synced') this.sync();
  }

  private nextIndex(changes: readonly Change[], at: number | undefined): number {
    const isNews = changes.some((change) => !isDocument(change));
    if (at === undefined) return this.index + 1;
    if (at < this.index || (at === this.index && isNews)) throw new Error(`rows at index ${at} after ${this.index}`);
    return at;
  }

  sync(): void {
    for (const changes of this.unsynced) apply(changes, this.synced);
    this.unsynced = [];
    this.synced.index = this.content.index;
  }

  /** What was not synced is lost, and what was only seen, always. */
  restart(how: 'stopped' | 'crashed'): void {
    if (how === 'stopped') this.sync();
    this.unsynced = [];
    this.content = copyOf(this.synced);
    this.seen.clear();
  }

  copy(): MeshShelf {
    const shelf = new MeshShelf(this.target);
    shelf.content = copyOf(this.synced);
    shelf.synced = copyOf(this.synced);
    return shelf;
  }

  /** As readers see it, by identity, without what is each agent's own. */
  shown(): ReadonlyMap<string, string> {
    const shown = new Map<string, string>();
    for (const [key, stored] of this.content.rows) {
      const { createIndex: _create, modifyIndex: _modify, ...row } = this.seen.get(key) ?? stored;
      shown.set(key, textOf(row));
    }
    return new Map([...shown].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }

  held(): Held {
    const { index, rows, documents } = this.content;
    return { target: this.target, index, rows: [...rows.values()], documents: [...documents.values()] };
  }
}

function apply(changes: readonly Change[], { rows, documents }: Content): void {
  for (const change of changes) {
    const key = keyOf(change);
    if (change.op === 'delete') (isDocument(change) ? documents : rows).delete(key);
    else if (change.row.kind === 'sync') documents.set(key, change.row);
    else rows.set(key, change.row);
  }
}

function keyOf(change: Change): string {
  return refKey(change.op === 'put' ? refOf(change.row) : change.ref);
}

function isDocument(change: Change): boolean {
  return (change.op === 'put' ? change.row.kind : change.ref.kind) === 'sync';
}

function textOf(row: object): string {
  const fields = Object.entries(row).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(fields, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
}

function emptyContent(): Content {
  return { index: 0, rows: new Map(), documents: new Map() };
}

function copyOf({ index, rows, documents }: Content): Content {
  return { index, rows: new Map(rows), documents: new Map(documents) };
}
