import type { DnsServiceEndpoint } from '../../dns/index.js';

/**
 * Those of the lowest priority that has one in reach (RFC 2782: a client must use the lowest-numbered it can reach). When
 * nobody is in reach, all of the first: DNS still says that they are well, and it may be our own network that is not.
 */
export function preferredEndpoints(
  endpoints: readonly DnsServiceEndpoint[],
  onlyHealthy: boolean,
): readonly DnsServiceEndpoint[] {
  const healthy = endpoints.filter((one) => one.healthy);
  const candidates = healthy.length > 0 ? healthy : endpoints;
  const priority = Math.min(...candidates.map((one) => one.priority));
  const shown = onlyHealthy ? candidates : endpoints;
  return shown.filter((one) => one.priority === priority);
}
