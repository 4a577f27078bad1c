/**
 * What two agents know is compared by a summary of a few bytes; where it differs, by a digest of every stream's position
 * and content. Whoever gets a digest asks for what it lacks and offers what the other lacks: one exchange repairs both.
 */
import { defaults, limits } from '../../model/index.js';
import type { DigestEntry, Hash, MemberInfo, Message, Position } from '../messages.js';
import { streamOrigin } from '../messages.js';
import type { OwnInfo } from '../step/own-info.js';
import type { MembersPart, StepContext } from '../step/parts.js';
import type { Acks } from './acks.js';
import { positionHash } from './content.js';
import type { StreamCounters } from './counters.js';
import type { Holdings } from './holdings.js';
import type { Intake } from './intake.js';
import { piecesAfter } from './pieces.js';
import { isOfSpace } from './replacement.js';
import { isSoundEntry } from './sound.js';
import type { Stream } from './stream.js';
import type { Transfers } from './transfers.js';

interface Answer {
  readonly entries: DigestEntry[];
  unaskedBytes: number;
}

export class Digests {
  constructor(
    private readonly own: OwnInfo,
    private readonly holdings: Holdings,
    private readonly members: MembersPart,
    private readonly acks: Acks,
    private readonly transfers: Transfers,
    private readonly intake: Intake,
    private readonly counters: StreamCounters,
  ) {}

  // ---- saying

  sendSummary(peer: MemberInfo, { out }: StepContext): void {
    this.counters.summariesSent++;
    const message = { type: 'summary', hash: this.summaryFor(peer), members: this.members.summaryHash() } as const;
    out.sends.push({ to: peer.origin, message, priority: 'control' });
  }

  /** Of these streams alone. */
  sendEntries(peer: MemberInfo, streams: Iterable<Stream>, { out }: StepContext): void {
    const entries = Array.from(streams, (stream) => this.entryFor(stream, peer));
    if (entries.length === 0) return;
    out.sends.push({ to: peer.origin, message: { type: 'digest', entries, answer: true }, priority: 'control' });
  }

  private sendDigest(peer: MemberInfo, { out }: StepContext): void {
    this.counters.digestsSent++;
    const entries = this.concerning(peer).map((stream) => this.entryFor(stream, peer));
    out.sends.push({ to: peer.origin, message: { type: 'digest', entries, answer: false }, priority: 'control' });
  }

  private concerning(peer: MemberInfo): Stream[] {
    return [...this.holdings.streams.values()].filter(
      (stream) => stream.inc > 0 && this.holdings.concerns(stream, peer),
    );
  }

  private summaryFor(peer: MemberInfo): Hash {
    let [hash0, hash1] = [0, 0];
    for (const stream of this.concerning(peer)) {
      const [a, b] = stream.hashFor(this.holdings.filterFor(peer, stream));
      const mixed = positionHash(stream.id, stream.inc, stream.ver, a, b);
      hash0 ^= mixed.hash0;
      hash1 ^= mixed.hash1;
    }
    return [hash0 >>> 0, hash1 >>> 0];
  }

  private entryFor(stream: Stream, peer: MemberInfo): DigestEntry {
    const filter = this.holdings.filterFor(peer, stream);
    const { id, inc, ver } = stream;
    const firsthand = this.isFirsthand(stream);
    return { stream: id, inc, ver, hash: stream.hashFor(filter), base: stream.baseFor(filter), firsthand };
  }

  /** Ours, or its origin is connected; of another datacenter, anybody there. */
  private isFirsthand(stream: Stream): boolean {
    if (stream.origin === this.own.info.origin) return true;
    if (stream.space.datacenter === this.own.info.datacenter)
      return this.members.of(stream.origin)?.isConnected === true;
    return this.members.remotePeers().some(({ datacenter }) => datacenter === stream.space.datacenter);
  }

  // ---- hearing

  summary(peer: MemberInfo, { hash }: Message & { readonly type: 'summary' }, context: StepContext): void {
    const [a, b] = this.summaryFor(peer);
    if (a !== hash[0] || b !== hash[1]) return this.sendDigest(peer, context);
    this.counters.summariesEqual++;
    for (const stream of this.concerning(peer)) this.acks.set(peer.origin, stream.id, stream);
  }

