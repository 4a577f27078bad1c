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

/** What is between us and one other datacenter. */
interface Pair {
  /** For rendezvous hashing: the same on both sides. */
  readonly about: number;
  readonly theirs: readonly Member[];
  readonly ourGateways: readonly Member[];
}

/**
 * Contact with other datacenters. For each pair of datacenters each side has two gateways, the agents that weigh most for
 * the pair and are not suspect; every gateway of one keeps a connection to every one of the other. Both sides find the same
 * ones as far as they know the same, and what they do not agree about costs a connection more, no more.
 *
 * A remote datacenter is one failure domain: its members are alive or suspect (none of our gateways reaches them), and
 * leave by their own or an operator's word. They never die of silence.
 */
export class Gateways {
  private epoch = -1;
  private pairs: ReadonlyMap<string, Pair> = new Map();
  private turn = -1;
  private wantedEpoch = -1;
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
    if (this.wantedEpoch === this.table.epoch && this.turn === turn) return this.wantedNow;
    this.wantedEpoch = this.table.epoch;
    this.turn = turn;
    const mine = [...this.current().values()].filter(({ ourGateways }) => ourGateways.includes(this.table.self));
    return (this.wantedNow = mine.flatMap((pair) => wantedOf(pair, turn)));
  }

  /** Each tick. */
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

  /** By the name of the other datacenter. */
  private current(): ReadonlyMap<string, Pair> {
    if (this.epoch === this.table.epoch) return this.pairs;
    this.epoch = this.table.epoch;
    const own = this.table.self.info.datacenter;
    const ours = [this.table.self, ...this.table.local.filter(({ state }) => state !== 'dead')];
    const pairs = new Map<string, Pair>();
    for (const { info } of this.table.remote) {
      if (pairs.has(info.datacenter)) continue;
      const about = hashText([own, info.datacenter].sort().join('\u0000'));
      const theirs = this.table.remote.filter((member) => member.info.datacenter === info.datacenter);
      pairs.set(info.datacenter, { about, theirs, ourGateways: gateways(about, ours) });
    }
    return (this.pairs = pairs);
  }

  /** Silence counts from when we began to want a connection, or had one. */
  private watch(member: Member, isWanted: boolean, context: StepContext): void {
    const accuses = member.votes.accuses(this.table.self.info.origin);
    if (isWanted || member.isConnected) member.watchedAt ??= this.time.ms;
    else if (!accuses) member.watchedAt = undefined;
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
    if (member.votes.accusations === 0) return undefined;
    const accuses = (by: Member): boolean => member.votes.accuses(by.info.origin);
    const gateways = this.current().get(member.info.datacenter)?.ourGateways ?? [];
    // Who is a gateway no longer tries no longer, so what it found then says nothing now.
    const isOurs = gateways.includes(this.table.self) || member.isConnected;
    if (isOurs && accuses(this.table.self)) return `not reached at ${addressOf(member.info)}`;
    if (member.isConnected) return undefined;
    if (gateways.length === 0 || !gateways.every(accuses)) return undefined;
    return `not reached by ${gateways.map(({ info }) => info.node).join(' and ')}`;
  }
}

function gateways(about: number, members: readonly Member[]): readonly Member[] {
  const well = members.filter(({ state }) => state !== 'suspect');
  return ranked(about, well).slice(0, defaults.membership.gateways);
}

function wantedOf({ about, theirs }: Pair, turn: number): readonly Member[] {
  const lost = theirs.filter(({ state }) => state === 'suspect');
  const tried = ranked(about, lost)[turn % Math.max(1, lost.length)];
  return [...gateways(about, theirs), ...(tried ? [tried] : [])];
}
