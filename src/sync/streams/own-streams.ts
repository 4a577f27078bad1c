import type { CatalogRow, Row, RowKind, RowRef } from '../../model/index.js';
import { limits, refKey, refOf } from '../../model/index.js';
import type { HybridClock } from '../hlc.js';
import type { StreamKind } from '../messages.js';
import { streamId } from '../messages.js';
import type { OwnInfo } from '../step/own-info.js';
import type { StepContext } from '../step/parts.js';
import type { LocalChange } from '../step/types.js';
import { areAtOneAddress } from './conflicts.js';
import type { Content } from './content.js';
import { contentOf } from './content.js';
import type { Holdings } from './holdings.js';
import { urgencyOf } from './pieces.js';
import type { RecentMerges } from './recent-merges.js';
import type { Said, SyncedRecord } from './record.js';
import type { Shadow } from './shadow-document.js';
import { shadowFor, shadowId } from './shadow-document.js';
import { headOf } from './space.js';
import type { IsLive } from './standing.js';
import { clockOf } from './standing.js';
import type { StepMerges } from './step-merges.js';
import type { Stream } from './stream.js';

/** What the local target holds of ours. */
export interface OwnHeld {
  readonly index: number;
  /** Of the kinds that streams are of. */
  readonly rows: Iterable<Row>;
  readonly shadows: Iterable<Shadow>;
}

export const kindsOf: Readonly<Record<StreamKind, ReadonlySet<RowKind>>> = {
  catalog: new Set(['node', 'service', 'check']),
  state: new Set(['kv', 'session', 'query', 'event', 'config']),
};

/**
 * What this agent says: the only streams whose versions it raises. Built when the first peer comes; until then the catalog
 * is all there is. Commands have changed the catalog by the time they are heard of here.
 */
export class OwnStreams {
  private catalog: Stream | undefined = undefined;
  private state: Stream | undefined = undefined;
  /** Up to where peers were sent what is new. */
  private readonly told = new Map<Stream, number>();
  /** Tombstones with a clock, until nobody holds what they delete. */
  private readonly deletions = new Set<SyncedRecord>();

  constructor(
    private readonly own: OwnInfo,
    private readonly holdings: Holdings,
    private readonly merges: StepMerges,
    private readonly recent: RecentMerges,
    private readonly clock: HybridClock,
    private readonly isLive: IsLive,
  ) {}

  get isBuilt(): boolean {
    return this.catalog !== undefined;
  }

  // ---- building

  build(held: OwnHeld, { now, wall }: StepContext): void {
    const catalog = this.begin('catalog');
    const state = this.begin('state');
    state.index = held.index;
    for (const row of held.rows) {
      const stream = kindsOf.catalog.has(row.kind) ? catalog : state;
      const hlc = hlcOf(row);
      this.clock.observe(hlc, wall);
      stream.space.restore(stream, refOf(row), ++stream.ver, { hlc, row }, 'row', now);
    }
    for (const shadow of held.shadows) this.buildShadow(catalog, shadow, now);
    for (const stream of [catalog, state]) this.beginAnew(stream);
  }

  /** A command that wrote the row again was remembered, what followed from it was not. */
  private buildShadow(catalog: Stream, shadow: Shadow, nowMs: number): void {
    const { space } = catalog;
    const { ref, hlc, row } = shadow;
    if (space.find(refKey(ref), catalog)) return this.merges.removeDocument(space, shadowId(shadow));
    const record = space.restore(catalog, ref, ++catalog.ver, { hlc, row }, 'shadow', nowMs);
    if (!row) this.deletions.add(record);
  }

  private begin(kind: StreamKind): Stream {
    const stream = this.holdings.addStream(streamId(this.own.info.origin, kind), this.holdings.local);
    if (kind === 'catalog') this.catalog = stream;
    else this.state = stream;
    return stream;
  }

