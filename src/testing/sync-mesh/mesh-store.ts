import type { Row, SyncDocument } from '../../model/index.js';
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
      for (const change of changes) if (change.op === 'put') this.seen.set(refKey(refOf(change.row)), change.row);
      return;
    }
    this.content.index = this.nextIndex(changes, at);
    for (const change of changes) {
      const key = refKey(change.op === 'put' ? refOf(change.row) : change.ref);
      const target: Map<string, Row | SyncDocument> = key.startsWith('sync')
        ? this.content.documents
        : this.content.rows;
      if (!key.startsWith('sync')) this.seen.delete(key);
      if (change.op === 'put') target.set(key, change.row);
      else target.delete(key);
    }
    if (durability === 'synced') this.sync();
  }

  private nextIndex(changes: Merge['changes'], at: number | undefined): number {
    const isNews = changes.some((change) => (change.op === 'put' ? change.row.kind : change.ref.kind) !== 'sync');
    if (at === undefined) return this.index + 1;
    if (at < this.index || (at === this.index && isNews)) throw new Error(`rows at index ${at} after ${this.index}`);
    return at;
  }

  sync(): void {
    this.synced = copyOf(this.content);
  }

  /** What was not synced is lost, and what was only seen, always. */
  restart(how: 'stopped' | 'crashed'): void {
    if (how === 'stopped') this.sync();
    this.content = copyOf(this.synced);
    this.seen.clear();
  }

  copy(): MeshShelf {
    const shelf = new MeshShelf(this.target);
    shelf.content = copyOf(this.synced);
    shelf.sync();
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
