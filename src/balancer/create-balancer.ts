import {
  defaults,
  limits,
  type ServiceDiscoveryError,
  type EndpointSet,
  type ServiceEndpoint,
} from '../model/index.js';
import {
  type Balancer,
  type EndpointExplanation,
  endpointKey,
  type Outcome,
  type Pick,
  type PickHint,
} from './balancer.js';
import { EndpointPick, type Ending } from './endpoint-pick.js';
import { explanationOf } from './explain.js';
import { hashText } from './hash.js';
import { LatencyScale } from './latency-scale.js';
import { causeToEject, eject, endInterval, mostEjected, restore } from './layers/ejection.js';
import { SLOW_START_STEPS, slowStartFactor } from './layers/slow-start.js';
import { Member } from './member.js';
import { noEndpoints } from './no-endpoints.js';
import { type BalancerOptions, type Settings, settingsOf } from './options.js';
import { type Part, type Plan, planOf } from './plan.js';
import { leastBusy, Pool } from './pool.js';

/**
 * A balancer for the endpoints of one service. It has no timers: whatever falls due with time (ejections that end, slow
 * start, subset sizes) is looked at by the next call. Throws INVALID_ARGUMENT naming the option that breaks a rule.
 */
export function createBalancer(options: BalancerOptions): Balancer {
  return new ServiceBalancer(settingsOf(options));
}

const NO_HINT: PickHint = {};
/** How often subset sizes and forgotten picks are looked at, in ms. */
const UPKEEP_MS = 1_000;
/** Weight of the present in the average of requests in flight, once per upkeep: about 15 s. */
const INFLIGHT_SMOOTHING = 1 - Math.exp(-UPKEEP_MS / 15_000);

/** A part of the plan with its pools made, and up to which draw in [0, 1) each is meant. */
interface Lane {
  readonly part: Part;
  readonly pools: readonly Pool[];
  readonly until: readonly number[];
}

class ServiceBalancer implements Balancer, Ending {
  private members = new Map<string, Member>();
  private list: readonly Member[] = [];
  private plan: Plan = { parts: [], unused: new Map() };
  private lanes: readonly Lane[] = [];
  private laneUntil: readonly number[] = [];
  private readonly pools = new Map<string, Pool>();
  private poolOf = new Map<Member, Pool>();
  private used: readonly Member[] = [];
  private readonly scale = new LatencyScale();
  private readonly rankSeed: number;
  private known = false;
  private closed = false;
  private panic = false;
  private ejected = 0;
  private inflight = 0;
  private smoothedInflight = 0;
  private upkeeps = 0;
  /** When something is due by time alone. */
  private dueMs = -Infinity;
  private upkeepMs = -Infinity;
  private intervalMs = -Infinity;
  private slowStartMs = Infinity;

  constructor(private readonly settings: Settings) {
    this.rankSeed = hashText(settings.subsetSeed);
  }

  get policy(): string {
    return this.settings.policy.name;
  }

  update({ endpoints }: { readonly endpoints: EndpointSet['endpoints'] }): void {
    const nowMs = this.settings.clock.now();
    const before = this.members;
    this.members = new Map();
    for (const endpoint of endpoints) {
      const key = endpointKey(endpoint);
      if (this.members.has(key)) continue;
      const member = before.get(key) ?? new Member(key, endpoint, this.scale, this.rankSeed);
      this.place(member, endpoint, this.known ? nowMs : -Infinity);
      this.members.set(key, member);
    }
    this.list = [...this.members.values()];
    this.known = true;
    for (const [key, member] of before) if (!this.members.has(key)) this.forget(member);
    this.replan(nowMs);
  }

  pick(hint: PickHint = NO_HINT): Pick {
    const nowMs = this.settings.clock.now();
    if (nowMs >= this.dueMs) this.keepUp(nowMs);
    const member = this.lanes.length > 0 && !this.closed ? this.choose(hint, nowMs) : undefined;
    if (member === undefined) return { type: 'none', error: this.refusal() };
    const pick = new EndpointPick(member.endpoint, member, nowMs, this);
    member.began(pick);
    this.inflight++;
    return pick;
  }

