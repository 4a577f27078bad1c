import { defaults } from '../../model/index.js';
import type { SyncSettings } from '../settings.js';
import type { StepContext } from '../step/parts.js';
import type { AttentiveTime } from './attentive-time.js';
import type { Liveness } from './liveness.js';
import type { LocalHealth } from './local-health.js';
import { addressOf, type Member } from './member.js';
import type { Opinions } from './opinions.js';
import type { Protection } from './protection.js';
import type { Monitors } from './rendezvous.js';
import type { MemberTable } from './table.js';
import { severity, type Vote } from './votes.js';

type Limits = Pick<SyncSettings, 'heartbeatMs' | 'suspectAfterMs' | 'deadAfterMs' | 'hardDeadAfterMs'>;
type Judgement = Pick<Vote, 'verdict' | 'evidence'>;

interface Judges {
  readonly time: AttentiveTime;
  readonly health: LocalHealth;
  readonly monitors: Monitors;
  readonly opinions: Opinions;
  readonly liveness: Liveness;
}

const NOBODY: readonly Member[] = [];
const WELL: Judgement = { verdict: 'alive', evidence: 'silence' };
const SILENT: Judgement = { verdict: 'suspect', evidence: 'silence' };
const SILENT_LONG: Judgement = { verdict: 'dead', evidence: 'silence' };
const REFUSED: Judgement = { verdict: 'suspect', evidence: 'hard' };
const GONE: Judgement = { verdict: 'dead', evidence: 'hard' };

/**
 * Who of our datacenter is dead. Three different questions:
 * - *What do I say of those I watch?* Silence, or a closed port after the connection was lost, makes a monitor say suspect
 *   and later dead.
 * - *Whom do I suspect?* Whoever is accused by anybody, or was not heard for long, is asked; whose answer is not heard is
 *   suspect, here. So a monitor that hears badly makes nobody suspect but itself to itself, and behind a partition each
 *   side finds out within half a second whom it reaches.
 * - *Who is dead?* Whom I suspect myself, and of whose monitors that I do not suspect more than half say dead. Not in
 *   protected mode; then soon after it ends, if it is still so. Death ends by a sign of life only: heard here, or by a monitor after its last
 *   known beat while no majority says dead any more, or a later incarnation.
 */
export class Detector {
  /** Verdicts that protected mode holds back now. */
  withheld = 0;
  private verdictsFrom = 0;
  /** Of the table when it was last looked at as a whole. */
  private epoch = -1;

  constructor(
    private readonly table: MemberTable,
    private readonly judges: Judges,
    private readonly protection: Protection,
    private readonly limits: Limits,
  ) {}

  heard(member: Member, context: StepContext): void {
    member.heardAt = this.judges.time.ms;
    member.heardMs = context.now;
    member.wasHeard = true;
    member.refusals = 0;
    member.hardAt = undefined;
    if (member.askedAt !== undefined) member.answeredAt = this.judges.time.ms;
    member.askedAt = undefined;
    const isStoredDead = member.deadWallMs !== 0;
    if (member.state === 'suspect' || member.state === 'dead' || (isStoredDead && member.state === 'alive')) {
      this.judges.liveness.alive(member, 'heard', context);
    }
  }

  /** Nobody listens where it was. Twice since it was last heard is evidence, unless it said that it stops. */
  refusedDial(member: Member): void {
    if (!member.wasHeard || member.saidGoodbye) return;
    member.refusals++;
    if (member.refusals >= 2) member.hardAt ??= this.judges.time.ms;
  }

  /** After a pause of ours: what was said meanwhile may be out of date, so it is asked for again before a verdict. */
  resume(context: StepContext): void {
    this.verdictsFrom = this.judges.time.ms + defaults.membership.answerMs;
    for (const member of this.table.local) if (member.askedAt !== undefined) this.question(member, context);
  }

  /** Each tick, and only then: of news that waited the last may say the opposite of the first. */
  review(context: StepContext): void {
    const { local } = this.table;
    const members = this.epoch !== this.table.epoch ? local : local.some(this.isInQuestion) ? local : NOBODY;
    this.epoch = this.table.epoch;
    for (const member of members) this.watch(member, context);
    for (const member of members) this.ask(member, context);
    this.protection.update(context);
    this.withheld = 0;
    for (const member of members) this.judge(member, context);
  }

  /** Of all others nothing can have changed through time alone. */
  private readonly isInQuestion = (member: Member): boolean => {
    if (member.state !== 'alive' || member.votes.accusations > 0 || member.hardAt !== undefined) return true;
    if (member.askedAt !== undefined) return true;
    const silentMs = this.judges.time.ms - member.heardAt;
    return member.watchedAt === undefined ? this.isLongSilent(member) : silentMs >= this.limits.suspectAfterMs;
  };

