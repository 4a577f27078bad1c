import { z } from 'zod';
import { configToWire, topic } from '../../model/index.js';
import type { Answer, ConfigRow, Json } from '../../model/index.js';
import { done } from '../core/reply.js';
import type { Reply } from '../core/reply.js';
import type { ApiRequest } from '../core/request.js';
import { family } from '../core/route.js';
import { badRequest } from '../core/errors.js';
import { ORIGIN } from '../near.js';
import { blockingRead, homeRead, stateRead } from '../reads.js';

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
  '/v1/coordinate/datacenters': {
    GET: { handler: datacenters, summary: 'Known datacenters, nearest first, with the coordinates of servers' },
  },
  '/v1/coordinate/nodes': { GET: { handler: nodes, summary: 'Coordinates of all nodes', blocking: true } },
  '/v1/coordinate/node/{node}': { GET: { handler: node, summary: 'Coordinates of a node', blocking: true } },
  '/v1/coordinate/update': { PUT: { handler: update, summary: 'Write a coordinate', body: coordinateUpdate } },
});

const KIND = 'coordinate';

function datacenters(request: ApiRequest): Reply {
  const { cluster, handle } = request.api;
  const own = { Node: handle.registry.nodeName, Segment: '', Coord: ORIGIN };
  const shown = cluster.datacenters().map((datacenter) => {
    const isOurs = datacenter === handle.catalog.datacenter;
    return { Datacenter: datacenter, AreaID: 'wan', Coordinates: isOurs ? [own] : [] };
  });
  return request.json(shown);
}

/** Of another datacenter none are known: they are the state of its home. */
function coordinateRead(request: ApiRequest): typeof homeRead {
  const { datacenter } = request;
  return datacenter === '' || datacenter === request.api.handle.catalog.datacenter ? homeRead : blockingRead;
}

function nodes(request: ApiRequest): Reply | Promise<Reply> {
  return coordinateRead(request)(
    request,
    stateRead,
    (catalog) => catalog.configsAnswer(KIND),
    (rows, headers) => request.json(rows.filter((row) => mayRead(request, row)).map(toWire), headers),
  );
}

function node(request: ApiRequest): Reply | Promise<Reply> {
  return coordinateRead(request)(
    request,
    stateRead,
    (catalog): Answer<ConfigRow | undefined> => {
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
