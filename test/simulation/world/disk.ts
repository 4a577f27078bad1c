/**
 * The data directory of an agent, as the embedded store keeps it: synced commits survive everything, lazy ones follow in
 * order and are lost from some point on in a crash, volatile ones are never written. Indexes follow the stores' own rules.
 */
import { refKey, refOf } from '../../../src/model/index.js';
import type { Change, CommitOptions, Row } from '../../../src/model/index.js';
import { indexesOf, indexOf } from '../../../src/store/changes.js';

interface Commit {
  readonly index: number;
  readonly changes: readonly Change[];
  readonly options: CommitOptions;
}

export interface DiskImage {
  readonly rows: ReadonlyMap<string, Row>;
  readonly index: number;
}

export class Disk {
  private rows = new Map<string, Row>();
  /** Lazy commits that are not synced yet. */
  private tail: Commit[] = [];
  /** Of the newest commit, whether on disk or not. */
  private index = 0;
  private syncedIndex = 0;

  get lastIndex(): number {
    return this.index;
  }

  /** Returns the commit's index. */
  commit(changes: readonly Change[], options: CommitOptions): number {
    const index = indexOf(this.index, changes, options);
    this.index = index;
    if (options.durability === 'volatile') return index;
    this.tail.push({ index, changes, options });
    if (options.durability === 'synced') this.sync();
    return index;
  }

  sync(): void {
    for (const commit of this.tail) this.write(commit);
    this.tail = [];
  }

  /** What is left of the tail is what had reached the disk by chance: a beginning of it. Returns how many commits are lost. */
  crash(keptShare: number): number {
    const kept = Math.floor(this.tail.length * keptShare);
    const lost = this.tail.length - kept;
    const isCopy = this.tail.some(({ options }) => options.at !== undefined);
    this.tail = this.tail.slice(0, kept);
    this.sync();
    // What a copy lost comes again under the same indexes.
    if (isCopy) this.index = this.syncedIndex;
    return lost;
  }

  image(): DiskImage {
    return { rows: new Map(this.rows), index: this.syncedIndex };
  }

  /** The whole directory as it was once, its index too. */
  restore(image: DiskImage): void {
    this.rows = new Map(image.rows);
    this.index = image.index;
    this.syncedIndex = image.index;
    this.tail = [];
  }

  /** What a start finds. */
  held(): readonly Row[] {
    return [...this.rows.values()];
  }

  private write({ index, changes, options }: Commit): void {
    this.syncedIndex = index;
    for (const change of changes) {
      if (change.op === 'delete') this.rows.delete(refKey(change.ref));
      else {
        const key = refKey(refOf(change.row));
        this.rows.set(key, { ...change.row, ...indexesOf(change, this.rows.get(key), index, options) });
      }
    }
  }
}
