/**
 * What is known, by whom: the replication of records between agents. Every fact has one origin, which alone raises its
 * version; everybody else takes an origin's records in the order of their versions, or nothing (Scuttlebutt, van Renesse
 * et al. 2008; the tombstones and resets are chitchat's). So order of arrival, repetition and loss cannot change what
 * agents come to, only when.
 *
 * It does not promise that two agents show the same at the same moment, and of two origins that both claim an identity
 * it shows one to all and tells the other (standing.ts).
 */
import { defaults, limits } from '../../model/index.js';
import type { MemberInfo, Message, Origin, Position, StreamId } from '../messages.js';
import { streamId, streamOrigin } from '../messages.js';
import type {
  CreateStreams,
  MemberView,
  StepContext,
  StreamsOptions,
  StreamsPart,
  StreamsReport,
} from '../step/parts.js';
import type { SyncInput } from '../step/types.js';
import { Acks } from './acks.js';
import { Conflicts } from './conflicts.js';
import { newCounters } from './counters.js';
import { Digests } from './digests.js';
import { progressBody, progressId } from './documents.js';
import { Holdings } from './holdings.js';
import { Intake } from './intake.js';
import { Overlay } from './overlay.js';
import { OwnStreams } from './own-streams.js';
import { Pushes } from './pushes.js';
import { RecentMerges } from './recent-merges.js';
import { Replacement } from './replacement.js';
import { reportOf } from './report.js';
import { Restore } from './restore.js';
import { Rounds } from './rounds.js';
import { Serving } from './serving.js';
import { Settlement } from './settlement.js';
import { Stability } from './stability.js';
import { StepMerges } from './step-merges.js';
import type { Stream } from './stream.js';
import { Transfers } from './transfers.js';

export const createStreams: CreateStreams = (options) => new Streams(options);

class Streams implements StreamsPart {
  private readonly counters = newCounters();
  private readonly merges = new StepMerges();
  private readonly recent = new RecentMerges(defaults.mergeSettlesMs);
  private readonly acks = new Acks();
  private readonly overlay = new Overlay();
  private readonly holdings: Holdings;
  private readonly conflicts: Conflicts;
  private readonly settlement: Settlement;
  private readonly transfers: Transfers;
  private readonly intake: Intake;
  private readonly digests: Digests;
  private readonly serving: Serving;
  private readonly own: OwnStreams;
  private readonly pushes: Pushes;
  private readonly rounds: Rounds;
  private readonly stability: Stability;
  /** Held dead while nothing may be expired. */
  private readonly deferred = new Set<Origin>();

  constructor(private readonly options: StreamsOptions) {
    const { own, members, clock, settings } = options;
    const isLive = (origin: Origin): boolean => members.isLive(origin);
    const { counters, merges, acks } = this;
    const holdings = new Holdings(options);
    this.holdings = holdings;
    this.conflicts = new Conflicts(members, isLive, counters);
    this.settlement = new Settlement(isLive, merges, this.overlay, this.conflicts);
    this.transfers = new Transfers(counters, (stream) => this.position(stream));
    const replacement = new Replacement(holdings, members, this.settlement, clock, counters);
    this.intake = new Intake(holdings, members, this.transfers, replacement, clock, counters, {
      advanced: (stream, from, peer, context) => this.pushes.passOn(stream, from, peer, context),
      replaced: (stream, peer, context) => this.announce(stream, peer, context),
      unknownIncarnation: (stream, peer, context) => this.askFor(stream, peer, context),
    });
    this.digests = new Digests(own, holdings, members, acks, this.transfers, this.intake, counters);
    this.serving = new Serving(holdings, counters);
    this.own = new OwnStreams(own, holdings, merges, this.recent, clock, isLive);
    this.pushes = new Pushes(holdings, members, this.own, this.digests, settings, counters);
    this.rounds = new Rounds(members, this.digests, settings);
    this.stability = new Stability(holdings, members, acks, settings, (record) =>
      this.settlement.release(record.stream.space, record),
    );
    own.onChange((info, before, context) => {
      if (info.inc > before.inc && this.own.isBuilt) this.sayAllAgain(context);
    });
  }

  // ---- what happens

  local(input: SyncInput & { readonly type: 'local' }, context: StepContext): void {
    const { own } = this.options;
    if (this.own.isBuilt || this.concernsOthers(input)) {
      this.ensure(context);
      this.own.take(input.kind, input.index, input.changes, context);
    }
    if (input.space !== own.info.space) own.raiseAbove(own.info.inc, context, { space: input.space });
    this.finish(context);
  }

