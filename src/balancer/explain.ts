import type { EndpointExplanation } from './balancer.js';
import { nearnessOf } from './layers/priorities.js';
import type { Member } from './member.js';
import type { Settings } from './options.js';
import type { Plan, Reason } from './plan.js';
import type { Pool } from './pool.js';

export function explanationOf(
  member: Member,
  pool: Pool | undefined,
  plan: Plan,
  settings: Settings,
  nowMs: number,
): EndpointExplanation {
  const { endpoint, inflight } = member;
  const eligible = pool !== undefined;
  return {
    endpoint,
    eligible,
    reason: eligible
      ? whyUsed(member, plan, settings, nowMs)
      : whyNot(member, plan.unused.get(member), settings, nowMs),
    score: pool?.score(member, nowMs),
    inflight,
    latencyMs: member.sampled ? member.latencyMs(nowMs) : undefined,
  };
}

function whyUsed(member: Member, plan: Plan, settings: Settings, nowMs: number): string {
  const { endpoint, ejection, weight, baseWeight } = member;
  const parts = [endpoint.status as string];
  if (settings.locality) parts.push(nearby(member, settings));
  if (weight < baseWeight) parts.push(`slow start at ${Math.round((weight / baseWeight) * 100)} % of its weight`);
  if (ejection.untilMs !== undefined) parts.push(ejectedFor(member, nowMs));
  const panic = plan.parts.find(({ panic }) => panic);
  if (panic) parts.push(`panic: only ${panic.usable} of ${panic.total} are healthy`);
  return parts.join('; ');
}

function whyNot(member: Member, reason: Reason | undefined, settings: Settings, nowMs: number): string {
  switch (reason) {
    case 'draining':
      return 'in maintenance: draining';
    case 'unready':
      return 'critical, and never seen ready';
    case 'failed':
      return member.endpoint.status === 'critical' ? 'critical' : ejectedFor(member, nowMs);
    case 'weight 0':
      return 'weight 0 while others have more';
    case 'no subset':
      return 'in no version subset';
    case 'warning':
      return 'warning: used when the healthy do not suffice';
    case 'refused':
      return 'too few are healthy: all requests are refused';
    case 'not needed':
      return `${nearby(member, settings)}: not needed at present`;
    default:
      return "outside this client's subset";
  }
}

function nearby({ endpoint }: Member, { locality }: Settings): string {
  const words = { zone: 'same zone', region: 'same region, other zone', elsewhere: 'other region' };
  return locality ? words[nearnessOf(endpoint.locality, locality)] : 'other version';
}

function ejectedFor({ ejection }: Member, nowMs: number): string {
  const seconds = Math.max(0, Math.ceil(((ejection.untilMs ?? nowMs) - nowMs) / 1_000));
  return `ejected for ${seconds} s: ${ejection.cause}`;
}
