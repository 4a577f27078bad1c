import { z } from 'zod';
import { configToWire, topic } from '../../model/index.js';
import type { Answer, ConfigRow, Json } from '../../model/index.js';
import { done } from '../core/reply.js';
import type { Reply } from '../core/reply.js';
import type { ApiRequest } from '../core/request.js';
import { family } from '../core/route.js';
import { badRequest } from '../core/errors.js';
import { ORIGIN } from '../near.js';
import { blockingRead, stateRead } from '../reads.js';

/**
 * coordinate/… (docs/contract.md section 3.9): what was written is shown and used by `near`; nothing is measured here.
 */
const coordinateUpdate = z.object({
  Datacenter: z.string().optional(),
  Node: z.string().optional(),
  Segment: z.string().optional(),
  Coord: z
    .object({
      Vec: z.array(z.number()).nullish(),
      Error: z.number().optional(),
      Adjustment: z.number().optional(),
      Height: z.number().optional(),
    })
    .nullish(),
});

export const coordinateRoutes = family(500, {
  '/v1/coordinate/datacenters': { GET: { handler: datacenters, summary: 'Coordinates of the servers' } },
  '/v1/coordinate/nodes': { GET: { handler: nodes, summary: 'Coordinates of all nodes', blocking: true } },
  '/v1/coordinate/node/{node}': { GET: { handler: node, summary: 'Coordinates of a node', blocking: true } },
  '/v1/coordinate/update': { PUT: { handler: update, summary: 'Write a coordinate', body: coordinateUpdate } },
});

const KIND = 'coordinate';

function datacenters(request: ApiRequest): Reply {
  const { catalog, registry } = request.api.handle;
  const own = { Node: registry.nodeName, Segment: '', Coord: ORIGIN };
  return request.json([{ Datacenter: catalog.datacenter, AreaID: 'wan', Coordinates: [own] }]);
}

function nodes(request: ApiRequest): Reply | Promise<Reply> {
  return blockingRead(
    request,
    stateRead,
    () => request.api.handle.catalog.configsAnswer(KIND),
    (rows, headers) => request.json(rows.filter((row) => mayRead(request, row)).map(toWire), headers),
  );
}

function node(request: ApiRequest): Reply | Promise<Reply> {
  const { catalog } = request.api.handle;
  return blockingRead(
    request,
    stateRead,
    (): Answer<ConfigRow | undefined> => {
      const name = request.param.toLowerCase();
      return { value: catalog.config(KIND, name), index: catalog.configsAnswer(KIND).index, topic: topic.configs };
    },
    (row, headers) => (row && mayRead(request, row) ? request.json([toWire(row)], headers) : { status: 404, headers }),
  );
}

async function update(request: ApiRequest): Promise<Reply> {
  const body = await request.decode(coordinateUpdate);
  request.requireLocalDatacenter(body.Datacenter);
  if (!body.Node) throw badRequest('Missing node name');
  const document: Json = {
    Node: body.Node,
    Segment: body.Segment ?? '',
    Coord: { ...ORIGIN, ...body.Coord, Vec: body.Coord?.Vec ?? ORIGIN.Vec },
  };
  await request.api.handle.registry.putConfig(KIND, body.Node.toLowerCase(), document);
  return done;
}

function toWire(row: ConfigRow): object {
  const { Node, Segment, Coord } = configToWire(row);
  return { Node, Segment, Coord };
}

function mayRead(request: ApiRequest, row: ConfigRow): boolean {
  return request.may('node', row.name, 'read');
}
