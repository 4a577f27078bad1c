import { limits } from '../../model/index.js';
import type { MemberInfo, Message, Origin } from '../messages.js';
import type { OwnInfo } from '../step/own-info.js';
import type { StepContext } from '../step/parts.js';
import { mayDisplace, maySucceed, nameFault } from './admission.js';
import type { AttentiveTime } from './attentive-time.js';
import { isAlone } from './home.js';
import type { Liveness } from './liveness.js';
import { cleanInfo, compareInfo, infoFault } from './member-info.js';
import { forgetMember, persistMember } from './member-documents.js';
import { Member, nameKey } from './member.js';
import type { MemberTable } from './table.js';

/** Between two answers to those who know a later life of ours than we do: two agents with one id must not race. */
const RAISE_EVERY_MS = 1_000;

/**
 * Who belongs to the mesh, as what each says of itself under its incarnation: merging is taking the greater of two infos
 * (member-info.ts), so it does not matter in which order or how often they come. News is told on to every peer but the one
 * it came from.
 */
export class Membership {
  refused = 0;
  invalid = 0;
  private news = new Map<Origin, Origin | undefined>();
  private readonly toldRefusals = new Map<Origin, string>();
  /** A peer knows of a life of ours of this incarnation. */
  private laterLife = 0;
  private claimedEpoch = -1;
  private raisedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly table: MemberTable,
    private readonly time: AttentiveTime,
    private readonly liveness: Liveness,
    private readonly own: OwnInfo,
  ) {
    this.own.onChange((info, _before, context) => {
      this.table.self.learn(info);
      this.table.changed();
      for (const peer of this.table.connected) this.send(peer, [info], false, context);
    });
  }

  isSound(info: MemberInfo): boolean {
    const isSound = infoFault(info) === undefined;
    if (!isSound) this.invalid++;
    return isSound;
  }

  /** Takes a sound info. Returns the member as it is known now; undefined when there is none to be known. */
  learn(given: MemberInfo, from: Origin, context: StepContext): Member | undefined {
    if (given.origin === this.own.info.origin) return this.hearOfSelf(given, context);
    const known = this.table.get(given.origin);
    if (known && compareInfo(given, known.info) <= 0) return known;
    const isOver = given.left || this.table.successor(given) !== undefined;
    // Nothing follows from the end of an agent that nobody here knew.
    if (!known && isOver) return undefined;
    const info = { ...cleanInfo(given), left: isOver };
    if (!isOver && !this.mayBeKnown(info, known, context)) return known;
    const member = known ? this.renew(known, info, context) : this.introduce(info, context);
    this.news.set(info.origin, from);
    for (const origin of info.succeeds) this.succeed(member, origin, context);
    return member;
  }

  /** It is gone for good, at this incarnation: others hear of it, and it itself, should it live, says otherwise. */
  declareLeft(member: Member, reason: string, context: StepContext, state: 'left' | 'forgotten' = 'left'): void {
    if (member.info.left) return;
    member.learn({ ...member.info, left: true });
    this.news.set(member.info.origin, undefined);
    this.end(member, reason, state, context);
  }

  /** Names of the dead and of those whose address we have are ours now. */
  claimNames(context: StepContext): void {
    const self = this.own.info;
    if (self.left || this.claimedEpoch === this.table.epoch) return;
    this.claimedEpoch = this.table.epoch;
    for (const member of this.table.local) {
      if (member.nameKey !== this.table.self.nameKey || !maySucceed(member, self)) continue;
      const succeeds = [...self.succeeds, member.info.origin].slice(-limits.memberSucceeds);
      this.own.raiseAbove(member.info.inc, context, { succeeds });
      this.succeed(this.table.self, member.info.origin, context);
      return;
    }
  }

  /** Takes our word back from whoever knows more of us than we do. */
  answerLaterLife(context: StepContext): void {
    if (this.laterLife === 0 || this.time.ms - this.raisedAt < RAISE_EVERY_MS) return;
    if (this.laterLife >= this.own.info.inc) this.own.raiseAbove(this.laterLife, context);
    this.raisedAt = this.time.ms;
    this.laterLife = 0;
  }

  /** Somebody knows of a life of ours of that incarnation, or of the end of this one. */
  claimLaterLife(inc: number, context: StepContext): void {
    if (inc < limits.incarnation) this.laterLife = Math.max(this.laterLife, inc);
    this.answerLaterLife(context);
  }

  /** Everything there is to know, for a peer that may know nothing. */
  sendAll(to: Member, answer: boolean, context: StepContext): void {
    const present = [...this.table.local, ...this.table.remote].map(({ info }) => info);
    this.send(to, [this.own.info, ...present], answer, context);
  }

  /** What we know better than a peer that named these; with `answer` also what it did not name. */
  correct(to: Member, named: readonly MemberInfo[], answer: boolean, context: StepContext): void {
    const theirs = new Map(named.map((info) => [info.origin, info]));
    const better: MemberInfo[] = [];
    for (const { info } of [this.table.self, ...this.table.all()]) {
      const known = theirs.get(info.origin);
      if (known ? compareInfo(info, known) > 0 : answer && !info.left) better.push(info);
    }
    this.send(to, better, false, context);
  }

  /** Sends the news of this step. */
  flush(context: StepContext): void {
    if (this.news.size === 0) return;
    const news = this.news;
    this.news = new Map();
    for (const peer of this.table.connected) {
      const untold = [...news].filter(([, from]) => from !== peer.info.origin);
      this.send(
        peer,
        untold.flatMap(([origin]) => this.infoOf(origin)),
        false,
        context,
      );
    }
  }

  private infoOf(origin: Origin): MemberInfo[] {
    const member = this.table.get(origin);
    return member ? [member.info] : [];
  }

  private send(to: Member, members: readonly MemberInfo[], answer: boolean, { out }: StepContext): void {
    for (let at = 0; at < members.length; at += limits.membersPerMessage) {
      const part = members.slice(at, at + limits.membersPerMessage);
      const isLast = at + limits.membersPerMessage >= members.length;
      const message: Message = { type: 'members', members: part, answer: answer && isLast };
      out.sends.push({ to: to.info.origin, message, priority: 'control' });
    }
  }

  private hearOfSelf(info: MemberInfo, context: StepContext): undefined {
    const self = this.own.info;
    if (self.left || info.inc < self.inc || (info.inc === self.inc && !info.left)) return;
    this.claimLaterLife(info.inc, context);
  }

  private mayBeKnown(info: MemberInfo, known: Member | undefined, context: StepContext): boolean {
    if (!known && this.table.isFull) return this.refuse(info, 'too many agents are known', context);
    const isClaim = !known || known.info.left || known.nameKey !== nameKey(info);
    if (!isClaim) return true;
    const fault = nameFault(this.table, info, { attentiveMs: this.time.ms, isDirect: false });
    if (fault !== undefined) return this.refuse(info, fault, context);
    this.displace(info, context);
    return true;
  }

  /** Whoever came by that name a moment before. */
  private displace(info: MemberInfo, context: StepContext): void {
    const other = this.table.namesake(info);
    if (!other || other === this.table.self || maySucceed(other, info) || !mayDisplace(other, info, this.time.ms))
      return;
    this.liveness.left(other, `its name belongs to agent ${info.origin}`, 'left', context);
    this.table.drop(other.info.origin);
    forgetMember(other, context);
    this.refuse(other.info, `the node name ${info.node} belongs to agent ${info.origin}`, context);
  }

  private refuse(info: MemberInfo, reason: string, { out }: StepContext): false {
    this.refused++;
    if (this.toldRefusals.get(info.origin) === reason) return false;
    if (this.toldRefusals.size >= limits.members) this.toldRefusals.clear();
    this.toldRefusals.set(info.origin, reason);
    out.notices.push({ type: 'refused', origin: info.origin, node: info.node, reason });
    return false;
  }

  private introduce(info: MemberInfo, context: StepContext): Member {
    const isFirst = info.datacenter === this.own.info.datacenter && isAlone(this.table);
    const member = new Member(info, context.now, this.time.ms);
    this.table.add(member);
    persistMember(member, context, isFirst ? 'synced' : 'lazy');
    this.liveness.joined(member, context);
    return member;
  }

  private renew(member: Member, info: MemberInfo, context: StepContext): Member {
    const isLater = info.inc > member.info.inc;
    member.learn(info);
    this.table.changed();
    if (info.left) {
      this.end(member, this.successionOf(member) ?? 'it left', 'left', context);
    } else {
      persistMember(member, context);
      if (isLater) this.liveness.begunAnew(member, context);
    }
    return member;
  }

  private successionOf({ info }: Member): string | undefined {
    const successor = this.table.successor(info);
    return successor && `its name went to agent ${successor.info.origin}`;
  }

  private succeed(member: Member, origin: Origin, context: StepContext): void {
    if (origin === this.own.info.origin) {
      if (member.info.inc >= this.own.info.inc) this.claimLaterLife(member.info.inc, context);
      return;
    }
    const before = this.table.get(origin);
    if (!before || before.info.inc >= member.info.inc) return;
    this.declareLeft(before, `its name went to agent ${member.info.origin}`, context);
  }

  private end(member: Member, reason: string, state: 'left' | 'forgotten', context: StepContext): void {
    this.liveness.left(member, reason, state, context);
    persistMember(member, context);
    const surplus = this.table.surplusLeft();
    if (!surplus) return;
    this.table.drop(surplus.info.origin);
    forgetMember(surplus, context);
  }
}
