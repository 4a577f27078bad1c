/**
 * Who is there. Membership is told on as facts (membership.ts), life is each agent's own judgement (detector.ts): the two
 * never mix, so that a wrong verdict ends with the next sign of life and leaves nothing behind.
 */
import { limits, type SyncDocument } from '../../model/index.js';
import type { Refusal } from '../connection/types.js';
import type { Hash, MemberInfo, Message, OpinionMessage, Origin } from '../messages.js';
import type { CreateMembers, HomeView, MembersOptions, MembersPart, MemberView, StepContext } from '../step/parts.js';
import { admission } from './admission.js';
import { AttentiveTime } from './attentive-time.js';
import { Beats } from './beats.js';
import { Detector } from './detector.js';
import { Gateways } from './gateways.js';
import { homeOf } from './home.js';
import { Liveness } from './liveness.js';
import { LocalHealth } from './local-health.js';
import { readMember } from './member-documents.js';
import { isNumber } from './member-info.js';
import { Member } from './member.js';
import { Membership } from './membership.js';
import { Opinions } from './opinions.js';
import { Protection } from './protection.js';
import { NameDispute } from './name-dispute.js';
import { Monitors } from './rendezvous.js';
import { MemberTable } from './table.js';

export const createMembers: CreateMembers = (options) => new Members(options);

class Members implements MembersPart {
  private readonly time = new AttentiveTime();
  private readonly health = new LocalHealth();
  private readonly table: MemberTable;
  private readonly liveness: Liveness;
  private readonly membership: Membership;
  private readonly opinions: Opinions;
  private readonly beats: Beats;
  private readonly protection: Protection;
  private readonly detector: Detector;
  private readonly gateways: Gateways;
  private readonly infoLists = new WeakMap<readonly Member[], readonly MemberInfo[]>();
  private hasBegun = false;
  private readonly nameDispute: NameDispute;
  private homeEpoch = -1;
  private homeView: HomeView = { node: undefined, origin: undefined, problem: '' };
  private toldProblem = '';

  constructor(private readonly options: MembersOptions) {
    const { own, settings } = options;
    const { time, health } = this;
    const table = new MemberTable(new Member(own.info, 0, 0));
    const monitors = new Monitors(table, settings.monitors);
    this.table = table;
    this.liveness = new Liveness(table, time, options.changed);
    this.membership = new Membership(table, time, this.liveness, own);
    this.opinions = new Opinions(table, time);
    this.beats = new Beats(table, time, health, monitors, settings);
    this.protection = new Protection(table, time, settings);
    const judges = { time, health, monitors, opinions: this.opinions, liveness: this.liveness };
    this.detector = new Detector(table, judges, this.protection, settings);
    this.gateways = new Gateways(table, time, this.opinions, this.liveness, settings);
    this.nameDispute = new NameDispute(table, time);
    this.load();
  }

  get self(): MemberInfo {
    return this.table.self.info;
  }

  get localHealth(): number {
    return this.health.value;
  }

  admit(peer: MemberInfo): Refusal | undefined {
    return admission(this.table, peer);
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
    const remote = this.gateways.wanted();
    if (remote.length === 0) return this.peerInfos(this.table.local);
    return [...this.table.local, ...remote].map(({ info }) => info);
  }

  protectedMode(): { readonly active: boolean; readonly reason: string; readonly sinceMs: number } {
    const { isActive, reason, sinceMs } = this.protection;
    return { active: isActive, reason, sinceMs };
  }

  home(): HomeView {
    if (this.homeEpoch !== this.table.epoch) {
      this.homeEpoch = this.table.epoch;
      this.homeView = homeOf(this.table, this.nameDispute.reason);
    }
    return this.homeView;
  }

  summaryHash(): Hash {
    return this.table.hash;
  }

  counters(): Readonly<Record<string, number>> {
    return {
      ...this.liveness.counts,
      refutes: this.beats.refutes,
      withheldDeaths: this.detector.withheld,
      refusedMembers: this.membership.refused,
      invalidMembers: this.membership.invalid,
    };
  }

  connected(peer: MemberInfo, context: StepContext): void {
    this.begin(context);
    const member = this.membership.learn(peer, peer.origin, context);
    if (!member) return;
    member.isConnected = true;
    member.saidGoodbye = false;
    for (const other of this.table.all()) other.votes.drop(peer.origin);
    this.table.changed();
    this.detector.heard(member, context);
    this.membership.sendAll(member, false, context);
    this.membership.correct(member, [peer], false, context);
    this.opinions.greet(member, context);
    this.beats.greet(member, context);
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
    this.detector.refusedDial(member);
    this.finish(context);
  }

  message(from: Origin, message: Message, context: StepContext): void {
    this.begin(context);
    const member = this.table.get(from);
    if (!member) return;
    this.detector.heard(member, context);
    this.take(member, message, context);
  }

