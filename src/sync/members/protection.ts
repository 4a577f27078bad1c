import { defaults } from '../../model/index.js';
import type { Origin } from '../messages.js';
import type { SyncSettings } from '../settings.js';
import type { StepContext } from '../step/parts.js';
import type { AttentiveTime } from './attentive-time.js';
import type { Member } from './member.js';
import type { MemberTable } from './table.js';

/** Longest time between two tries to reach a member, and of one. */
const RECONNECT_MS = defaults.peerBackoffCapMs + defaults.peerDialTimeoutMs;

type Limits = Pick<SyncSettings, 'minNodes' | 'lossShare' | 'lossWindowMs'>;

/**
 * Protected mode: when many others seem to be gone, it is more likely that it is we who are cut off, so nothing is expired
 * (the self-preservation of Eureka; the standard's split-brain protection with its min_nodes). It is on while any agent of
 * the stable view is lost and
 * - fewer than `minNodes` agents are known, or
 * - not more than half of the stable view can be reached, or
 * - the brake is on: at least two, and `lossShare` of the stable view, were lost within `lossWindowMs`. It goes off when so
 *   many are back that it would not have gone on, or after a window without a further loss.
 *
 * The stable view: an agent belongs to it as soon as it is known, so that of two halves of a growing datacenter not both
 * believe to be the majority; and until it has been dead for a window outside of protected mode, so that a majority may
 * shrink step by step. Who was dead already when this agent last ran does not until it is heard. It is a view: two agents may differ about it, for it is agreed upon by nobody.
 */
export class Protection {
  isActive = false;
  reason = '';
  /** Monotonic; 0 while off. */
  sinceMs = 0;
  private endedAt = Number.NEGATIVE_INFINITY;
  private epoch = -1;
  private isCalm = false;
  /** A dead one still belongs to the stable view. */
  private awaitsExpiry = false;
  private readonly stable = new Set<Origin>();
  /** Losses before this time do not count for the brake; undefined while it is off. */
  private brakeFloor: number | undefined;

  constructor(
    private readonly table: MemberTable,
    private readonly time: AttentiveTime,
    private readonly limits: Limits,
  ) {}

  /** For a while after it ended too, in which those are connected again who can be. */
  get holdsBack(): boolean {
    return this.isActive || this.time.ms - this.endedAt < RECONNECT_MS;
  }

  /** To be called after suspicion and before verdicts. Time alone changes nothing while all are well. */
  update({ now, wall, out }: StepContext): void {
    const isChanged = this.epoch !== this.table.epoch;
    if (!isChanged && this.isCalm) return;
    this.epoch = this.table.epoch;
    if (isChanged) this.isCalm = this.table.local.every(({ state }) => state === 'alive');
    if (isChanged || this.awaitsExpiry) this.followStable(wall);
    const reason = this.judge();
    const isActive = reason !== '';
    if (isActive !== this.isActive) {
      this.isActive = isActive;
      this.endedAt = this.time.ms;
      this.sinceMs = isActive ? now : 0;
      out.notices.push({ type: 'protected', active: isActive, reason });
    }
    this.reason = reason;
  }

  private followStable(wall: number): void {
    this.awaitsExpiry = this.table.local.some(({ state, info }) => state === 'dead' && this.stable.has(info.origin));
    const present = new Set<Origin>([this.table.self.info.origin]);
    for (const member of this.table.local) {
      const { origin } = member.info;
      if (this.hasExpired(member) && !this.isActive) this.stable.delete(origin);
      else if (member.state !== 'dead' && !this.wasLongDead(member, wall)) this.stable.add(origin);
      present.add(origin);
    }
    this.stable.add(this.table.self.info.origin);
    for (const origin of this.stable) if (!present.has(origin)) this.stable.delete(origin);
  }

  private hasExpired({ state, deadAt = 0 }: Member): boolean {
    return state === 'dead' && this.time.ms - deadAt >= this.limits.lossWindowMs;
  }

  /** Before this agent started. Who died less than a window ago still counts as lost. */
  private wasLongDead({ deadWallMs }: Member, wall: number): boolean {
    return deadWallMs !== 0 && wall - deadWallMs >= this.limits.lossWindowMs;
  }

  private judge(): string {
    const lost = this.table.local.filter((member) => member.state !== 'alive' && this.stable.has(member.info.origin));
    const brake = this.brake(lost);
    if (lost.length === 0) return '';
    const known = this.table.local.length + 1;
    const total = this.stable.size;
    const reached = total - lost.length;
    const names = listed(lost);
    if (known < this.limits.minNodes) {
      return `${known} agents are known, and expiry needs ${this.limits.minNodes} (min_nodes); lost: ${names}`;
    }
    if (2 * reached <= total) return `no majority: ${reached} of ${total} agents are reached; lost: ${names}`;
    return brake;
  }

  private brake(lost: readonly Member[]): string {
    const floor = this.brakeFloor ?? this.time.ms - this.limits.lossWindowMs;
    const times = lost.map(({ lostAt = 0 }) => lostAt).filter((at) => at >= floor);
    const isMass = times.length >= 2 && times.length >= this.limits.lossShare * this.stable.size;
    const isRecent = this.time.ms - Math.max(...times) < this.limits.lossWindowMs;
    this.brakeFloor = isMass && isRecent ? floor : undefined;
    if (this.brakeFloor === undefined) return '';
    const seconds = this.limits.lossWindowMs / 1000;
    return `${times.length} of ${this.stable.size} agents were lost within ${seconds} s: ${listed(lost)}; nothing expires before ${seconds} s without another loss`;
  }
}

function listed(members: readonly Member[]): string {
  const names = members.slice(0, 5).map(({ info }) => info.node);
  return members.length > 5 ? `${names.join(', ')} and ${members.length - 5} more` : names.join(', ');
}
