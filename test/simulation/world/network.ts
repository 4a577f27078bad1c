/**
 * The network between agents: connections of whole frames. Within a connection frames come in order and are not lost,
 * as TCP has it, except that weather may lose or delay those of which the protocol says that they may be. What cannot
 * get through waits; a connection that cannot get through for long ends, at each side when that side notices.
 */
import type { ConnectionEvidence } from '../../../src/runtime/index.js';
import type { Slot, Weather } from '../plan/scenario.js';
import type { Chance } from './chance.js';
import { ConnectionEnd } from './connection.js';
import type { Frame, Holder } from './connection.js';
import type { EventQueue } from './event-queue.js';
import type { Tally } from './tally.js';

/** What answers at an address. `refusing`: the machine runs, nobody listens. `gone`: no machine. */
export type Presence =
  | { readonly type: 'listening'; readonly holder: Holder; readonly accept: (end: ConnectionEnd) => void }
  | { readonly type: 'refusing'; readonly slot: Slot }
  | { readonly type: 'gone' };

export interface NetworkOptions {
  readonly queue: EventQueue;
  readonly chance: Chance;
  readonly weather: Weather;
  readonly datacenterOf: (slot: Slot) => string;
  readonly at: (address: string) => Presence;
  readonly queueBytes: number;
  readonly dialTimeoutMs: number;
  /** Until a side gives up, things take this much longer. */
  readonly tempo: number;
  readonly tally: Tally;
}

/** What a receiver's system takes before the sender feels that nobody reads. */
const SOCKET_BYTES = 64 * 1024;
/** After a cut: until TCP tries again. */
const RETRANSMIT_MS = [100, 1_500] as const;
/** Until a side notices that nothing gets through any more. */
const GIVES_UP_MS = [6_000, 25_000] as const;
/** How late a wandering frame may be. */
const WANDERS_MS = [10, 4_000] as const;

export class Network {
  private weather: Weather;
  private readonly open = new Set<ConnectionEnd>();
  /** Directed, `from>to`: how many faults cut it. */
  private readonly cuts = new Map<string, number>();
  private readonly slowTo = new Map<Slot, number>();
  /** When a direction was last cut or closed otherwise; for judging who could have heard whom. */
  private readonly lastCutMs = new Map<string, number>();
  private readonly lastSlowMs = new Map<Slot, number>();
  private nextId = 1;

  constructor(private readonly options: NetworkOptions) {
    this.weather = options.weather;
  }

  // ---- for agents

  /** Calls back once: with an end that is open, or with the evidence of why there is none. */
  dial(from: Holder, address: string, done: (end: ConnectionEnd | ConnectionEvidence) => void): void {
    const { queue, dialTimeoutMs } = this.options;
    const there = this.options.at(address);
    if (there.type === 'gone') return void queue.after(dialTimeoutMs, () => done('timeout'));
    const slot = there.type === 'listening' ? there.holder.slot : there.slot;
    if (this.isCut(from.slot, slot) || this.isCut(slot, from.slot))
      return void queue.after(dialTimeoutMs, () => done('timeout'));
    queue.after(this.delay(from.slot, slot) * 2, () => {
      const now = this.options.at(address);
      if (now.type === 'listening') done(this.connect(from, now));
      else done(now.type === 'refusing' ? 'refused' : 'timeout');
    });
  }

  send(end: ConnectionEnd, frame: Frame): void {
    if (!end.isOpen) return;
    if (frame.mayDrop && this.options.chance.hits(this.weather.lossShare)) {
      this.options.tally.count('frame lost');
      return;
    }
    const dropped = end.droppedFrames;
    end.enqueue(frame, this.options.queueBytes);
    this.options.tally.count('frame dropped from a full queue', end.droppedFrames - dropped);
    this.pump(end);
  }

  /** This side ends it; the other is told when that can reach it. */
  close(end: ConnectionEnd, tells: ConnectionEvidence = 'closed'): void {
    if (!end.isOpen) return;
    this.drop(end);
    const { holder: to } = end.peer;
    if (this.isCut(end.holder.slot, to.slot)) return this.noticeLater(end.peer);
    const arrival = Math.max(end.lastArrivalMs, this.options.queue.nowMs + this.delay(end.holder.slot, to.slot));
    this.options.queue.at(arrival, () => this.tell(end.peer, tells));
  }

  /** The process stands no longer still: what could not be taken can be. */
  reads(holder: Holder): void {
    for (const end of this.open) if (end.peer.holder === holder) this.pump(end);
  }

  // ---- faults

  setWeather(weather: Partial<Weather>): void {
    this.weather = { ...this.weather, ...weather };
  }

  cut(from: Slot, to: Slot): void {
    const way = `${from}>${to}`;
    this.cuts.set(way, (this.cuts.get(way) ?? 0) + 1);
    for (const end of this.open) if (this.leads(end, from, to)) this.noticeLater(end);
  }

  uncut(from: Slot, to: Slot): void {
    const way = `${from}>${to}`;
    const left = (this.cuts.get(way) ?? 0) - 1;
    this.lastCutMs.set(way, this.options.queue.nowMs);
    if (left > 0) return void this.cuts.set(way, left);
    this.cuts.delete(way);
    for (const end of this.open) {
      if (this.leads(end, from, to))
        this.options.queue.after(this.options.chance.between(...RETRANSMIT_MS), () => this.pump(end));
    }
  }

  slow(to: Slot, bytesPerSecond: number | undefined): void {
    this.lastSlowMs.set(to, this.options.queue.nowMs);
    if (bytesPerSecond === undefined) this.slowTo.delete(to);
    else this.slowTo.set(to, bytesPerSecond);
    if (bytesPerSecond !== 0) for (const end of this.open) if (end.peer.holder.slot === to) this.pump(end);
  }

