import { ServiceDiscoveryError } from '../../model/index.js';
import type { Origin } from '../messages.js';
import type { MembersPart } from '../step/parts.js';

/** Who may change a row of that origin now. */
export type Owner =
  /** This agent: its own row, or one whose owner is gone, which it takes over. */
  { readonly type: 'self' } | { readonly type: 'other'; readonly origin: Origin };

/**
 * Throws UNAVAILABLE `owner NAME unreachable` when nobody may: the owner is somewhere, and perhaps changing the row at
 * this moment.
 */
export function ownerNow(members: MembersPart, origin: Origin): Owner {
  if (origin === members.self.origin) return { type: 'self' };
  const view = members.of(origin);
  if (!view || view.state === 'left') return { type: 'self' };
  const isProtected = members.protectedMode().active;
  if (view.state === 'dead' && !isProtected) return { type: 'self' };
  if (view.isConnected && (view.state === 'alive' || view.state === 'leaving')) return { type: 'other', origin };
  throw unreachable(view.info.node, view.reason || view.state);
}

/** `outcome` is known when nothing was asked. */
export function unreachable(
  node: string,
  reason: string,
  outcome: 'not asked' | 'unknown' = 'not asked',
): ServiceDiscoveryError {
  return new ServiceDiscoveryError('UNAVAILABLE', `owner ${node} unreachable`, {
    details: { status: 500, reason, outcome },
  });
}
