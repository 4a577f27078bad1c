import type { HybridClock } from '../hlc.js';
import type { DigestEntry } from '../messages.js';
import type { MembersPart, StepContext } from '../step/parts.js';
import type { MergeTarget } from '../step/types.js';
import type { StreamCounters } from './counters.js';
import type { Holdings } from './holdings.js';
import { urgencyOf } from './pieces.js';
import type { SyncedRecord } from './record.js';
import type { Settlement } from './settlement.js';
import type { Stream } from './stream.js';
import type { ResetReason, StagedRecord, Staging, Transfer } from './transfers.js';

/** A stream becomes another one at once: what is the same stays as it is, so that nothing vanishes in between. */
export class Replacement {
  constructor(
    private readonly holdings: Holdings,
    private readonly members: MembersPart,
    private readonly settlement: Settlement,
    private readonly clock: HybridClock,
    private readonly counters: StreamCounters,
  ) {}

  /** False when it came too late, or cannot be shown. */
  replace(stream: Stream, transfer: Transfer, staging: Staging, context: StepContext): boolean {
    const { inc, ver, gc } = staging;
    if (inc < stream.inc || (inc === stream.inc && ver < stream.ver)) return false;
    if (stream.kind === 'state' && !this.prepareCopy(stream, staging)) return false;
    this.tell(stream, inc, transfer.isForced, context);
    this.dropOthers(stream, staging);
    for (const [key, staged] of staging.records) this.take(stream, key, staged, gc, context);
    stream.move(inc, ver, gc);
    stream.index = staging.index;
    if (transfer.base?.inc === inc) stream.setBase(transfer.base);
    this.changed(stream);
    return true;
  }

  adopt(stream: Stream, { inc, base }: DigestEntry): void {
    for (const record of stream.tombstones) this.settlement.release(stream.space, record);
    stream.begin(inc, { ver: base.ver, gc: base.ver });
    this.changed(stream);
  }

  /** Larger incarnations win: what is contested is decided anew. */
  private changed(stream: Stream): void {
    stream.space.unsettleContested();
    this.holdings.touched.add(stream);
  }

  private tell(stream: Stream, inc: number, isForced: boolean, { out }: StepContext): void {
    if (stream.inc === 0) return;
    const reason: ResetReason = inc > stream.inc ? 'incarnation' : isForced ? 'corrupt' : 'behind';
    if (reason === 'incarnation') this.counters.resetsIncarnation++;
    else if (reason === 'corrupt') this.counters.resetsCorrupt++;
    else this.counters.resetsBehind++;
    out.notices.push({ type: 'reset', stream: stream.id, reason });
  }

  private dropOthers(stream: Stream, { records, gc }: Staging): void {
    const dropped: SyncedRecord[] = [];
    for (let record = stream.oldest; record; record = record.newer) {
      const staged = records.get(record.key);
      if (!staged || isForgotten(staged, gc)) dropped.push(record);
    }
    for (const record of dropped) this.settlement.release(stream.space, record);
  }

  private take(stream: Stream, key: string, staged: StagedRecord, gc: number, { now, wall }: StepContext): void {
    if (isForgotten(staged, gc)) return;
    const { ref, ver, hlc, row } = staged.record;
    this.clock.observe(hlc, wall);
    const held = stream.space.find(key, stream);
    if (held && saysTheSame(held, staged)) return stream.renumber(held, ver);
    const before = held?.row;
    const record = stream.space.say(stream, ref, ver, { hlc, row }, now, staged.content);
    record.urgency = urgencyOf(before, row);
  }

  /**
   * A copy goes by the home's indexes. One of another index space, or of a home whose index went back (its disk was an
   * older one), begins anew. False when it can neither go on nor begin: at the same index nothing may change.
   */
  private prepareCopy(stream: Stream, staging: Staging): boolean {
    const { inc, index } = staging;
    const info = this.members.of(stream.origin)?.info;
    if (info?.inc !== inc) return false;
    const isSame = isOfSpace(stream.space.target, info.space);
    const goesOn = index > stream.index || (index === stream.index && isSameContent(stream, staging));
    return (isSame && goesOn) || this.beginCopy(stream, isSame ? `${info.space}${SPACE_END}${inc}` : info.space);
  }

  private beginCopy(stream: Stream, space: string): boolean {
    const { space: held } = stream;
    if (held.target.type === 'state' && held.target.space === space && stream.inc > 0) return false;
    for (let record = stream.oldest; record; record = stream.oldest) held.remove(record);
    held.target = { type: 'state', home: stream.origin, space };
    return true;
  }
}

const SPACE_END = '+';

/** Whether a copy's target is of the home's index space, as it was or begun anew. */
export function isOfSpace(target: MergeTarget, space: string): boolean {
  return target.type === 'state' && (target.space === space || target.space.startsWith(`${space}${SPACE_END}`));
}

function isSameContent(stream: Stream, { records }: Staging): boolean {
  let [hash0, hash1] = [stream.hash0, stream.hash1];
  for (const { content } of records.values()) {
    hash0 ^= content?.hash0 ?? 0;
    hash1 ^= content?.hash1 ?? 0;
  }
  return hash0 === 0 && hash1 === 0;
}

/** An ordinary deletion that is no longer spoken of. */
function isForgotten({ record, content }: StagedRecord, gc: number): boolean {
  return content === undefined && record.ver <= gc;
}

function saysTheSame(held: SyncedRecord, { record, content }: StagedRecord): boolean {
  if (!content || !held.isContent) return !content && !held.isContent;
  const isRow = held.row !== undefined;
  return isRow === (record.row !== undefined) && held.hash0 === content.hash0 && held.hash1 === content.hash1;
}
