import { isIPv6 } from 'node:net';
import type { Reply } from '../core/reply.js';
import type { ApiRequest } from '../core/request.js';
import { family } from '../core/route.js';

/** status/… (docs/contract.md section 3.9): one agent is its own leader. */
export const statusRoutes = family(500, {
  '/v1/status/leader': {
    GET: { handler: (request) => request.json(leader(request)), summary: 'Address of the leader' },
  },
  '/v1/status/peers': { GET: { handler: peers, summary: 'Addresses of all servers' } },
});

function peers(request: ApiRequest): Reply {
  const name = leader(request);
  return request.json(name === '' ? [] : [name]);
}

/** '' until the catalog knows what is stored. */
function leader(request: ApiRequest): string {
  request.requireLocalDatacenter();
  return request.api.handle.catalog.ready ? serverName(request) : '';
}

export function serverName({ api }: ApiRequest): string {
  const { address, serverPort } = api.agent;
  return `${isIPv6(address) ? `[${address}]` : address}:${serverPort}`;
}
