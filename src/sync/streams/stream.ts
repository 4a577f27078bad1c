/**
 * The records of one origin in the order of their versions, each with its latest only: a compacting log. Saying one anew
 * moves it to the end, so what came after a version is found from the end in as many steps as there are changes.
 */
import type { Hash, Origin, Position, StreamId, StreamKind } from '../messages.js';
import { streamKind, streamOrigin } from '../messages.js';
import type { Content } from './content.js';
import { contentOf } from './content.js';
import type { ExportFilter } from './export-filter.js';
import type { Said, SyncedRecord } from './record.js';
import { serviceOf } from './record.js';
import type { Space } from './space.js';

export interface Base {
  readonly ver: number;
  readonly hash: Hash;
}

/** A running XOR over the records that one filter shows. */
interface FilteredHash {
  hash0: number;
  hash1: number;
  /** What it was when the incarnation began, where that is known. */
  base: Base;
}

const NO_BASE: Base = { ver: 0, hash: [0, 0] };

export class Stream {
  readonly origin: Origin;
  readonly kind: StreamKind;
  inc = 0;
  ver = 0;
  /** Ordinary tombstones up to here may have been forgotten. */
  gc = 0;
  /** State streams: the home's index at `ver`. */
  index = 0;
  /** The furthest position that anybody claimed, and since when we are behind it (monotonic ms). */
  claimed: Position = { inc: 0, ver: 0 };
  behindSinceMs: number | undefined = undefined;
  /** When it may be fetched anew because its content differs, and how long that waits next time. */
  corruptUntilMs = 0;
  corruptWaitMs = 0;
  /** When a peer may be asked again about an incarnation that it spoke of. Monotonic ms. */
  askedUntilMs = 0;
  base: Base = NO_BASE;
  /** Raised when versions are given anew within an incarnation: a transfer under way cannot go on. */
  epoch = 0;
  hash0 = 0;
  hash1 = 0;
  /** Rows and tombstones with a clock. */
  contents = 0;
  rows = 0;
  records = 0;
  oldest: SyncedRecord | undefined = undefined;
  newest: SyncedRecord | undefined = undefined;
  /** Ordinary ones, in order of their versions. */
  readonly tombstones = new Set<SyncedRecord>();
  private readonly filtered = new Map<ExportFilter, FilteredHash>();
  /** Where a walk over many pieces has come to. */
  private bookmark: { readonly record: SyncedRecord; readonly ver: number } | undefined = undefined;

  constructor(
    readonly id: StreamId,
    readonly space: Space,
  ) {
    this.origin = streamOrigin(id);
    this.kind = streamKind(id);
  }

  // ---- changing

  /** The record says something else, or the same, under a higher version. */
  say(record: SyncedRecord, ver: number, said: Said, nowMs: number, content?: Content): void {
    this.leaveContent(record);
    const wasRow = record.row !== undefined;
    record.ver = ver;
    record.hlc = said.hlc;
    record.row = said.row;
    if (said.row) noteService(record, serviceOf(said.row));
    else if (wasRow || record.goneSinceMs === 0) record.goneSinceMs = nowMs;
    this.enterContent(record, content);
    this.moveToEnd(record);
  }

  /** Says the same under another version. */
  renumber(record: SyncedRecord, ver: number): void {
    record.ver = ver;
    this.moveToEnd(record);
    if (this.tombstones.delete(record)) this.tombstones.add(record);
  }

  remove(record: SyncedRecord): void {
    this.leaveContent(record);
    this.unlink(record);
    this.records--;
  }

  /**
   * An incarnation begins with exactly what there is, which is content only: versions 1… in the order they are in. Of a
   * foreign one its origin counts more (`ver`) where a filter left some out, and true versions are not known (`gc`).
   */
  begin(inc: number, of?: { readonly ver: number; readonly gc: number }): void {
    let ver = 0;
    for (let record = this.oldest; record; record = record.newer) record.ver = ++ver;
    this.move(inc, of?.ver ?? ver, of?.gc ?? 0);
    this.setBase({ ver: this.ver, hash: [this.hash0, this.hash1] });
  }

  /** Versions were given anew. */
  move(inc: number, ver: number, gc: number): void {
    this.inc = inc;
    this.ver = ver;
    this.gc = gc;
    this.epoch++;
    this.bookmark = undefined;
    this.setBase(NO_BASE);
  }

  /** Where the incarnation began: known from others, or because we are there. */
  setBase(base: Base): void {
    this.base = base;
    for (const state of this.filtered.values()) state.base = this.baseOf(state);
  }

