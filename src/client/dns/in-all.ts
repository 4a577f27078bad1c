import type { DnsEndpointSet, DnsServiceEndpoint } from './dns-endpoint.js';

/** What is in every one of the sets, each of which was asked for by another tag. At least one. */
export function inAll(sets: readonly DnsEndpointSet[]): DnsEndpointSet {
  const [first, ...others] = sets as readonly [DnsEndpointSet, ...DnsEndpointSet[]];
  if (others.length === 0) return first;
  const keys = others.map((set) => new Set(set.endpoints.map(keyOf)));
  const tags = sets.flatMap((set) => set.endpoints[0]?.tags ?? []);
  const error = sets.find((set) => set.error !== undefined)?.error;
  return {
    ...first,
    endpoints: first.endpoints
      .filter((endpoint) => keys.every((known) => known.has(keyOf(endpoint))))
      .map((endpoint) => ({ ...endpoint, tags })),
    outcome: sets.find((set) => set.outcome !== 'records')?.outcome ?? 'records',
    ageMs: Math.max(...sets.map((set) => set.ageMs)),
    ttlMs: Math.min(...sets.map((set) => set.ttlMs)),
    stale: sets.some((set) => set.stale),
    ...(error && { error }),
    unresolved: sets.flatMap((set) => set.unresolved),
  };
}

function keyOf({ target, address, port }: DnsServiceEndpoint): string {
  return `${target.toLowerCase()} ${address} ${port}`;
}