  digest(peer: MemberInfo, { entries, answer }: Message & { readonly type: 'digest' }, context: StepContext): void {
    this.counters.digestsReceived++;
    const back: Answer = { entries: [], unaskedBytes: 0 };
    const named = new Set<string>();
    for (const entry of entries) {
      named.add(entry.stream);
      if (isSoundEntry(entry)) this.compare(peer, entry, back, context);
      else this.counters.refusedMessages++;
    }
    if (!answer) {
      for (const stream of this.concerning(peer)) {
        if (!named.has(stream.id)) this.offer(peer, stream, { inc: 0, ver: 0 }, back, context);
      }
    }
    if (back.entries.length === 0) return;
    const message = { type: 'digest', entries: back.entries, answer: true } as const;
    context.out.sends.push({ to: peer.origin, message, priority: 'control' });
  }

  private compare(peer: MemberInfo, entry: DigestEntry, back: Answer, context: StepContext): void {
    if (streamOrigin(entry.stream) === this.own.info.origin) return this.compareOwn(peer, entry, back, context);
    const stream = this.welcome(peer, entry);
    if (!stream) return;
    const isTeller = this.holdings.isFrom(stream.id, peer);
    if (isTeller) stream.claim(entry.inc, entry.ver, context.now);
    this.acks.set(peer.origin, stream.id, entry);
    if (isAhead(entry, stream)) {
      if (isTeller) this.fetch(peer, stream, entry, context);
    } else if (isAhead(stream, entry)) this.offer(peer, stream, entry, back, context);
    else this.compareContent(peer, stream, entry, back, context);
  }

  /** The stream that an entry is of, unless nothing is to be known of it here. */
  private welcome(peer: MemberInfo, { stream: id, inc }: DigestEntry): Stream | undefined {
    const held = this.holdings.streams.get(id);
    if (held) return this.holdings.concerns(held, peer) && this.holdings.isWelcome(id, inc) ? held : undefined;
    if (!this.holdings.isFrom(id, peer) || !this.holdings.isWelcome(id, inc)) return undefined;
    return this.holdings.streamOf(id);
  }

  private compareOwn(peer: MemberInfo, entry: DigestEntry, back: Answer, context: StepContext): void {
    const stream = this.holdings.streams.get(entry.stream);
    if (!stream || !this.holdings.concerns(stream, peer)) return;
    if (isAhead(entry, stream)) {
      this.counters.incarnationsRaised++;
      return this.own.raiseAbove(entry.inc, context);
    }
    this.acks.set(peer.origin, stream.id, entry);
    if (isAhead(stream, entry)) this.offer(peer, stream, entry, back, context);
    else if (this.differs(peer, stream, entry)) back.entries.push(this.entryFor(stream, peer));
  }

  private fetch(peer: MemberInfo, stream: Stream, entry: DigestEntry, context: StepContext): void {
    if (entry.inc > stream.inc && this.isBaseOf(stream, entry)) {
      this.transfers.drop(stream.id);
      this.intake.adopt(stream, entry);
      if (entry.ver === stream.ver) return;
    }
    const base = { inc: entry.inc, ...entry.base };
    this.transfers.request({ stream: stream.id, from: peer.origin, base }, context.now);
  }

  private isBaseOf(stream: Stream, { inc, base }: DigestEntry): boolean {
    if (stream.contents > base.ver || !isSameHash(stream.hashFor(undefined), base.hash)) return false;
    if (stream.kind === 'catalog') return true;
    const info = this.members.of(stream.origin)?.info;
    return info?.inc === inc && stream.inc > 0 && isOfSpace(stream.space.target, info.space);
  }

  /** What the peer lacks: a little is sent at once, of more it is told, so that it asks one of those who have it. */
  private offer(peer: MemberInfo, stream: Stream, from: Position, back: Answer, context: StepContext): void {
    if (!this.holdings.isFor(stream, peer)) return;
    const isPlain = from.inc === stream.inc && from.ver >= stream.gc;
    const isSent = (isPlain || from.inc === 0) && this.sendUnasked(peer, stream, isPlain ? from.ver : 0, back, context);
    if (!isSent) back.entries.push(this.entryFor(stream, peer));
  }