  private baseOf({ hash0, hash1 }: Pick<FilteredHash, 'hash0' | 'hash1'>): Base {
    return this.ver === this.base.ver ? { ver: this.ver, hash: [hash0, hash1] } : NO_BASE;
  }

  private leaveContent(record: SyncedRecord): void {
    this.tombstones.delete(record);
    if (record.ver === 0 || !record.isContent) return;
    this.contents--;
    if (record.row) this.rows--;
    this.mix(record);
  }

  private enterContent(record: SyncedRecord, known: Content | undefined): void {
    if (!record.isContent) {
      record.bytes = TOMBSTONE_BYTES + record.key.length;
      this.tombstones.add(record);
      return;
    }
    const content = known ?? contentOf(record.ref, record.hlc, record.row);
    record.hash0 = content.hash0;
    record.hash1 = content.hash1;
    record.bytes = content.bytes;
    this.contents++;
    if (record.row) this.rows++;
    this.mix(record);
  }

  private mix(record: SyncedRecord): void {
    this.hash0 = (this.hash0 ^ record.hash0) >>> 0;
    this.hash1 = (this.hash1 ^ record.hash1) >>> 0;
    for (const [filter, state] of this.filtered) if (filter.shows(record)) mixInto(state, record);
  }

  private moveToEnd(record: SyncedRecord): void {
    if (this.newest === record) return;
    if (record.older || record.newer || this.oldest === record) this.unlink(record);
    else this.records++;
    record.older = this.newest;
    if (this.newest) this.newest.newer = record;
    else this.oldest = record;
    this.newest = record;
  }

  private unlink(record: SyncedRecord): void {
    if (record.older) record.older.newer = record.newer;
    else this.oldest = record.newer;
    if (record.newer) record.newer.older = record.older;
    else this.newest = record.older;
    record.older = undefined;
    record.newer = undefined;
  }

  // ---- reading

  get position(): Position {
    return { inc: this.inc, ver: this.ver };
  }

  /** Somebody knows so much of it. */
  claim(inc: number, ver: number, nowMs: number): void {
    if (inc < this.claimed.inc || (inc === this.claimed.inc && ver <= this.claimed.ver)) return;
    this.claimed = { inc, ver };
    if (this.isBehind) this.behindSinceMs ??= nowMs;
  }

  get isBehind(): boolean {
    const { inc, ver } = this.claimed;
    return inc > this.inc || (inc === this.inc && ver > this.ver);
  }

  /** Records after a version, in order. Not to be changed meanwhile. */
  *after(ver: number): Iterable<SyncedRecord> {
    for (let record = this.firstAfter(ver); record; record = record.newer) {
      yield record;
      this.bookmark = { record, ver: record.ver };
    }
  }

  private firstAfter(ver: number): SyncedRecord | undefined {
    const mark = this.bookmark;
    if (mark?.ver === ver && mark.record.ver === ver && this.has(mark.record)) return mark.record.newer;
    if (this.oldest && this.oldest.ver > ver) return this.oldest;
    let first: SyncedRecord | undefined;
    for (let record = this.newest; record && record.ver > ver; record = record.older) first = record;
    return first;
  }

  private has(record: SyncedRecord): boolean {
    return record.older !== undefined || record.newer !== undefined || this.oldest === record;
  }

  /** As seen through a filter: counted once in full, kept up from then on. */
  hashFor(filter: ExportFilter | undefined): Hash {
    if (!filter) return [this.hash0, this.hash1];
    const state = this.filteredFor(filter);
    return [state.hash0, state.hash1];
  }

  baseFor(filter: ExportFilter | undefined): Base {
    return filter ? this.filteredFor(filter).base : this.base;
  }

  private filteredFor(filter: ExportFilter): FilteredHash {
    const known = this.filtered.get(filter);
    if (known) return known;
    const state: FilteredHash = { hash0: 0, hash1: 0, base: NO_BASE };
    for (let record = this.oldest; record; record = record.newer) {
      if (record.isContent && filter.shows(record)) mixInto(state, record);
    }
    state.base = this.baseOf(state);
    this.filtered.set(filter, state);
    return state;
  }
}

const TOMBSTONE_BYTES = 16;

function mixInto(state: FilteredHash, record: SyncedRecord): void {
  state.hash0 = (state.hash0 ^ record.hash0) >>> 0;
  state.hash1 = (state.hash1 ^ record.hash1) >>> 0;
}

function noteService(record: SyncedRecord, service: string): void {
  if (record.service !== undefined && record.service !== service) record.wasOfOthers = true;
  record.service = service;
}
