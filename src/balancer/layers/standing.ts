import type { ServiceEndpoint } from '../../model/index.js';

interface Known {
  readonly endpoint: Shape<ServiceEndpoint, 'status'>;
  readonly wasReady: boolean;
  readonly ejection: { readonly untilMs: number | undefined };
}

type Shape<T, K extends keyof T> = { readonly [P in K]: T[P] };

/**
 * What health says of an endpoint, after Envoy's classes:
 * - `healthy`: passing, and not ejected.
 * - `degraded`: warning, and not ejected: used for what the healthy of all localities cannot carry.
 * - `failed`: critical or ejected: counts as missing capacity, used in panic only.
 * - `draining` (in maintenance) and `unready` (critical, and never seen otherwise by this client): never used, and no
 *   part of the capacity that could be missing.
 */
export type Standing = 'healthy' | 'degraded' | 'failed' | 'draining' | 'unready';

export function standingOf({ endpoint, wasReady, ejection }: Known): Standing {
  if (endpoint.status === 'maintenance') return 'draining';
  if (!wasReady) return 'unready';
  if (endpoint.status === 'critical' || ejection.untilMs !== undefined) return 'failed';
  return endpoint.status === 'warning' ? 'degraded' : 'healthy';
}