  ended(pick: EndpointPick, outcome: Outcome | undefined): void {
    const { member } = pick;
    member.ended(pick);
    this.inflight--;
    if (outcome?.kind === 'cancelled') return;
    const nowMs = this.settings.clock.now();
    const ok = outcome === undefined || outcome.ok;
    const latencyMs = ok ? latencyOf(outcome, nowMs - pick.atMs) : defaults.failureLatencyMs;
    member.observe(ok, latencyMs, nowMs);
    this.poolOf.get(member)?.ended(member, ok, latencyMs, nowMs);
    if (this.scale.due()) this.scale.refresh(this.used, nowMs);
    this.judge(member, ok, outcome?.kind === 'connect', nowMs);
  }

  explain(): readonly EndpointExplanation[] {
    const nowMs = this.settings.clock.now();
    if (nowMs >= this.dueMs) this.keepUp(nowMs);
    return this.list.map((member) => explanationOf(member, this.poolOf.get(member), this.plan, this.settings, nowMs));
  }

  close(): void {
    this.closed = true;
  }

  /** `readyMs`: when an endpoint that is ready now and was not before counts as having become so. */
  private place(member: Member, endpoint: ServiceEndpoint, readyMs: number): void {
    const ready = endpoint.status === 'passing' || endpoint.status === 'warning';
    if (!ready) member.readySinceMs = NaN;
    else if (!member.wasReady || Number.isNaN(member.readySinceMs)) member.readySinceMs = readyMs;
    member.wasReady ||= ready;
    member.endpoint = endpoint;
  }

  private forget(member: Member): void {
    if (member.ejection.untilMs !== undefined) this.ejected--;
    for (let pick = member.forgotten(Infinity); pick; pick = member.forgotten(Infinity)) this.abandon(pick);
  }

  private abandon(pick: EndpointPick): void {
    pick.abandon();
    this.inflight--;
  }

  private choose(hint: PickHint, nowMs: number): Member | undefined {
    const lane = this.lane(hint);
    if (lane === undefined) return undefined;
    if (lane.part.admitted < 1 && this.settings.random.next() >= lane.part.admitted) return undefined;
    const pool = lane.pools.length === 1 ? lane.pools[0] : lane.pools[drawn(lane.until, this.settings.random.next())];
    const chosen = pool?.choose(hint, nowMs);
    if (chosen !== undefined || hint.exclude === undefined) return chosen;
    // All of that pool are excluded: anybody else that may be used, nearest first; else as if nobody were.
    for (const { part } of [lane, ...this.lanes]) {
      for (const { members } of part.reserves) {
        const other = leastBusy(members, hint);
        if (other !== undefined) return other;
      }
    }
    return pool?.choose({ ...hint, exclude: undefined }, nowMs);
  }

  private lane(hint: PickHint): Lane | undefined {
    if (this.lanes.length === 1) return this.lanes[0];
    // Equal keys see the same version.
    const at = hint.key === undefined ? this.settings.random.next() : hashText(hint.key, 1) / 2 ** 32;
    return this.lanes[drawn(this.laneUntil, at)];
  }

  private refusal(): ServiceDiscoveryError {
    return noEndpoints({ closed: this.closed, known: this.known, members: this.list, parts: this.plan.parts });
  }

  private judge(member: Member, ok: boolean, connectFailed: boolean, nowMs: number): void {
    const rules = this.settings.ejection;
    if (!rules || this.members.get(member.key) !== member) return;
    const cause = causeToEject(member.ejection, ok, connectFailed, rules);
    if (cause !== undefined && this.eject(member, cause, nowMs)) this.replan(nowMs);
  }

  private eject(member: Member, cause: string, nowMs: number): boolean {
    const rules = this.settings.ejection;
    if (!rules || member.ejection.untilMs !== undefined) return false;
    if (this.ejected >= mostEjected(this.list.length, rules)) return false;
    const forMs = eject(member.ejection, cause, nowMs, rules);
    this.ejected++;
    this.settings.onEvent({ type: 'ejected', endpoint: member.endpoint, cause, forMs });
    return true;
  }

  /** Does what time alone makes due. */
  private keepUp(nowMs: number): void {
    const changed = [this.restore(nowMs), this.endInterval(nowMs), nowMs >= this.slowStartMs].includes(true);
    if (nowMs >= this.upkeepMs) this.upkeep(nowMs);
    if (changed) this.replan(nowMs);
    else this.setDue();
  }

  private restore(nowMs: number): boolean {
    const rules = this.settings.ejection;
    if (!rules) return false;
    let restored = false;
    for (const member of this.list) {
      if (member.ejection.untilMs === undefined || member.ejection.untilMs > nowMs) continue;
      restore(member.ejection, rules);
      this.ejected--;
      restored = true;
      this.settings.onEvent({ type: 'restored', endpoint: member.endpoint });
    }
    return restored;
  }

