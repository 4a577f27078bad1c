import type { DnsServiceEndpoint } from './dns-endpoint.js';

/** Whether two lists hold the same endpoints, in any order. When they were last looked at does not count. */
export function sameEndpoints(a: readonly DnsServiceEndpoint[], b: readonly DnsServiceEndpoint[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  const known = a.map(content).toSorted();
  return b
    .map(content)
    .toSorted()
    .every((one, i) => one === known[i]);
}

function content(endpoint: DnsServiceEndpoint): string {
  const { lastCheck: _, tags, metadata, addresses, ...rest } = endpoint;
  const pairs = Object.entries(metadata).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([Object.entries(rest).toSorted(([a], [b]) => (a < b ? -1 : 1)), tags, pairs, addresses]);
}
