/**
 * I6 nobody who is well and can be heard is held dead. I7 no expiry with fewer agents than `minNodes`, none by a minority,
 * and no mass expiry: of a large part of the agents lost at once, none is expired while the loss is fresh.
 */
import type { Notice, Origin } from '../../../src/sync/index.js';
import type { SyncInput } from '../../../src/sync/step/types.js';
import type { Life } from '../agent/life.js';
import type { Watcher } from '../agent/watcher.js';
import type { World } from '../world/world.js';
import { require } from './violation.js';

interface Verdict {
  readonly atMs: number;
  /** When anything was last heard of the one it is about. */
  readonly heardMs: number;
}

export class ExpiryJudge implements Watcher {
  /** By life, then by origin. */
  private readonly heard = new WeakMap<Life, Map<Origin, number>>();
  /** By the agent that holds it, over all its lives: it remembers whom it held dead. Then by origin. */
  private readonly verdicts = new Map<Origin, Map<Origin, Verdict>>();

  private readonly endedMs = new Map<Origin, number>();

  constructor(private readonly world: World) {}

  beforeStep(life: Life, input: SyncInput): void {
    if (input.type === 'message') of(this.heard, life).set(input.from, this.now);
    if (input.type === 'connected') of(this.heard, life).set(input.peer.origin, this.now);
  }

  noticed(life: Life, notice: Notice): void {
    if (notice.type !== 'member') return;
    const verdicts = this.verdictsOf(life);
    if (notice.state === 'suspect') return;
    if (notice.state !== 'dead') return void verdicts.delete(notice.origin);
    this.judgeWell(life, notice.origin);
    // What a former life found stays found.
    if (verdicts.has(notice.origin)) return;
    const heardMs = of(this.heard, life).get(notice.origin) ?? this.lastHeardBefore(life, notice.origin);
    verdicts.set(notice.origin, { atMs: this.now, heardMs });
    this.judgeCount(life, notice.origin);
    this.judgeMass(life, notice.origin);
    this.judgeMinority(life, notice.origin);
  }

  ended(life: Life): void {
    this.endedMs.set(life.origin, this.now);
  }

  /** Not in this life; others may have told at once that it has been gone for long. */
  private lastHeardBefore(life: Life, origin: Origin): number {
    const isRunning = this.world.running().some((other) => other.origin === origin);
    return Math.min(life.startedMs, isRunning ? Infinity : (this.endedMs.get(origin) ?? -Infinity));
  }

  private get now(): number {
    return this.world.queue.nowMs;
  }

  /** How far back something may still explain a verdict. */
  private get memoryMs(): number {
    const { deadAfterMs, heartbeatMs } = this.world.settings;
    return deadAfterMs + 4 * heartbeatMs + 3_000 * this.world.scenario.tempo;
  }

  private judgeWell(life: Life, origin: Origin): void {
    const target = this.world.running().find((other) => other.origin === origin);
    if (!target || target.isStalled) return;
    const since = this.now - this.memoryMs;
    if (target.startedMs > since || target.lastStallMs > since) return;
    if (!this.world.network.wasReadingSince(target.slot, since)) return;
    const others = this.world.running().filter((other) => other !== target);
    const isHeard = others.every(
      ({ slot }) =>
        this.world.network.wasOpenSince(target.slot, slot, since) &&
        this.world.network.wasOpenSince(slot, target.slot, since),
    );
    require(!isHeard, 'I6', () => `${life.self.name} holds ${target.self.name} dead, which is well`);
  }

  private judgeCount(life: Life, origin: Origin): void {
    const known = this.othersOf(life).length + 1;
    const { minNodes } = this.world.settings;
    require(known >= minNodes, 'I7', () => `${life.self.name} knows ${known} agents and holds ${origin} dead`);
  }

  /** The loss of many that all were heard a moment ago. */
  private judgeMass(life: Life, origin: Origin): void {
    const { lossShare, lossWindowMs } = this.world.settings;
    const { clockJumpedMs } = life.machine;
    // How long ago a former life held it dead, it knows by its wall clock.
    const isMistaken = ({ atMs }: Verdict): boolean => atMs < clockJumpedMs && clockJumpedMs <= life.startedMs;
    const fresh = [...this.verdictsOf(life).values()].filter(
      (verdict) => this.now - verdict.heardMs < lossWindowMs && !isMistaken(verdict),
    );
    const isMass = fresh.length >= 2 && fresh.length >= lossShare * (this.othersOf(life).length + 1);
    require(!isMass, 'I7', () => `${life.self.name} expired ${fresh.length} at once, ${origin} the last of them`);
  }

  /** Whoever could not hear more than half of those it holds alive. */
  private judgeMinority(life: Life, origin: Origin): void {
    const since = this.now - this.memoryMs;
    const alive = this.othersOf(life).filter(({ state }) => state === 'alive' || state === 'suspect');
    const reached = alive.filter(({ info }) => this.canHear(life, info.origin, since)).length + 1;
    const view = alive.length + 2;
    require(reached * 2 > view || life.lastStallMs > since, 'I7', () =>
      `${life.self.name} reaches ${reached} of ${view} and holds ${origin} dead`);
  }

  /** Whether anything could come through at any time since then. */
  private canHear(life: Life, origin: Origin, sinceMs: number): boolean {
    const other = this.world.running().find((one) => one.origin === origin);
    const heard = of(this.heard, life).get(origin) ?? -Infinity;
    return (
      heard >= sinceMs || (other !== undefined && this.world.network.wasOpenSince(other.slot, life.slot, this.now))
    );
  }

  private verdictsOf(life: Life): Map<Origin, Verdict> {
    const known = this.verdicts.get(life.origin) ?? new Map<Origin, Verdict>();
    this.verdicts.set(life.origin, known);
    return known;
  }

  private othersOf(life: Life) {
    return Array.from(life.state.members.all()).filter(
      ({ info, state }) => info.datacenter === life.self.datacenter && state !== 'left',
    );
  }
}

function of<V>(map: WeakMap<Life, Map<Origin, V>>, life: Life): Map<Origin, V> {
  const known = map.get(life) ?? new Map<Origin, V>();
  map.set(life, known);
  return known;
}
