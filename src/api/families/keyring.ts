import { z } from 'zod';
import type { Cluster, Keyring } from '../../model/index.js';
import { refusal } from '../core/errors.js';
import { done } from '../core/reply.js';
import type { Reply } from '../core/reply.js';
import type { ApiRequest } from '../core/request.js';
import { family } from '../core/route.js';
import type { Handler } from '../core/route.js';

const keyRequest = z.object({ Key: z.string().optional() });

/** operator/keyring (docs/contract.md section 3.13). */
export const keyringRoutes = family(500, {
  '/v1/operator/keyring': {
    GET: { handler: keyring, summary: 'Keys of the connections between agents, and how many agents know them' },
    POST: { handler: changeKeyring('install'), summary: 'Install a key on every agent', body: keyRequest },
    PUT: { handler: changeKeyring('use'), summary: 'Encrypt with an installed key from now on', body: keyRequest },
    DELETE: { handler: changeKeyring('remove'), summary: 'Remove a key from every agent', body: keyRequest },
  },
});

/** One ring for all connections between agents, in this datacenter and to others. */
function keyring(request: ApiRequest): Reply {
  const ring = keyringOf(request, 'read');
  const { cluster, handle } = request.api;
  const counts = ring.counts();
  const known = (keys: readonly string[]): object => Object.fromEntries(keys.map((key) => [key, counts.get(key) ?? 1]));
  return request.json([
    {
      WAN: false,
      Datacenter: handle.catalog.datacenter,
      Segment: '',
      Keys: known(ring.keys),
      PrimaryKeys: known([ring.primary]),
      NumNodes: heardOf(cluster, handle.catalog.datacenter),
    },
  ]);
}

/** Agents that should have the keys and would tell us: all of ours, and of other datacenters those we are connected to. */
function heardOf(cluster: Cluster, datacenter: string): number {
  const { peers } = cluster.report();
  const connected = new Set(peers.filter(({ state }) => state === 'connected').map(({ origin }) => origin));
  const counts = cluster.members().filter((member) => {
    if (member.datacenter !== datacenter) return connected.has(member.origin);
    return member.state === 'alive' || member.state === 'suspect';
  });
  return counts.length;
}

function changeKeyring(change: 'install' | 'use' | 'remove'): Handler {
  return async (request) => {
    const { Key = '' } = await request.decode(keyRequest);
    await keyringOf(request, 'write')[change](Key);
    return done;
  };
}

function keyringOf(request: ApiRequest, action: 'read' | 'write'): Keyring {
  request.demand('keyring', '', action);
  const ring = request.api.cluster.keyring;
  if (!ring) throw refusal(500, 'Keyring is empty (encryption not enabled)');
  return ring;
}