  private endInterval(nowMs: number): boolean {
    const rules = this.settings.ejection;
    if (!rules || nowMs < this.intervalMs) return false;
    this.intervalMs = nowMs + rules.intervalMs;
    return endInterval(this.list, rules)
      .map(({ member, cause }) => this.eject(member, cause, nowMs))
      .includes(true);
  }

  private upkeep(nowMs: number): void {
    this.upkeepMs = nowMs + UPKEEP_MS;
    const beforeMs = nowMs - limits.balancerPickMs;
    for (const member of this.list) {
      for (let pick = member.forgotten(beforeMs); pick; pick = member.forgotten(beforeMs)) this.abandon(pick);
    }
    // The mean at first, or it would begin at 0 and take its time to be true.
    const smoothing = Math.max(INFLIGHT_SMOOTHING, 1 / ++this.upkeeps);
    this.smoothedInflight += (this.inflight - this.smoothedInflight) * smoothing;
    for (const { pools } of this.lanes) for (const pool of pools) pool.resize(this.smoothedInflight);
    this.noteUsed();
  }

  private replan(nowMs: number): void {
    const { settings } = this;
    const plan = planOf(this.list, settings);
    this.setWeights(nowMs);
    this.plan = plan;
    this.lanes = plan.parts.filter(({ pools }) => pools.length > 0).map((part) => this.laneOf(part));
    this.laneUntil = ceilings(this.lanes.map(({ part }) => part.weight));
    this.noteUsed();
    this.scale.refresh(this.used, nowMs);
    this.setDue();
    this.notePanic();
  }

  private laneOf(part: Part): Lane {
    const pools = part.pools.map(({ name, members }) => {
      let pool = this.pools.get(name);
      if (!pool) {
        pool = new Pool(this.settings.policy.create({ random: this.settings.random }), this.settings.subsetSize);
        this.pools.set(name, pool);
      }
      pool.update(members);
      return pool;
    });
    return { part, pools, until: ceilings(part.pools.map(({ share }) => share)) };
  }

  /** Slow start, except where everybody is new: then all are equal anyway. */
  private setWeights(nowMs: number): void {
    const rules = this.settings.slowStart;
    const ready = this.list.filter(({ readySinceMs }) => !Number.isNaN(readySinceMs));
    const windowMs = rules?.windowMs ?? 0;
    const starting = new Set(ready.filter(({ readySinceMs }) => nowMs - readySinceMs < windowMs));
    const slow = rules !== undefined && starting.size > 0 && starting.size < ready.length;
    for (const member of this.list) {
      const factor = slow && starting.has(member) ? slowStartFactor(nowMs - member.readySinceMs, rules) : 1;
      member.weight = member.baseWeight * factor;
    }
    this.slowStartMs = slow ? nowMs + rules.windowMs / SLOW_START_STEPS : Infinity;
  }

  private noteUsed(): void {
    this.poolOf = new Map();
    for (const { pools } of this.lanes)
      for (const pool of pools) for (const member of pool.members) this.poolOf.set(member, pool);
    this.used = [...this.poolOf.keys()];
  }

  private setDue(): void {
    let due = Math.min(this.upkeepMs, this.slowStartMs, this.settings.ejection ? this.intervalMs : Infinity);
    for (const { ejection } of this.list) due = Math.min(due, ejection.untilMs ?? Infinity);
    this.dueMs = due;
  }

  private notePanic(): void {
    const active = this.plan.parts.some(({ panic }) => panic);
    if (active === this.panic) return;
    this.panic = active;
    const usable = this.plan.parts.reduce((sum, part) => sum + part.usable, 0);
    const total = this.plan.parts.reduce((sum, part) => sum + part.total, 0);
    this.settings.onEvent({ type: 'panic', active, usable, total });
  }
}

function latencyOf(outcome: Outcome | undefined, measuredMs: number): number {
  const told = outcome?.latencyMs;
  return told !== undefined && told >= 0 && told < Infinity ? told : measuredMs;
}

/** Up to which draw of [0, 1) each share reaches. */
function ceilings(shares: readonly number[]): readonly number[] {
  const total = shares.reduce((sum, share) => sum + share, 0);
  let sum = 0;
  return shares.map((share) => (sum += share) / total);
}

function drawn(until: readonly number[], at: number): number {
  const found = until.findIndex((ceiling) => at < ceiling);
  return found < 0 ? until.length - 1 : found;
}
