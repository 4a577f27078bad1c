import { defaults } from '../../model/index.js';
import type { BeatMessage, Origin } from '../messages.js';
import type { SyncSettings } from '../settings.js';
import type { StepContext } from '../step/parts.js';
import type { AttentiveTime } from './attentive-time.js';
import type { LocalHealth } from './local-health.js';
import { isNumber } from './member-info.js';
import type { Member } from './member.js';
import type { Monitors } from './rendezvous.js';
import type { MemberTable } from './table.js';

/** Of a measured round trip, how much counts beside what was known (RFC 6298 section 2). */
const NEW_SHARE = 1 / 8;

/**
 * Signs of life: every heartbeat to our monitors and to whoever lately doubted that we are well, and now and then to every
 * other peer, in turn, so that everybody knows everybody at first hand, and how far away it is.
 */
export class Beats {
  /** How often we said that we are well. */
  refutes = 0;
  private nextAt = 0;
  private count = 0;
  private readonly doubters = new Map<Origin, number>();
  private saidAliveAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly table: MemberTable,
    private readonly time: AttentiveTime,
    private readonly health: LocalHealth,
    private readonly monitors: Monitors,
    private readonly settings: Pick<SyncSettings, 'heartbeatMs' | 'lossWindowMs'>,
  ) {}

  tick(context: StepContext): void {
    if (this.time.ms < this.nextAt) return;
    this.nextAt = Math.max(this.nextAt + this.settings.heartbeatMs, this.time.ms);
    this.table.self.beat++;
    this.count++;
    for (const peer of this.receivers()) this.send(peer, context);
  }

  /** We were not heard for a while: the next beat goes out at once. */
  hurry(): void {
    this.nextAt = this.time.ms;
  }

  /** At once, for a new peer. */
  greet(peer: Member, context: StepContext): void {
    this.table.self.beat++;
    this.send(peer, context);
  }

  heard(from: Member, message: BeatMessage, now: number): void {
    if (!isNumber(message.beat, 0) || !isNumber(message.sentMs, 0) || !isNumber(message.echoMs, 0)) return;
    if (message.inc === from.info.inc) from.beat = Math.max(from.beat, message.beat);
    from.localHealth = isNumber(message.health, 0, 8) ? message.health : 0;
    from.sentMs = message.sentMs;
    from.sentSeenMs = now;
    if (message.echoMs === 0) return;
    const tripMs = Math.max(0, now - message.echoMs);
    from.rttMs = from.rttMs === undefined ? tripMs : from.rttMs + NEW_SHARE * (tripMs - from.rttMs);
  }

  /** Somebody doubts that we are well: everybody hears that we are, once in a heartbeat, and the doubter for a while. */
  doubted(by: Member, context: StepContext): void {
    for (const [origin, until] of this.doubters) if (until < this.time.ms) this.doubters.delete(origin);
    this.doubters.set(by.info.origin, this.time.ms + this.settings.lossWindowMs);
    if (this.time.ms - this.saidAliveAt < this.settings.heartbeatMs) return;
    this.saidAliveAt = this.time.ms;
    this.refutes++;
    this.health.missed(this.time.ms);
    const { self } = this.table;
    self.beat++;
    for (const { info } of this.table.localPeers) {
      const message = { type: 'alive', inc: self.info.inc, beat: self.beat } as const;
      context.out.sends.push({ to: info.origin, message, priority: 'control' });
    }
  }

  private receivers(): readonly Member[] {
    const monitors = this.monitors.ofSelf();
    return this.table.connected.filter((peer) => this.isTurn(peer) || monitors.has(peer) || this.isDoubter(peer));
  }

  private isTurn({ hash }: Member): boolean {
    return (hash + this.count) % defaults.membership.slowBeats === 0;
  }

  private isDoubter({ info }: Member): boolean {
    return this.doubters.size > 0 && (this.doubters.get(info.origin) ?? 0) >= this.time.ms;
  }

  private send(to: Member, { now, out }: StepContext): void {
    const { self } = this.table;
    const message: BeatMessage = {
      type: 'beat',
      inc: self.info.inc,
      beat: self.beat,
      health: this.health.value,
      sentMs: Math.max(1, Math.round(now)),
      echoMs: to.sentMs === 0 ? 0 : Math.round(to.sentMs + now - to.sentSeenMs),
    };
    out.sends.push({ to: to.info.origin, message, priority: 'control' });
  }
}
