import { limits } from '../../model/index.js';
import type { HybridClock } from '../hlc.js';
import type { DeltaMessage, DigestEntry, MemberInfo, SyncRecord } from '../messages.js';
import type { MembersPart, StepContext } from '../step/parts.js';
import type { StreamCounters } from './counters.js';
import type { Holdings } from './holdings.js';
import { urgencyOf } from './pieces.js';
import type { Replacement } from './replacement.js';
import { isSoundDelta } from './sound.js';
import type { Stream } from './stream.js';
import type { Transfer, Transfers } from './transfers.js';

/** What the intake tells the rest: how others hear of what it took. */
export interface IntakeEvents {
  /** A stream went on from a version, by the word of this peer. */
  advanced(stream: Stream, from: number, peer: MemberInfo, context: StepContext): void;
  /** A stream is another one than before. */
  replaced(stream: Stream, peer: MemberInfo, context: StepContext): void;
  /** The peer speaks of an incarnation that we do not know. */
  unknownIncarnation(stream: Stream, peer: MemberInfo, context: StepContext): void;
}

/**
 * Takes deltas of other origins' streams. One is applied exactly when it goes on from where we are, in the incarnation we
 * know; whatever else arrives, in any order and however often, changes nothing but what is asked for.
 */
export class Intake {
  constructor(
    private readonly holdings: Holdings,
    private readonly members: MembersPart,
    private readonly transfers: Transfers,
    private readonly replacement: Replacement,
    private readonly clock: HybridClock,
    private readonly counters: StreamCounters,
    private readonly events: IntakeEvents,
  ) {}

  delta(peer: MemberInfo, delta: DeltaMessage, context: StepContext): void {
    const stream = this.streamOf(peer, delta);
    if (!stream) {
      this.counters.refusedMessages++;
      return;
    }
    this.counters.receivedDeltas++;
    this.counters.receivedRecords += delta.records.length;
    stream.claim(delta.inc, delta.end, context.now);
    const transfer = this.transfers.of(stream.id);
    const own = transfer?.from === peer.origin ? transfer : undefined;
    if (own?.staging && goesOnStaging(own, delta)) this.stage(stream, own, peer, delta, context);
    else if (beginsAnew(stream, delta, own)) this.beginStaging(stream, peer, delta, context);
    else if (goesOn(stream, delta)) this.goOn(stream, own, peer, delta, context);
    else this.lack(stream, own, peer, delta, context);
  }

  /** Undefined: it is not this peer's to tell, or means nothing. */
  private streamOf(peer: MemberInfo, delta: DeltaMessage): Stream | undefined {
    const { stream: id, inc } = delta;
    if (!this.holdings.isFrom(id, peer) || !this.holdings.isWelcome(id, inc)) return undefined;
    const stream = this.holdings.streamOf(id);
    if (!isSoundDelta(delta, stream.space.datacenter)) return undefined;
    return stream.records + delta.records.length > limits.streamRecords ? undefined : stream;
  }

  private goOn(stream: Stream, own: Transfer | undefined, peer: MemberInfo, delta: DeltaMessage, context: StepContext) {
    if (stream.kind === 'state' && delta.to < delta.end) return this.beginStaging(stream, peer, delta, context);
    this.apply(stream, delta, delta.records, peer, context);
    if (!own || this.transfers.of(stream.id) !== own) return;
    if (delta.to < delta.end) this.transfers.goOn(own, context.now);
    else this.transfers.end(stream.id);
  }

  private apply(
    stream: Stream,
    { to, index }: Pick<DeltaMessage, 'to' | 'index'>,
    records: Iterable<SyncRecord>,
    peer: MemberInfo,
    context: StepContext,
  ): void {
    const { ver: before } = stream;
    if (to <= before) return;
    if (stream.kind === 'state' && index <= stream.index) return this.beginCopyAnew(stream, peer, context);
    for (const record of records) if (record.ver > before) this.say(stream, record, context);
    stream.ver = to;
    stream.index = index;
    this.holdings.touched.add(stream);
    this.events.advanced(stream, before, peer, context);
  }