  /** Everything is said again, under our incarnation of now. */
  raise(): Stream[] {
    const streams = [this.catalog, this.state].filter((stream) => stream !== undefined);
    for (const stream of streams) this.beginAnew(stream);
    return streams;
  }

  private beginAnew(stream: Stream): void {
    for (const record of stream.tombstones) stream.space.remove(record);
    stream.begin(this.own.info.inc);
    this.told.set(stream, stream.ver);
  }

  // ---- changing

  take(kind: StreamKind, index: number, changes: readonly LocalChange[], context: StepContext): void {
    const stream = kind === 'catalog' ? this.catalog : this.state;
    if (!stream) return;
    for (const change of changes) if (kindsOf[kind].has(change.ref.kind)) this.takeChange(stream, change, context);
    stream.index = Math.max(stream.index, index);
  }

  private takeChange(stream: Stream, change: LocalChange, context: StepContext): void {
    const { ref, before, after } = change;
    const key = refKey(ref);
    if (after && !this.isOurs(stream, after)) return this.reassert(stream, key, ref);
    const record = stream.space.find(key, stream);
    if (after) this.say(stream, ref, { hlc: hlcOf(after), row: after }, before, context);
    else {
      const hlc = this.deletionClock(stream, key, before);
      if (record?.row || hlc > 0) this.say(stream, ref, { hlc, row: undefined }, before, context);
    }
    this.overwritten(stream, key, change);
  }

  private isOurs(stream: Stream, row: Row): boolean {
    return stream.kind === 'state' || (isCatalogRow(row) && row.origin === stream.origin);
  }

  /**
   * A deletion is of what others hold under this identity as well, as far as the command could know: of the row that it
   * took over, of rows that may not have lost to ours yet. 0 when there is nothing of the kind; a live origin's instance
   * at another address is none of it, nor is what was registered again since.
   */
  private deletionClock(stream: Stream, key: string, before: Row | undefined): number {
    const { space } = stream;
    if (!before || !isCatalogRow(before)) return 0;
    if (before.origin !== stream.origin) return this.clockOfTaken(stream, key, before) + 1;
    if (space.find(key, stream)?.kept !== 'row') return 0;
    let latest = 0;
    for (const rival of space.holders(key)) {
      if (rival.stream === stream || !rival.row) continue;
      if (!this.isAnotherInstance(stream, before, rival))
        latest = Math.max(latest, clockOf(space, rival, this.isLive) ?? rival.hlc, hlcOf(before));
    }
    return latest && latest + 1;
  }

  /** A check is of the instance, or the node, that it belongs to; of that our part of the command may have gone before it. */
  private isAnotherInstance(stream: Stream, before: CatalogRow, rival: SyncedRecord): boolean {
    if (!rival.row || !this.isLive(rival.stream.origin)) return false;
    if (before.kind !== 'check' || rival.row.kind !== 'check') return !areAtOneAddress(before, rival.row);
    const theirs = stream.space.find(headOf(rival.row), rival.stream)?.row;
    if (!theirs) return false;
    const ours = stream.space.find(headOf(before), stream);
    return ours?.row ? !areAtOneAddress(ours.row, theirs) : ours?.hlc === 0;
  }

  /** -1 when it is not held any more. */
  private clockOfTaken({ space }: Stream, key: string, before: CatalogRow): number {
    for (const record of space.holders(key)) {
      if (record.stream.origin !== before.origin || !record.row) continue;
      return before.kind === 'check' ? (clockOf(space, record, this.isLive) ?? 0) : hlcOf(before);
    }
    return -1;
  }

  private say(stream: Stream, ref: RowRef, said: Said, before: Row | undefined, { now }: StepContext): void {
    const held = stream.space.find(refKey(ref), stream);
    if (!held && stream.records >= limits.streamRecords) return;
    const content = isContent(said) ? contentOf(ref, said.hlc, said.row) : undefined;
    if (held && content && isSame(held, said, content)) {
      held.row = said.row;
      return;
    }
    const record = stream.space.say(stream, ref, ++stream.ver, said, now, content);
    record.urgency = urgencyOf(before, said.row);
    if (!said.row && said.hlc > 0) this.deletions.add(record);
    else this.deletions.delete(record);
  }