  tick(lagMs: number, context: StepContext): void {
    this.begin(context);
    this.time.pass(context.now, lagMs);
    this.health.tick(this.time.ms, lagMs, this.options.settings.heartbeatMs);
    if (lagMs >= this.options.settings.heartbeatMs) this.detector.paused(context);
    this.beats.tick(context);
    this.opinions.repeat(context);
    this.membership.answerLaterLife(context);
    this.nameDispute.tick(context);
    this.detector.review(context);
    this.gateways.review(context);
    this.forget(context);
    this.finish(context);
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
    this.membership.declareLeft(member, `declared gone at ${this.self.node}`, context);
    member.isPruned = prune;
    this.finish(context);
  }

  refused(reason: string, context: StepContext): void {
    this.begin(context);
    this.nameDispute.raise(reason, context);
    this.finish(context);
  }

  /** Asked for far more often than it changes: the lists of the table are new ones when anything did. */
  private peerInfos(members: readonly Member[]): readonly MemberInfo[] {
    let infos = this.infoLists.get(members);
    if (!infos) this.infoLists.set(members, (infos = members.map(({ info }) => info)));
    return infos;
  }

  private take(from: Member, message: Message, context: StepContext): void {
    switch (message.type) {
      case 'members':
        return this.takeMembers(from, message, context);
      case 'summary':
        if (!isSameHash(message.members, this.table.hash)) this.membership.sendAll(from, true, context);
        return;
      case 'beat':
        return this.beats.heard(from, message, context.now);
      case 'opinion':
        return this.takeOpinion(from, message, context);
      case 'alive':
        if (message.inc === from.info.inc && isNumber(message.beat, from.beat)) from.beat = message.beat;
        return;
      case 'goodbye':
        if (message.inc === from.info.inc) from.saidGoodbye = true;
        return;
      default:
    }
  }

  private takeMembers(from: Member, message: Message & { type: 'members' }, context: StepContext): void {
    const sound = message.members.slice(0, limits.membersPerMessage).filter((info) => this.membership.isSound(info));
    for (const info of sound) this.membership.learn(info, from.info.origin, context);
    this.membership.correct(from, sound, message.answer, context);
    this.finish(context);
  }

  private takeOpinion(from: Member, message: OpinionMessage, context: StepContext): void {
    if (from.info.datacenter !== this.self.datacenter || !isOpinion(message)) return;
    if (message.about === this.self.origin) return this.takeDoubt(from, message, context);
    const about = this.table.get(message.about);
    if (!about || !this.opinions.take(from.info.origin, message, about) || message.verdict !== 'alive') return;
    about.heardMs = context.now;
    if (isAfter(message, about.diedWith)) about.isSeenAgain = true;
  }

  private takeDoubt(from: Member, { inc, verdict }: OpinionMessage, context: StepContext): void {
    if (inc > this.self.inc) this.membership.claimLaterLife(inc, context);
    else if (inc === this.self.inc && verdict !== 'alive' && !this.self.left) this.beats.doubted(from, context);
  }

  private finish(context: StepContext): void {
    this.membership.claimNames(context);
    this.membership.flush(context);
    const { problem } = this.home();
    if (problem === this.toldProblem) return;
    this.toldProblem = problem;
    if (problem !== '') context.out.notices.push({ type: 'home', problem });
  }

  /** After `reconnect_timeout` the dead are gone for good, for everybody. */
  private forget(context: StepContext): void {
    if (this.protection.holdsBack) return;
    const { reconnectTimeoutMs } = this.options.settings;
    const isOver = ({ state, deadAt }: Member): boolean =>
      state === 'dead' && deadAt !== undefined && this.time.ms - deadAt >= reconnectTimeoutMs;
    for (const member of this.table.local.filter(isOver)) {
      this.membership.declareLeft(member, 'dead for longer than reconnect_timeout', context, 'forgotten');
    }
  }

  private load(): void {
    for (const { target, documents } of this.options.held()) {
      if (target.type !== 'local') continue;
      for (const document of documents) this.loadDocument(document);
    }
  }

  private loadDocument(document: SyncDocument): void {
    this.nameDispute.load(document);
    const stored = readMember(document);
    if (!stored || stored.info.origin === this.self.origin) return;
    const member = new Member(stored.info, 0, 0);
    member.state = stored.info.left ? 'left' : 'alive';
    member.deadWallMs = stored.deadWallMs;
    this.table.add(member);
  }

  /** Of members that were there when this agent last ran, silence counts from now. */
  private begin(context: StepContext): void {
    if (this.hasBegun) return;
    this.hasBegun = true;
    for (const member of this.table.all()) {
      member.heardMs = context.now;
      if (member.info.left) member.leftAtMs = context.now;
    }
  }
}

function isSameHash(a: Hash, b: Hash): boolean {
  return a[0] === b[0] && a[1] === b[1];
}

function isOpinion({ inc, beat, verdict, evidence }: OpinionMessage): boolean {
  const isKnown = verdict === 'alive' || verdict === 'suspect' || verdict === 'dead';
  return isKnown && (evidence === 'hard' || evidence === 'silence') && isNumber(inc, 1) && isNumber(beat, 0);
}

function isAfter(opinion: OpinionMessage, end: Member['diedWith']): boolean {
  if (!end) return false;
  return opinion.inc > end.inc || (opinion.inc === end.inc && opinion.beat > end.beat);
}