  private sendUnasked(peer: MemberInfo, stream: Stream, ver: number, back: Answer, { out }: StepContext): boolean {
    const bytes = bytesOf(stream, ver, limits.unaskedBytes - back.unaskedBytes);
    if (bytes === undefined) return false;
    const [piece, ...more] = piecesAfter(stream, ver, { filter: this.holdings.filterFor(peer, stream), most: 2 });
    if (!piece || more.length > 0) return false;
    back.unaskedBytes += bytes;
    this.counters.servedDeltas++;
    this.counters.servedRecords += piece.message.records.length;
    out.sends.push({ to: peer.origin, ...piece });
    return true;
  }

  private compareContent(
    peer: MemberInfo,
    stream: Stream,
    entry: DigestEntry,
    back: Answer,
    context: StepContext,
  ): void {
    if (!this.differs(peer, stream, entry)) {
      stream.corruptWaitMs = 0;
      if (stream.base.ver === 0 && this.holdings.isFrom(stream.id, peer)) stream.setBase(entry.base);
    } else if (this.isWrong(peer, stream, entry)) this.repair(peer, stream, entry, context);
    else if (this.isRight(peer, stream, entry)) back.entries.push(this.entryFor(stream, peer));
  }

  private differs(peer: MemberInfo, stream: Stream, { hash }: DigestEntry): boolean {
    return !isSameHash(stream.hashFor(this.holdings.filterFor(peer, stream)), hash);
  }

  /**
   * Contents differ at one position: who knows it firsthand is right, else who has the larger hash, so that one of two
   * moves. Two who know it firsthand leave it to those they know it from.
   */
  private isWrong(peer: MemberInfo, stream: Stream, entry: DigestEntry): boolean {
    if (!this.holdings.isFrom(stream.id, peer)) return false;
    const isTheirs = peer.origin === stream.origin || (!this.holdings.isNear(peer) && this.isRemote(stream));
    if (isTheirs) return true;
    if (this.isFirsthand(stream)) return false;
    return entry.firsthand || isLarger(entry.hash, [stream.hash0, stream.hash1]);
  }

  /** The peer would see that it is wrong, if it knew of ours. */
  private isRight(peer: MemberInfo, stream: Stream, entry: DigestEntry): boolean {
    if (!this.holdings.isFor(stream, peer)) return false;
    if (!this.holdings.isNear(peer)) return true;
    return !entry.firsthand && (this.isFirsthand(stream) || isLarger([stream.hash0, stream.hash1], entry.hash));
  }

  private isRemote({ space }: Stream): boolean {
    return space.datacenter !== this.own.info.datacenter;
  }

  private repair(peer: MemberInfo, stream: Stream, entry: DigestEntry, { now }: StepContext): void {
    if (now < stream.corruptUntilMs) return;
    const waitMs = stream.corruptWaitMs * 2 || defaults.corruptRetryMs;
    stream.corruptWaitMs = Math.min(waitMs, defaults.corruptRetryCapMs);
    stream.corruptUntilMs = now + stream.corruptWaitMs;
    const base = { inc: entry.inc, ...entry.base };
    this.transfers.request({ stream: stream.id, from: peer.origin, isForced: true, base }, now);
  }
}

function isAhead(a: Position, b: Position): boolean {
  return a.inc > b.inc || (a.inc === b.inc && a.ver > b.ver);
}

function isSameHash(a: Hash, b: Hash): boolean {
  return a[0] === b[0] && a[1] === b[1];
}

function isLarger(a: Hash, b: Hash): boolean {
  return a[0] === b[0] ? a[1] > b[1] : a[0] > b[0];
}

/** About how much a stream has to say after a version; undefined when it is more than that. */
function bytesOf(stream: Stream, ver: number, most: number): number | undefined {
  let bytes = 0;
  for (const record of stream.after(ver)) if ((bytes += record.bytes) > most) return undefined;
  return bytes;
}