  /** The catalog shows what a command wrote, whatever was merged before. */
  private overwritten(stream: Stream, key: string, change: LocalChange): void {
    const { ref, before, after } = change;
    const { space } = stream;
    const record = space.find(key, stream);
    const isWithdrawn = !after && (!before || (this.isOurs(stream, before) && record?.kept !== 'row'));
    if (!isWithdrawn) for (const holder of space.holders(key)) if (holder.kept === 'row') holder.kept = 'nowhere';
    if (after && record) {
      if (record.kept === 'shadow') this.merges.removeDocument(space, shadowId(shadowFor(record)));
      record.kept = 'row';
      record.isFresh = false;
    }
    if (before && !this.isOurs(stream, before)) this.takenOver(stream, key, change);
    const isDisputed = record?.rival !== undefined || space.first(key) !== record;
    if (isDisputed || this.recent.has(key)) this.reassert(stream, key, ref);
  }

  /** The command remembered what it hid, and that it did, by what it knew (takeover.ts). */
  private takenOver({ space, origin: self }: Stream, key: string, { ref, before, after }: LocalChange): void {
    const origins = [before && isCatalogRow(before) ? before.origin : '', ...(after ? [] : [self])];
    for (const origin of origins) {
      let held: SyncedRecord | undefined;
      for (const record of space.holders(key)) if (record.stream.origin === origin) held = record;
      if (held) [held.kept, held.isFresh] = ['shadow', true];
      else this.merges.removeDocument(space, shadowId({ origin, ref }));
    }
    this.merges.sync(space);
  }

  /** What the records say is written again, over whatever the catalog shows by now. */
  private reassert({ space }: Stream, key: string, ref: RowRef): void {
    this.merges.remove(space, ref);
    for (const holder of space.holders(key)) {
      if (holder.kept === 'row') holder.kept = 'nowhere';
      holder.isFresh = true;
    }
    space.unsettled.add(key);
  }

  /** Deletions that hide nothing any more, and did not for a while, become ordinary ones. */
  reviewDeletions(forMs: number, { now }: StepContext): void {
    for (const record of this.deletions) {
      if (this.hidesAnything(record)) record.goneSinceMs = now;
      else if (now - record.goneSinceMs >= forMs) {
        const { stream, ref } = record;
        stream.space.say(stream, ref, ++stream.ver, { hlc: 0, row: undefined }, now);
        record.urgency = 'metadata';
        this.deletions.delete(record);
      }
    }
  }

  private hidesAnything({ key, hlc, stream }: SyncedRecord): boolean {
    for (const rival of stream.space.holders(key)) {
      if (!rival.row) continue;
      const clock = clockOf(stream.space, rival, this.isLive);
      if (clock === undefined || clock < hlc) return true;
    }
    return false;
  }

  /** What is new since peers were told; asking is telling. */
  *news(): Iterable<{ readonly stream: Stream; readonly from: number }> {
    for (const [stream, from] of this.told) {
      if (stream.ver === from) continue;
      this.told.set(stream, stream.ver);
      yield { stream, from };
    }
  }
}

function isContent({ hlc, row }: Said): boolean {
  return row !== undefined || hlc > 0;
}

function isSame(held: SyncedRecord, said: Said, { hash0, hash1 }: Content): boolean {
  const isRow = held.row !== undefined;
  return held.isContent && isRow === (said.row !== undefined) && held.hash0 === hash0 && held.hash1 === hash1;
}

function hlcOf(row: Row): number {
  return isCatalogRow(row) ? (row.hlc ?? 0) : 0;
}

function isCatalogRow(row: Row): row is CatalogRow {
  return row.kind === 'node' || row.kind === 'service' || row.kind === 'check';
}
