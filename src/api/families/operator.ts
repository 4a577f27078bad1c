import { z } from 'zod';
import { configToWire, strconvError, topic } from '../../model/index.js';
import type { CatalogView, Json } from '../../model/index.js';
import { badRequest } from '../core/errors.js';
import { parseUint } from '../core/query.js';
import type { Reply } from '../core/reply.js';
import type { ApiRequest } from '../core/request.js';
import { family } from '../core/route.js';
import { beginOperating } from '../operating.js';
import { consistencyOf } from '../read-options.js';
import { blockingRead, stateRead, withHome } from '../reads.js';

/** operator/autopilot/configuration and operator/usage (docs/contract.md section 3.13). */
const autopilotConfiguration = z.object({
  CleanupDeadServers: z.boolean().optional(),
  LastContactThreshold: z.string().optional(),
  MaxTrailingLogs: z.number().int().optional(),
  MinQuorum: z.number().int().optional(),
  ServerStabilizationTime: z.string().optional(),
  RedundancyZoneTag: z.string().optional(),
  DisableUpgradeMigration: z.boolean().optional(),
  UpgradeVersionTag: z.string().optional(),
  CreateIndex: z.number().int().optional(),
  ModifyIndex: z.number().int().optional(),
});

export const operatorRoutes = family(500, {
  '/v1/operator/autopilot/configuration': {
    GET: { handler: autopilot, summary: 'Autopilot configuration' },
    PUT: { handler: setAutopilot, summary: 'Write it', body: autopilotConfiguration, query: ['cas'] },
  },
  '/v1/operator/usage': {
    GET: { handler: usage, summary: 'Numbers of nodes, services, instances', query: ['global'], blocking: true },
  },
});

const KIND = 'autopilot';
const NAME = 'configuration';
const DEFAULTS = {
  CleanupDeadServers: true,
  LastContactThreshold: '200ms',
  MaxTrailingLogs: 250,
  MinQuorum: 0,
  ServerStabilizationTime: '10s',
  RedundancyZoneTag: '',
  DisableUpgradeMigration: false,
  UpgradeVersionTag: '',
};

function autopilot(request: ApiRequest): Reply | Promise<Reply> {
  beginOperating(request, 'read');
  return withHome(request, consistencyOf(request.query), (_source, catalog) => {
    const row = catalog.config(KIND, NAME);
    return request.json(row ? configToWire(row) : { ...DEFAULTS, CreateIndex: 0, ModifyIndex: 0 });
  });
}

async function setAutopilot(request: ApiRequest): Promise<Reply> {
  const {
    CreateIndex: _created,
    ModifyIndex: _modified,
    ...given
  } = await request.decode(autopilotConfiguration, {
    prefix: 'Error parsing autopilot config: ',
  });
  beginOperating(request, 'write');
  const document: Json = { ...DEFAULTS, ...given };
  const { registry } = request.api.handle;
  if (!request.query.has('cas')) return request.json(await registry.putConfig(KIND, NAME, document));
  const cas = parseUint(request.query.get('cas'));
  if (cas === undefined)
    throw badRequest(`Error parsing cas value: ${strconvError('ParseUint', request.query.get('cas'))}`);
  return request.json(await registry.putConfig(KIND, NAME, document, Number(cas)));
}

/** With `?global` of every known datacenter. */
function usage(request: ApiRequest): Reply | Promise<Reply> {
  const { cluster } = request.api;
  return blockingRead(
    request,
    stateRead,
    (catalog) => ({ value: catalog, index: Math.max(1, catalog.index), topic: topic.all }),
    (catalog, headers) => {
      request.demand('operator', '', 'read');
      const others = request.query.has('global') ? cluster.datacenters() : [];
      const catalogs = [catalog, ...others.flatMap((datacenter) => cluster.catalogOf(datacenter) ?? [])];
      return request.json({ Usage: Object.fromEntries(catalogs.map(usageOf)) }, headers);
    },
  );
}

function usageOf(catalog: CatalogView): readonly [string, object] {
  const { services, instances, nodes } = catalog.counts();
  const usage = {
    Services: services,
    ServiceInstances: instances,
    Nodes: nodes,
    ConnectServiceInstances: {},
    BillableServiceInstances: instances,
  };
  return [catalog.datacenter, usage];
}
