import { inPanic, type PanicOptions } from './layers/panic.js';
import { loadsOf, NEARNESS, nearnessOf } from './layers/priorities.js';
import { subsetOf, type VersionSubset } from './layers/shares.js';
import { type Standing, standingOf } from './layers/standing.js';
import type { Locality } from '../model/index.js';
import type { Member } from './member.js';

/** Members that requests are spread over by one chooser, and their share of their part's requests. */
interface PlannedPool {
  /** The same pool has the same name in every plan. */
  readonly name: string;
  readonly members: readonly Member[];
  readonly share: number;
}

/** What is to be done with the requests of one version subset, or of all. */
export interface Part {
  readonly name: string;
  readonly weight: number;
  readonly pools: readonly PlannedPool[];
  /** Everybody who may be used if need be, nearest first: for retries, when all others were tried. */
  readonly reserves: readonly PlannedPool[];
  readonly panic: boolean;
  /** Part of the requests that is let through; the rest is refused. */
  readonly admitted: number;
  /** Passing and not ejected, or warning. */
  readonly usable: number;
  /** Without those draining and never ready. */
  readonly total: number;
}

/** Why a member is in no pool. */
export type Reason =
  | Exclude<Standing, 'healthy' | 'degraded'>
  | 'no subset'
  | 'weight 0'
  | 'warning'
  | 'not needed'
  | 'refused';

export interface Plan {
  readonly parts: readonly Part[];
  readonly unused: ReadonlyMap<Member, Reason>;
}

export interface PlanRules {
  readonly locality: Locality | undefined;
  readonly subsets: readonly VersionSubset[];
  readonly panic: Required<PanicOptions>;
  readonly overprovisioning: number;
}

interface Judged {
  readonly member: Member;
  readonly standing: Standing;
}

/**
 * Who may be chosen how often, by everything but the policy: version subsets first, in each of them health, localities
 * with spill-over, and panic. Subsets in panic are left out while one is not.
 */
export function planOf(members: readonly Member[], rules: PlanRules): Plan {
  const unused = new Map<Member, Reason>();
  const parts = divided(members, rules.subsets, unused).map(({ name, weight, members }) =>
    partOf(name, weight, members, rules, unused),
  );
  const calm = parts.filter(({ panic, pools, weight }) => !panic && pools.length > 0 && weight > 0);
  const open = parts.filter(({ pools, weight }) => pools.length > 0 && weight > 0);
  const used = calm.length > 0 ? calm : open.length > 0 ? open : parts;
  for (const part of parts) {
    if (used.includes(part)) continue;
    for (const { members } of part.pools) for (const member of members) unused.set(member, 'not needed');
  }
  return { parts: used, unused };
}

function divided(
  members: readonly Member[],
  subsets: readonly VersionSubset[],
  unused: Map<Member, Reason>,
): { name: string; weight: number; members: readonly Member[] }[] {
  if (subsets.length === 0) return [{ name: '', weight: 1, members }];
  const parts = subsets.map(({ name, weight }) => ({ name, weight, members: [] as Member[] }));
  for (const member of members) {
    const part = parts[subsetOf(member.endpoint, subsets)];
    if (part) part.members.push(member);
    else unused.set(member, 'no subset');
  }
  return parts;
}

function partOf(
  name: string,
  weight: number,
  members: readonly Member[],
  rules: PlanRules,
  unused: Map<Member, Reason>,
): Part {
  const counted = withoutWeightless(
    members.map((member) => ({ member, standing: standingOf(member) })),
    unused,
  );
  const levels = NEARNESS.map((nearness) =>
    counted.filter(({ member }) => nearnessOf(member.endpoint.locality, rules.locality) === nearness),
  );
  const capacities = levels.map((level) => ({
    total: level.length,
    healthy: count(level, 'healthy'),
    degraded: count(level, 'degraded'),
  }));
  const loads = loadsOf(capacities, rules.overprovisioning);
  const total = counted.length;
  const usable = capacities.reduce((sum, { healthy, degraded }) => sum + healthy + degraded, 0);
  const panicking = capacities.map(({ total, healthy, degraded }) =>
    inPanic(healthy + degraded, total, loads.available, rules.panic.threshold),
  );
  const panic = panicking.includes(true);
  const { mode } = rules.panic;
  const pools = levels.flatMap((level, at) => {
    const prefix = `${name}/${NEARNESS[at]}`;
    // With nobody usable anywhere there are no loads to go by: everybody counts the same.
    const spread = loads.available === 0 ? level.length / Math.max(1, total) : 0;
    const healthy = (loads.healthy[at] as number) + spread;
    const degraded = loads.degraded[at] as number;
    if (panicking[at] && mode === 'open') return [pool(`${prefix}/all`, level, () => true, healthy + degraded)];
    if (panicking[at] && mode === 'closed') return [];
    return [
      pool(`${prefix}/healthy`, level, ({ standing }) => standing === 'healthy', healthy),
      pool(`${prefix}/degraded`, level, ({ standing }) => standing === 'degraded', degraded),
    ];
  });
  const reserves = pools.filter(({ members }) => members.length > 0);
  const filled = reserves.filter(({ share }) => share > 0);
  noteUnused(counted, filled, unused, panic && mode === 'closed');
  const admitted = panic && mode === 'shed' ? loads.available : panic && mode === 'closed' ? sumOf(filled) : 1;
  return { name, weight, pools: filled, reserves, panic, admitted, usable, total };
}

/** Leaves out who is never used, and who has weight 0 while a usable one has more. Sets what weights count from here on. */
function withoutWeightless(members: readonly Judged[], unused: Map<Member, Reason>): Judged[] {
  const counted = members.filter(({ member, standing }) => {
    if (standing !== 'draining' && standing !== 'unready') return true;
    unused.set(member, standing);
    return false;
  });
  const usable = ({ standing }: Judged): boolean => standing === 'healthy' || standing === 'degraded';
  const some = counted.some((judged) => judged.member.endpoint.weight > 0 && usable(judged));
  return counted.filter(({ member }) => {
    const { weight } = member.endpoint;
    member.baseWeight = weight > 0 ? weight : 1;
    if (!some || weight > 0) return true;
    unused.set(member, 'weight 0');
    return false;
  });
}

function pool(
  name: string,
  level: readonly Judged[],
  takesPart: (judged: Judged) => boolean,
  share: number,
): PlannedPool {
  return { name, members: level.filter(takesPart).map(({ member }) => member), share };
}

function noteUnused(
  counted: readonly Judged[],
  pools: readonly PlannedPool[],
  unused: Map<Member, Reason>,
  refused: boolean,
): void {
  const used = new Set(pools.flatMap(({ members }) => members));
  for (const { member, standing } of counted) {
    if (used.has(member)) continue;
    if (standing === 'failed') unused.set(member, standing);
    else if (refused) unused.set(member, 'refused');
    else unused.set(member, standing === 'degraded' ? 'warning' : 'not needed');
  }
}

function count(level: readonly Judged[], wanted: Standing): number {
  return level.filter(({ standing }) => standing === wanted).length;
}

function sumOf(pools: readonly PlannedPool[]): number {
  return pools.reduce((sum, { share }) => sum + share, 0);
}
