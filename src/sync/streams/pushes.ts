import type { MemberInfo } from '../messages.js';
import type { SyncSettings } from '../settings.js';
import type { MembersPart, StepContext } from '../step/parts.js';
import type { StreamCounters } from './counters.js';
import type { Digests } from './digests.js';
import type { Holdings } from './holdings.js';
import type { OwnStreams } from './own-streams.js';
import { inOneClass, piecesAfter } from './pieces.js';
import type { Stream } from './stream.js';

/**
 * What is sent unasked: our own news to everybody here at once, our datacenter's to the others every so often, what comes
 * from another datacenter to everybody here. Nobody passes on what he was told inside a datacenter. What is lost on the
 * way is asked for by whoever misses it.
 */
export class Pushes {
  /** What was sent to other datacenters of each stream of ours. */
  private readonly sent = new WeakMap<Stream, { inc: number; ver: number }>();
  private nextRemoteMs = 0;

  constructor(
    private readonly holdings: Holdings,
    private readonly members: MembersPart,
    private readonly own: OwnStreams,
    private readonly digests: Digests,
    private readonly settings: SyncSettings,
    private readonly counters: StreamCounters,
  ) {}

  news(context: StepContext): void {
    for (const { stream, from } of this.own.news()) {
      this.push(
        stream,
        from,
        this.members.peers().filter((peer) => this.holdings.isFor(stream, peer)),
        context,
      );
    }
  }

  passOn(stream: Stream, from: number, peer: MemberInfo, context: StepContext): void {
    if (!this.holdings.isNear(peer)) this.push(stream, from, this.members.peers(), context);
  }

  tick(context: StepContext): void {
    if (context.now < this.nextRemoteMs) return;
    this.nextRemoteMs = context.now + this.settings.remoteFlushMs;
    const peers = this.members.remotePeers();
    for (const stream of this.holdings.streams.values()) {
      const isOurs = stream.kind === 'catalog' && stream.space === this.holdings.local;
      if (isOurs && stream.inc > 0) this.pushAbroad(stream, peers, context);
    }
  }

  private pushAbroad(stream: Stream, peers: readonly MemberInfo[], context: StepContext): void {
    const sent = this.sent.get(stream);
    this.sent.set(stream, { inc: stream.inc, ver: stream.ver });
    if (!sent || (sent.inc === stream.inc && sent.ver === stream.ver)) return;
    if (sent.inc === stream.inc && sent.ver >= stream.gc) {
      for (const peer of peers) this.push(stream, sent.ver, [peer], context);
    } else for (const peer of peers) this.digests.sendEntries(peer, [stream], context);
  }

  private push(stream: Stream, from: number, peers: readonly MemberInfo[], { out }: StepContext): void {
    const [first] = peers;
    if (!first) return;
    const filter = this.holdings.filterFor(first, stream);
    for (const piece of inOneClass(piecesAfter(stream, from, { filter }))) {
      for (const { origin } of peers) {
        this.counters.pushedDeltas++;
        this.counters.pushedRecords += piece.message.records.length;
        out.sends.push({ to: origin, ...piece });
      }
    }
  }
}