  /** Every connection between two ends; `half`: only the first is told. Whether there was one. */
  break(a: Slot, b: Slot, half: boolean): boolean {
    const broken = [...this.open].filter((end) => this.leads(end, a, b));
    for (const end of broken) {
      const { peer } = end;
      this.tell(end, 'reset');
      if (!half) this.tell(peer, 'reset');
      else if (peer.isOpen) this.noticeLater(peer);
    }
    return broken.length > 0;
  }

  /** The process is gone. `silently`: the machine too, so nobody says so. */
  vanish(holder: Holder, silently: boolean): void {
    for (const end of Array.from(this.open)) {
      if (end.holder !== holder) continue;
      if (silently) {
        this.drop(end);
        this.noticeLater(end.peer);
      } else this.close(end, 'reset');
    }
  }

  // ---- for judges

  isCut(from: Slot, to: Slot): boolean {
    return this.cuts.has(`${from}>${to}`);
  }

  /** Whether the way was open all the time since then. */
  wasOpenSince(from: Slot, to: Slot, sinceMs: number): boolean {
    return !this.isCut(from, to) && (this.lastCutMs.get(`${from}>${to}`) ?? -Infinity) < sinceMs;
  }

  /** Whether it read as fast as it was sent, all the time since then. */
  wasReadingSince(slot: Slot, sinceMs: number): boolean {
    return !this.slowTo.has(slot) && (this.lastSlowMs.get(slot) ?? -Infinity) < sinceMs;
  }

  /** What waits to be sent, over all connections. */
  queuedBytes(): number {
    let bytes = 0;
    for (const end of this.open) bytes += end.queuedBytes;
    return bytes;
  }

  // ---- inside

  private connect(from: Holder, to: Presence & { readonly type: 'listening' }): ConnectionEnd {
    const id = this.nextId++;
    const near = new ConnectionEnd(from, true, id);
    const far = new ConnectionEnd(to.holder, false, id);
    near.peer = far;
    far.peer = near;
    this.open.add(near).add(far);
    to.accept(far);
    return near;
  }

  private leads(end: ConnectionEnd, from: Slot, to: Slot): boolean {
    return end.holder.slot === from && end.peer.holder.slot === to;
  }

  private pump(end: ConnectionEnd): void {
    while (end.queue.length > 0 && !end.isPumping && this.mayLeave(end)) this.depart(end, end.dequeue() as Frame);
  }

  private mayLeave(end: ConnectionEnd): boolean {
    const { nowMs } = this.options.queue;
    const to = end.peer.holder;
    if (!end.isOpen || this.isCut(end.holder.slot, to.slot)) return false;
    if (this.slowTo.get(to.slot) === 0 || (end.peer.isOpen && to.waitingBytes > SOCKET_BYTES)) return false;
    if (end.busyUntilMs <= nowMs) return true;
    end.isPumping = true;
    this.options.queue.at(end.busyUntilMs, () => {
      end.isPumping = false;
      this.pump(end);
    });
    return false;
  }

  private depart(end: ConnectionEnd, frame: Frame): void {
    const { queue, chance, tally } = this.options;
    const rate = this.slowTo.get(end.peer.holder.slot);
    if (rate) end.busyUntilMs = queue.nowMs + Math.ceil((frame.bytes.length / rate) * 1000);
    const soonest = Math.max(queue.nowMs, end.busyUntilMs) + this.delay(end.holder.slot, end.peer.holder.slot);
    if (frame.mayWander && chance.hits(this.weather.lateShare)) {
      tally.count('frame overtaken');
      return void queue.at(soonest + chance.between(...WANDERS_MS), () => this.wander(end, frame));
    }
    if (frame.mayWander && chance.hits(this.weather.repeatShare)) {
      tally.count('frame repeated');
      queue.at(soonest + chance.between(...WANDERS_MS), () => this.wander(end, frame));
    }
    end.lastArrivalMs = Math.max(end.lastArrivalMs, soonest);
    queue.at(end.lastArrivalMs, () => this.arrive(end, frame));
  }

  private arrive(end: ConnectionEnd, frame: Frame): void {
    if (end.peer.isOpen) return end.peer.holder.received(end.peer, frame);
    // Nobody there: the machine answers with a reset, if it can.
    const { holder } = end.peer;
    if (!this.isCut(holder.slot, end.holder.slot) && end.isOpen)
      this.options.queue.after(this.delay(holder.slot, end.holder.slot), () => this.tell(end, 'reset'));
  }

  /** Late, as if it had come over a connection of its own: also when this one has ended, but not from another life. */
  private wander(end: ConnectionEnd, frame: Frame): void {
    end.peer.holder.received(end.peer, frame);
  }

  private noticeLater(end: ConnectionEnd): void {
    this.options.queue.after(this.options.chance.between(...GIVES_UP_MS) * this.options.tempo, () => {
      if (!end.isOpen || this.getsThrough(end)) return;
      this.tell(end, 'timeout');
    });
  }

  private getsThrough(end: ConnectionEnd): boolean {
    return end.peer.isOpen && !this.isCut(end.holder.slot, end.peer.holder.slot);
  }

  private tell(end: ConnectionEnd, evidence: ConnectionEvidence): void {
    if (!end.isOpen) return;
    this.drop(end);
    end.holder.ended(end, evidence);
  }

  private drop(end: ConnectionEnd): void {
    end.isOpen = false;
    this.open.delete(end);
  }

  private delay(from: Slot, to: Slot): number {
    const { datacenterOf, chance } = this.options;
    const isNear = datacenterOf(from) === datacenterOf(to);
    return chance.between(...(isNear ? this.weather.latencyMs : this.weather.remoteLatencyMs));
  }
}
