/**
 * Who is there. Membership is told on as facts (membership.ts), life is each agent's own judgement (detector.ts): the two
 * never mix, so that a wrong verdict ends with the next sign of life and leaves nothing behind.
 */
import type { Refusal } from '../connection/types.js';
import type { Hash, MemberInfo, Message, Origin } from '../messages.js';
import type { CreateMembers, HomeView, MembersOptions, MembersPart, MemberView, StepContext } from '../step/parts.js';
import { admission } from './admission.js';
import { homeOf } from './home.js';
import { Incoming } from './incoming.js';
import type { Member } from './member.js';
import { createPieces, type Pieces } from './pieces.js';
import { recall } from './recall.js';
import type { MemberTable } from './table.js';

export const createMembers: CreateMembers = (options) => new Members(options);

class Members implements MembersPart {
  private readonly pieces: Pieces;
  private readonly table: MemberTable;
  private readonly incoming: Incoming;
  private readonly infoLists = new WeakMap<readonly Member[], readonly MemberInfo[]>();
  private hasBegun = false;
  private homeEpoch = -1;
  private homeView: HomeView = { node: undefined, origin: undefined, problem: '' };
  private toldProblem = '';

  constructor(private readonly options: MembersOptions) {
    this.pieces = createPieces(options);
    this.table = this.pieces.table;
    this.incoming = new Incoming(this.pieces);
    recall(this.pieces, options.held());
  }

  get self(): MemberInfo {
    return this.table.self.info;
  }

  get localHealth(): number {
    return this.pieces.health.value;
  }

  admit(peer: MemberInfo): Refusal | undefined {
    return admission(this.table, peer, this.pieces.time.ms);
  }

  of(origin: Origin): MemberView | undefined {
    return origin === this.self.origin ? this.table.self : this.table.get(origin);
  }

  all(): Iterable<MemberView> {
    return [...this.table.all()].filter((member) => !member.isPruned);
  }

  peers(): readonly MemberInfo[] {
    return this.peerInfos(this.table.localPeers);
  }

  remotePeers(): readonly MemberInfo[] {
    return this.peerInfos(this.table.remotePeers);
  }

  isLive(origin: Origin): boolean {
    const state = this.of(origin)?.state;
    return state !== undefined && state !== 'dead' && state !== 'left';
  }

  wanted(): readonly MemberInfo[] {
    const remote = this.pieces.gateways.wanted();
    if (remote.length === 0) return this.peerInfos(this.table.local);
    return [...this.table.local, ...remote].map(({ info }) => info);
  }

  protectedMode(): { readonly active: boolean; readonly reason: string; readonly sinceMs: number } {
    const { isActive, reason, sinceMs } = this.pieces.protection;
    return { active: isActive, reason, sinceMs };
  }

  home(): HomeView {
    if (this.homeEpoch !== this.table.epoch) {
      this.homeEpoch = this.table.epoch;
      this.homeView = homeOf(this.table, this.pieces.nameDispute.reason);
    }
    return this.homeView;
  }

  summaryHash(): Hash {
    return this.table.hash;
  }

  counters(): Readonly<Record<string, number>> {
    return {
      ...this.pieces.liveness.counts,
      refutes: this.pieces.beats.refutes,
      withheldDeaths: this.pieces.detector.withheld,
      refusedMembers: this.pieces.membership.refused,
      invalidMembers: this.pieces.membership.invalid,
    };
  }

  connected(peer: MemberInfo, context: StepContext): void {
    this.begin(context);
    const member = this.pieces.membership.learn(peer, peer.origin, context);
    if (!member) return;
    member.isConnected = true;
    member.saidGoodbye = false;
    for (const other of this.table.all()) other.votes.drop(peer.origin);
    this.table.changed();
    this.pieces.detector.heard(member, context);
    this.pieces.membership.sendAll(member, false, context);
    this.pieces.opinions.greet(member, context);
    this.pieces.beats.greet(member, context);
    this.finish(context);
  }