  connected(peer: MemberInfo, context: StepContext): void {
    this.ensure(context);
    const info = this.peerInfo(peer.origin);
    if (info) {
      this.acks.forget(info.origin);
      // One of the two begins.
      if (this.options.own.info.origin < info.origin) this.digests.sendSummary(info, context);
    }
    this.finish(context);
  }

  disconnected(origin: Origin, context: StepContext): void {
    this.transfers.disconnected(origin);
    this.serving.disconnected(origin);
    this.finish(context);
  }

  message(from: Origin, message: Message, context: StepContext): void {
    const peer = this.peerInfo(from);
    if (peer && this.own.isBuilt) this.take(peer, message, context);
    else this.counters.refusedMessages++;
    this.finish(context);
  }

  private take(peer: MemberInfo, message: Message, context: StepContext): void {
    switch (message.type) {
      case 'summary':
        return this.digests.summary(peer, message, context);
      case 'digest':
        return this.digests.digest(peer, message, context);
      case 'pull':
        return this.serving.pull(peer, message, context);
      case 'delta':
        return this.intake.delta(peer, message, context);
      case 'conflict':
        return this.conflict(peer, message, context);
      default:
    }
  }

  tick(context: StepContext): void {
    if (!this.own.isBuilt) return;
    this.transfers.tick(context.now);
    this.recent.tick(context.now);
    this.settleDeferred(context);
    this.rounds.tick(context);
    this.pushes.tick(context);
    if (this.rounds.isTimeForReview(context.now)) {
      this.stability.review(context.now);
      this.own.reviewDeletions(this.options.settings.tombstoneMinMs, context);
    }
    this.finish(context);
  }

  memberChanged(view: MemberView, context: StepContext): void {
    const { origin } = view.info;
    if (origin === this.options.own.info.origin) return;
    const isGone = view.state === 'left' || view.info.left;
    if (!this.own.isBuilt && !isGone && view.state !== 'dead') return;
    this.ensure(context);
    this.deferred.delete(origin);
    if (!isGone) this.takeBack(view);
    if (isGone) this.drop(view, context);
    else if (view.state === 'dead') this.deferred.add(origin);
    else this.uncover(origin);
    this.settleDeferred(context);
    this.finish(context);
  }

  // ---- what is asked

  position(stream: StreamId): Position {
    const held = this.holdings.streams.get(stream);
    if (held) return held.position;
    return { inc: streamOrigin(stream) === this.options.own.info.origin ? this.options.own.info.inc : 0, ver: 0 };
  }

  claimed(stream: StreamId): Position {
    const held = this.holdings.streams.get(stream);
    return held?.isBehind ? held.claimed : this.position(stream);
  }

  report(nowMs: number): StreamsReport {
    const streams = Array.from(this.holdings.streams.values(), (stream) =>
      reportOf(stream, this.nodeOf(stream), nowMs),
    );
    return { streams, conflicts: [...this.conflicts.report()], counters: { ...this.counters } };
  }

  private nodeOf({ origin }: Stream): string {
    const { own, members } = this.options;
    return origin === own.info.origin ? own.info.node : (members.of(origin)?.info.node ?? '');
  }

  // ---- how

  /** Nothing is held twice before the first peer comes, or another origin's fact is touched. */
  private ensure(context: StepContext): void {
    if (this.own.isBuilt) return;
    new Restore(this.holdings, this.options.members, this.merges, this.own).from(this.options.held(), context);
  }

  private concernsOthers({ changes }: SyncInput & { readonly type: 'local' }): boolean {
    const { origin } = this.options.own.info;
    return changes.some(({ before }) => before !== undefined && 'origin' in before && before.origin !== origin);
  }

  private peerInfo(origin: Origin): MemberInfo | undefined {
    const view = this.options.members.of(origin);
    return view?.isConnected && view.state !== 'left' ? view.info : undefined;
  }

  /** A higher incarnation of ours makes what others hold void; they are told at once what it began with. */
  private sayAllAgain(context: StepContext): void {
    this.own.raise();
    for (const peer of this.everybody()) {
      const streams = [...this.holdings.streams.values()].filter(
        (stream) => stream.origin === this.options.own.info.origin && this.holdings.isFor(stream, peer),
      );
      this.digests.sendEntries(peer, streams, context);
    }
  }

  private everybody(): readonly MemberInfo[] {
    return [...this.options.members.peers(), ...this.options.members.remotePeers()];
  }

  /** What came from another datacenter is another stream than before: the rest of ours asks for it. */
  private announce(stream: Stream, peer: MemberInfo, context: StepContext): void {
    if (this.holdings.isNear(peer)) return;
    for (const { origin } of this.options.members.peers()) {
      const near = this.peerInfo(origin);
      if (near) this.digests.sendEntries(near, [stream], context);
    }
  }

