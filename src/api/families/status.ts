import { isIPv6 } from 'node:net';
import { defaults } from '../../model/index.js';
import type { Headers, Reply } from '../core/reply.js';
import type { ApiRequest } from '../core/request.js';
import { family } from '../core/route.js';

/** status/… (docs/contract.md section 3.9): the home is what others know as the leader. */
export const statusRoutes = family(500, {
  '/v1/status/leader': { GET: { handler: leader, summary: 'Address of the home, which is the leader' } },
  '/v1/status/peers': { GET: { handler: peers, summary: 'Addresses of all servers' } },
});

/** '' until the catalog knows what is stored, and without a home. */
function leader(request: ApiRequest): Reply {
  request.requireLocalDatacenter();
  const { handle, cluster } = request.api;
  return request.json(handle.catalog.ready ? cluster.home.leader() : '', contactHeaders(request));
}

function peers(request: ApiRequest): Reply {
  request.requireLocalDatacenter();
  return request.json(request.api.cluster.peers());
}

/**
 * Catalog and health reads need no leader here. Our client asks for one while a read stands, and learns from these
 * whether what it knows is still confirmed.
 */
function contactHeaders({ api }: ApiRequest): Headers {
  const { known, lastContactMs } = api.cluster.contact();
  return ['X-Consul-Knownleader', String(known), 'X-Consul-Lastcontact', String(Math.ceil(lastContactMs))];
}

/** How Consul names a server: its address with the port that servers talk on. */
export function serverName(address: string): string {
  return `${isIPv6(address) ? `[${address}]` : address}:${defaults.serverPort}`;
}
