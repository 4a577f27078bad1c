import { defaults } from '../../model/index.js';
import type { SyncSettings } from '../settings.js';
import type { StepContext } from '../step/parts.js';
import type { AttentiveTime } from './attentive-time.js';
import { hashText } from './hash.js';
import type { Liveness } from './liveness.js';
import { addressOf, type Member } from './member.js';
import type { Opinions } from './opinions.js';
import { ranked } from './rendezvous.js';
import type { MemberTable } from './table.js';

const { gateways: GATEWAYS } = defaults.membership;

/**
 * Contact with other datacenters. For each pair of datacenters each side has two gateways, the agents that weigh most for
 * the pair and are not suspect; every gateway of one keeps a connection to every one of the other. Both sides find the same
 * ones as far as they know the same, and what they do not agree about costs a connection more, no more.
 *
 * A remote datacenter is one failure domain: its members are alive or suspect (nobody of us reaches them), and leave by
 * their own or an operator's word. They never die of silence. Gateways tell the others of theirs whom they cannot reach.
 */
export class Gateways {
  private epoch = -1;
  private turn = -1;
  private wantedNow: readonly Member[] = [];

  constructor(
    private readonly table: MemberTable,
    private readonly time: AttentiveTime,
    private readonly opinions: Opinions,
    private readonly liveness: Liveness,
    private readonly settings: Pick<SyncSettings, 'heartbeatMs'>,
  ) {}

  /** Remote members that we as a gateway keep connections to; the suspect ones are tried one after another. */
  wanted(): readonly Member[] {
    const turn = Math.floor(this.time.ms / defaults.membership.remoteRetryMs);
    if (this.epoch === this.table.epoch && this.turn === turn) return this.wantedNow;
    this.epoch = this.table.epoch;
    this.turn = turn;
    this.wantedNow = this.datacenters().flatMap((members) => this.wantedOf(members, turn));
    return this.wantedNow;
  }

  /** To be called each tick, and when a contact begins or ends. */
  review(context: StepContext): void {
    if (this.table.remote.length === 0) return;
    const wanted = new Set(this.wanted());
    for (const member of this.table.remote) {
      this.watch(member, wanted.has(member), context);
      const reason = this.suspicion(member);
      if (reason !== undefined) this.liveness.suspect(member, reason, context);
      else if (member.state === 'suspect') this.liveness.alive(member, 'reached', context);
    }
  }

  private datacenters(): readonly Member[][] {
    const by = new Map<string, Member[]>();
    for (const member of this.table.remote) {
      const { datacenter } = member.info;
      by.set(datacenter, [...(by.get(datacenter) ?? []), member]);
    }
    return [...by.values()];
  }

  private wantedOf(theirs: readonly Member[], turn: number): readonly Member[] {
    const pair = [this.table.self.info.datacenter, theirs[0]?.info.datacenter ?? ''].sort();
    const about = hashText(pair.join('\u0000'));
    const ours = [this.table.self, ...this.table.local.filter(({ state }) => state !== 'dead')];
    if (!first(about, ours).includes(this.table.self)) return [];
    const lost = theirs.filter((member) => member.state === 'suspect');
    const tried = lost.length === 0 ? [] : [ranked(about, lost)[turn % lost.length] as Member];
    return [...first(about, theirs), ...tried];
  }

  /** Silence counts from when we began to want a connection. */
  private watch(member: Member, isWanted: boolean, context: StepContext): void {
    const said = this.opinions.ofSelf(member);
    const accuses = said !== undefined && said.verdict !== 'alive';
    if (isWanted) member.watchedAt ??= this.time.ms;
    else if (!member.isConnected) member.watchedAt = undefined;
    if (member.watchedAt === undefined) return;
    const isLost = this.isLost(member, member.watchedAt);
    if (!isLost && !accuses) return;
    const vote = { inc: member.info.inc, beat: member.beat, evidence: 'silence' } as const;
    this.opinions.say(member, { ...vote, verdict: isLost ? 'suspect' : 'alive' }, context);
  }

  private isLost(member: Member, watchedAt: number): boolean {
    const { remoteSuspectAfterMs, slowBeats, slowBeatsMissed } = defaults.membership;
    const silentMs = this.time.ms - Math.max(member.heardAt, watchedAt);
    if (member.isConnected) return silentMs >= slowBeats * slowBeatsMissed * this.settings.heartbeatMs;
    return silentMs >= remoteSuspectAfterMs;
  }

  private suspicion(member: Member): string | undefined {
    const self = this.table.self.info.origin;
    for (const [by, { verdict }] of member.votes) {
      if (verdict === 'alive' || !this.isCredible(by)) continue;
      if (by === self) return `not reached at ${addressOf(member.info)}`;
      if (!member.isConnected) return `not reached by gateway ${this.table.get(by)?.info.node ?? by}`;
    }
    return undefined;
  }

  private isCredible(by: string): boolean {
    if (by === this.table.self.info.origin) return true;
    const member = this.table.get(by);
    return member !== undefined && member.isConnected && member.state !== 'left';
  }
}

function first(about: number, members: readonly Member[]): readonly Member[] {
  return ranked(
    about,
    members.filter(({ state }) => state !== 'suspect'),
  ).slice(0, GATEWAYS);
}