  /** The home's disk was an older one, with the same content: its indexes went back all the same. */
  private beginCopyAnew(stream: Stream, peer: MemberInfo, { now }: StepContext): void {
    this.transfers.drop(stream.id);
    this.transfers.request({ stream: stream.id, from: peer.origin, isForced: true }, now);
  }

  private say(stream: Stream, { ref, ver, hlc, row }: SyncRecord, { now, wall }: StepContext): void {
    this.clock.observe(hlc, wall);
    const before = this.holdings.find(stream, ref)?.row;
    const record = stream.space.say(stream, ref, ver, { hlc, row }, now);
    record.urgency = urgencyOf(before, row);
  }

  private beginStaging(stream: Stream, peer: MemberInfo, delta: DeltaMessage, context: StepContext): void {
    const active = this.transfers.of(stream.id);
    const isWhole = delta.to === delta.end;
    if (active && active.from !== peer.origin && !isWhole) return;
    const own = active?.from === peer.origin ? active : undefined;
    const transfer = own ?? this.transfers.accept({ stream: stream.id, from: peer.origin }, context.now);
    if (transfer) this.stage(stream, transfer, peer, delta, context);
  }

  private stage(stream: Stream, transfer: Transfer, peer: MemberInfo, delta: DeltaMessage, context: StepContext): void {
    this.transfers.stage(transfer, delta);
    const { staging } = transfer;
    if (!staging || this.transfers.of(stream.id) !== transfer) return;
    if (staging.ver < staging.end) return this.transfers.goOn(transfer, context.now);
    this.transfers.end(stream.id);
    if (staging.isAnew) {
      if (this.replacement.replace(stream, transfer, staging, context)) this.events.replaced(stream, peer, context);
      return;
    }
    const records = [...staging.records.values()].map(({ record }) => record);
    if (staging.inc === stream.inc)
      this.apply(stream, { to: staging.ver, index: staging.index }, records, peer, context);
  }

  private lack(stream: Stream, own: Transfer | undefined, peer: MemberInfo, delta: DeltaMessage, context: StepContext) {
    if (delta.inc < stream.inc || (delta.inc === stream.inc && delta.to <= stream.ver)) return;
    // What was asked for is on its way and reaches further.
    if (own) return;
    if (delta.inc > stream.inc && stream.inc > 0) this.events.unknownIncarnation(stream, peer, context);
    else this.transfers.request({ stream: stream.id, from: peer.origin }, context.now);
  }

  /** Ours is exactly what the incarnation began with: it is that from now on, without a transfer. */
  adopt(stream: Stream, entry: DigestEntry): void {
    this.counters.adoptions++;
    this.replacement.adopt(stream, entry);
  }
}

/** A piece of the transfer under way. */
function goesOnStaging({ staging }: Transfer, delta: DeltaMessage): boolean {
  return staging?.inc === delta.inc && delta.prev > 0 && delta.prev <= staging.ver && delta.to > staging.ver;
}

/** From nothing, and it can be of use: later than what we have, or what we have cannot go on, or is damaged. */
function beginsAnew(stream: Stream, delta: DeltaMessage, own: Transfer | undefined): boolean {
  if (delta.prev > 0 || delta.inc < stream.inc) return false;
  if (delta.inc > stream.inc) return true;
  if (own?.isForced) return delta.end >= stream.ver;
  return delta.end > stream.ver && delta.gc > stream.ver;
}

/** All of a delta's versions up to where we are have been seen, and nothing that was forgotten is beyond that. */
function goesOn(stream: Stream, { inc, prev, gc }: DeltaMessage): boolean {
  return inc === stream.inc && prev <= stream.ver && gc <= stream.ver;
}
