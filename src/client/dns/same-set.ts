import { endpointKey } from '../../balancer/index.js';
import { sameEndpoints } from '../endpoint-sets.js';
import type { DnsServiceEndpoint } from './dns-endpoint.js';

/** Whether two lists say the same, in any order, also about what only DNS knows of an endpoint. */
export function sameDnsEndpoints(a: readonly DnsServiceEndpoint[], b: readonly DnsServiceEndpoint[]): boolean {
  if (!sameEndpoints(a, b)) return false;
  const known = a.map(ofDns).toSorted();
  return b
    .map(ofDns)
    .toSorted()
    .every((one, i) => one === known[i]);
}

function ofDns(endpoint: DnsServiceEndpoint): string {
  const { priority, target, addresses, alpn } = endpoint;
  return JSON.stringify([endpointKey(endpoint), priority, target, addresses, alpn]);
}
