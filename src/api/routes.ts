import type { Route } from './core/route.js';
import { agentRoutes } from './families/agent.js';
import { agentCheckRoutes } from './families/agent-checks.js';
import { agentHealthRoutes } from './families/agent-health.js';
import { agentServiceRoutes } from './families/agent-services.js';
import { catalogRoutes } from './families/catalog.js';
import { coordinateRoutes } from './families/coordinate.js';
import { dnsQueryRoutes } from './families/dns-query.js';
import { eventRoutes } from './families/event.js';
import { healthRoutes } from './families/health.js';
import { internalRoutes } from './families/internal.js';
import { keyringRoutes } from './families/keyring.js';
import { kvRoutes } from './families/kv.js';
import { laterRoutes } from './families/later.js';
import { operatorRoutes } from './families/operator.js';
import { ownRoutes } from './families/own.js';
import { queryRoutes } from './families/query.js';
import { serverRoutes } from './families/servers.js';
import { sessionRoutes } from './families/session.js';
import { snapshotRoutes } from './families/snapshot.js';
import { statusRoutes } from './families/status.js';
import { syncRoutes } from './families/sync.js';
import { txnRoutes } from './families/txn.js';

/** Every path this server knows: what routes requests, and what the API document is made from. */
export function allRoutes(withDns: boolean): readonly Route[] {
  return [
    ...agentRoutes,
    ...agentServiceRoutes,
    ...agentCheckRoutes,
    ...agentHealthRoutes,
    ...catalogRoutes,
    ...healthRoutes,
    ...kvRoutes,
    ...sessionRoutes,
    ...txnRoutes,
    ...eventRoutes,
    ...statusRoutes,
    ...queryRoutes,
    ...coordinateRoutes,
    ...operatorRoutes,
    ...serverRoutes,
    ...keyringRoutes,
    ...snapshotRoutes,
    ...laterRoutes,
    ...ownRoutes,
    ...internalRoutes,
    ...syncRoutes,
    ...(withDns ? dnsQueryRoutes : []),
  ];
}