  /** With what we hold of it: it may turn out to be what the new incarnation began with. */
  private askFor(stream: Stream, peer: MemberInfo, context: StepContext): void {
    if (context.now < stream.askedUntilMs) return;
    stream.askedUntilMs = context.now + defaults.pullRetryMs;
    this.digests.sendEntries(peer, [stream], context);
  }

  /** We lost against what the peer holds. Whoever does not hold it yet asks. */
  private conflict(peer: MemberInfo, message: Message & { readonly type: 'conflict' }, context: StepContext): void {
    const stream = this.holdings.streams.get(message.winner);
    if (peer.origin !== message.winner || !stream) return;
    if (this.holdings.find(stream, message.ref)?.hlc !== message.hlc) this.digests.sendEntries(peer, [stream], context);
  }

  private settleDeferred(context: StepContext): void {
    if (this.deferred.size === 0 || this.options.members.protectedMode().active) return;
    for (const origin of this.deferred) {
      const view = this.options.members.of(origin);
      if (view?.state === 'dead') this.cover(view);
    }
    this.deferred.clear();
    this.finish(context);
  }

  private cover(view: MemberView): void {
    const key = this.overlay.lay(view);
    const stream = this.holdings.streams.get(view.info.origin);
    const record = stream?.space.find(key, stream);
    const seen = record?.kept === 'row' ? this.overlay.over(record) : undefined;
    if (stream && seen) this.merges.showOnly(stream.space, seen);
    stream?.space.unsettleContested();
  }

  private uncover(origin: Origin): void {
    const key = this.overlay.lift(origin);
    const stream = this.holdings.streams.get(origin);
    const record = key === undefined ? undefined : stream?.space.find(key, stream);
    if (stream && record?.kept === 'row' && record.row) this.merges.showOnly(stream.space, record.row);
    stream?.space.unsettleContested();
  }

  /**
   * Members say who has left. One that was let go for its name alone may come again as it was, when nobody else has the
   * name any more.
   */
  private takeBack({ info }: MemberView): void {
    if (info.inc > (this.holdings.gone.get(info.origin) ?? 0)) return;
    this.holdings.gone.delete(info.origin);
    this.merges.removeDocument(this.holdings.local, progressId(info.origin));
  }

  /** Its rows go, and do not come back with this incarnation. A copy of state stays as it is: only its home changes it. */
  private drop({ info }: MemberView, context: StepContext): void {
    const { origin } = info;
    const stream = this.holdings.streams.get(origin);
    this.overlay.lift(origin);
    this.transfers.drop(origin);
    this.transfers.drop(streamId(origin, 'state'));
    this.acks.forgetStream(origin);
    const inc = Math.max(info.inc, stream?.inc ?? 0, this.holdings.gone.get(origin) ?? 0);
    this.holdings.gone.delete(origin);
    this.holdings.gone.set(origin, inc);
    if (!stream) return;
    const { space } = stream;
    for (let record = stream.oldest; record; record = stream.oldest) this.settlement.release(space, record);
    this.holdings.streams.delete(origin);
    this.merges.putDocument(
      space,
      progressId(origin),
      progressBody({ inc, ver: 0, index: 0, hash0: 0, hash1: 0 }, true),
    );
    space.unsettleContested();
    this.forgetGone();
    this.finish(context);
  }

  private forgetGone(): void {
    for (const origin of this.holdings.gone.keys()) {
      if (this.holdings.gone.size <= limits.goneOrigins) return;
      this.holdings.gone.delete(origin);
      this.merges.removeDocument(this.holdings.local, progressId(origin));
    }
  }

  /** Everything follows at the end of a step: what is shown, what peers are told, what is asked. */
  private finish(context: StepContext): void {
    const { local } = this.holdings;
    for (const space of this.holdings.allSpaces()) this.settlement.settle(space, context);
    this.pushes.news(context);
    for (const stream of this.holdings.touched) this.keepPosition(stream);
    this.holdings.touched.clear();
    this.recent.note(this.merges.foreignRows(local, this.options.own.info.origin));
    this.merges.takeInto(context.out.merges);
    this.transfers.flush(context);
  }

  private keepPosition(stream: Stream): void {
    if (!stream.isBehind) stream.behindSinceMs = undefined;
    if (this.holdings.streams.get(stream.id) !== stream) return;
    this.merges.putDocument(stream.space, progressId(stream.id), progressBody(stream));
    if (stream.kind === 'state') this.merges.at(stream.space, stream.index);
  }
}