  private watch(member: Member, context: StepContext): void {
    const said = member.votes.accusations > 0 ? member.votes.get(this.table.self.info.origin) : undefined;
    const accuses = said !== undefined && said.verdict !== 'alive';
    const isMonitor = this.judges.monitors.votersOf(member).includes(this.table.self);
    if (isMonitor) member.watchedAt ??= this.judges.time.ms;
    else if (!accuses) member.watchedAt = undefined;
    if (member.watchedAt === undefined) return;
    const found = this.observe(member);
    if (found.verdict === 'alive' && !accuses) return;
    if (said?.beat === member.beat && said.inc === member.info.inc && severity(found) <= severity(said)) return;
    const vote = { ...found, inc: member.info.inc, beat: member.beat };
    if (isMonitor || found.verdict === 'alive') this.judges.opinions.say(member, vote, context);
  }

  private observe(member: Member): Judgement {
    const { suspectAfterMs, deadAfterMs, hardDeadAfterMs } = this.limits;
    if (member.hardAt !== undefined) return this.judges.time.ms - member.hardAt >= hardDeadAfterMs ? GONE : REFUSED;
    const silentMs = this.silence(member);
    if (silentMs >= deadAfterMs * this.factor) return SILENT_LONG;
    return silentMs >= suspectAfterMs * this.factor ? SILENT : WELL;
  }

  /** Whoever became its monitor a moment ago could not hear it before. */
  private silence({ heardAt, watchedAt }: Member): number {
    return watchedAt === undefined ? 0 : this.judges.time.ms - Math.max(heardAt, watchedAt);
  }

  private get factor(): number {
    return 1 + this.judges.health.value;
  }

  private ask(member: Member, context: StepContext): void {
    const isDoubted = this.isAccused(member) || this.isLongSilent(member);
    if (!isDoubted) member.askedAt = undefined;
    else if (member.askedAt === undefined && this.judges.time.ms - member.answeredAt >= this.limits.suspectAfterMs) {
      member.askedAt = this.judges.time.ms;
      this.question(member, context);
    }
    const reason = this.suspicion(member);
    if (member.state === 'dead') return;
    if (reason !== undefined) this.judges.liveness.suspect(member, reason, context);
    else if (member.state === 'suspect') this.judges.liveness.alive(member, 'nobody doubts it', context);
  }

  private question(member: Member, context: StepContext): void {
    if (member.isConnected) this.judges.opinions.relay(member, context);
  }

  private isAccused({ votes }: Member): boolean {
    if (votes.accusations === 0) return false;
    for (const by of votes.accusers()) if (this.isCredible(by)) return true;
    return false;
  }

  private isCredible(by: string): boolean {
    const state = this.table.get(by)?.state;
    return state === 'alive' || state === 'suspect';
  }

  private isLongSilent({ heardAt }: Member): boolean {
    const { slowBeats, slowBeatsMissed } = defaults.membership;
    return this.judges.time.ms - heardAt >= slowBeats * slowBeatsMissed * this.limits.heartbeatMs * this.factor;
  }

  /** Why we suspect it; undefined when we do not. */
  private suspicion(member: Member): string | undefined {
    if (member.hardAt !== undefined) return `nobody listens at ${addressOf(member.info)}`;
    if (severity(this.observe(member)) > 0) return this.silenceOf(member);
    const { askedAt } = member;
    if (askedAt === undefined || this.judges.time.ms - askedAt < defaults.membership.answerMs * this.factor)
      return undefined;
    return this.silenceOf(member);
  }

  private silenceOf(member: Member): string {
    if (member.saidGoodbye) return 'it stopped, as it said';
    return member.wasHeard ? 'silent' : 'not heard of since this agent started';
  }

  private judge(member: Member, context: StepContext): void {
    if (member.state === 'alive') return;
    const verdict = this.majority(member);
    if (member.state === 'dead') {
      if (member.isSeenAgain && !verdict) this.judges.liveness.alive(member, 'heard by its monitors', context);
    } else if (verdict && this.protection.holdsBack) {
      this.withheld++;
      member.reason = `${this.suspicion(member) ?? 'silent'}; kept, for protected mode`;
    } else if (verdict && this.judges.time.ms >= this.verdictsFrom) {
      member.diedWith = { inc: member.info.inc, beat: verdict.beat };
      this.judges.liveness.dead(member, verdict.evidence, verdict.reason, context);
    }
  }

  /** What more than half of those who have a say hold; undefined when that is not death. */
  private majority(
    member: Member,
  ): { readonly evidence: 'hard' | 'silence'; readonly beat: number; readonly reason: string } | undefined {
    const voters = this.judges.monitors.votersOf(member);
    const votes = voters.map((voter) => member.votes.get(voter.info.origin)).filter((vote) => vote?.verdict === 'dead');
    if (2 * votes.length <= voters.length) return undefined;
    const evidence = votes.some((vote) => vote?.evidence === 'hard') ? 'hard' : 'silence';
    const beat = Math.max(member.beat, ...votes.map((vote) => vote?.beat ?? 0));
    const what = evidence === 'hard' ? `nobody listens at ${addressOf(member.info)}` : 'silent';
    return { evidence, beat, reason: `${what}: ${votes.length} of ${voters.length} monitors agree` };
  }
}