  disconnected(origin: Origin, _evidence: 'hard' | 'soft', context: StepContext): void {
    this.begin(context);
    const member = this.table.get(origin);
    if (!member) return;
    member.isConnected = false;
    this.table.changed();
    this.finish(context);
  }

  dialFailed(origin: Origin, evidence: 'hard' | 'soft', context: StepContext): void {
    this.begin(context);
    const member = this.table.get(origin);
    if (!member || evidence !== 'hard') return;
    this.pieces.detector.refusedDial(member);
    this.finish(context);
  }

  message(from: Origin, message: Message, context: StepContext): void {
    this.begin(context);
    const member = this.table.get(from);
    if (!member) return;
    this.pieces.detector.heard(member, context);
    this.incoming.take(member, message, context);
    if (message.type === 'members') this.finish(context);
  }

  tick(lagMs: number, context: StepContext): void {
    this.begin(context);
    this.pieces.time.pass(context.now, lagMs);
    this.pieces.health.tick(this.pieces.time.ms, lagMs, this.options.settings.heartbeatMs);
    if (lagMs >= this.options.settings.heartbeatMs) this.resume(context);
    this.pieces.beats.tick(context);
    this.pieces.opinions.repeat(context);
    this.pieces.membership.answerLaterLife(context);
    this.pieces.nameDispute.tick(context);
    this.pieces.detector.review(context);
    this.pieces.gateways.review(context);
    this.forget(context);
    this.finish(context);
  }

  /** Our own event loop slept. */
  private resume(context: StepContext): void {
    this.pieces.beats.hurry();
    this.pieces.detector.resume(context);
  }

  leave(context: StepContext): void {
    this.begin(context);
    this.table.self.state = 'leaving';
    this.options.own.change({ left: true }, context);
  }

  forceLeave(origin: Origin, prune: boolean, context: StepContext): void {
    this.begin(context);
    const member = this.table.get(origin);
    if (!member) return;
    this.pieces.membership.declareLeft(member, `declared gone at ${this.self.node}`, context);
    member.isPruned = prune;
    this.finish(context);
  }

  refused(reason: string, context: StepContext): void {
    this.begin(context);
    this.pieces.nameDispute.raise(reason, context);
    this.finish(context);
  }

  /** Asked for far more often than it changes: the lists of the table are new ones when anything did. */
  private peerInfos(members: readonly Member[]): readonly MemberInfo[] {
    let infos = this.infoLists.get(members);
    if (!infos) this.infoLists.set(members, (infos = members.map(({ info }) => info)));
    return infos;
  }

  private finish(context: StepContext): void {
    this.pieces.membership.claimNames(context);
    this.pieces.membership.flush(context);
    const { problem } = this.home();
    if (problem === this.toldProblem) return;
    this.toldProblem = problem;
    if (problem !== '') context.out.notices.push({ type: 'home', problem });
  }

  /** After `reconnect_timeout` the dead are gone for good, for everybody. */
  private forget(context: StepContext): void {
    if (this.pieces.protection.holdsBack) return;
    for (const member of this.table.local) {
      if (!this.isToBeForgotten(member)) continue;
      this.pieces.membership.declareLeft(member, 'dead for longer than reconnect_timeout', context, 'forgotten');
    }
  }

  private isToBeForgotten({ state, deadAt }: Member): boolean {
    if (state !== 'dead' || deadAt === undefined) return false;
    return this.pieces.time.ms - deadAt >= this.options.settings.reconnectTimeoutMs;
  }

  /** Of members that were there when this agent last ran, silence counts from now. */
  private begin(context: StepContext): void {
    if (this.hasBegun) return;
    this.hasBegun = true;
    for (const member of this.table.all()) {
      member.heardAt = this.pieces.time.ms;
      member.heardMs = context.now;
      if (member.info.left) member.leftAtMs = context.now;
    }
  }
}
