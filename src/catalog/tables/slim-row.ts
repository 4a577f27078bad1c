/**
 * Rows as they are kept: fields always in the same order (one hidden class, no spare slots) and repeated values shared.
 * At 100,000 instances this is the difference between some 300 bytes a row and more than a kilobyte.
 */
import type {
  CheckRow,
  Indexed,
  InstanceFields,
  LocalCheckRow,
  LocalServiceRow,
  NodeRow,
  ServiceRow,
} from '../../model/index.js';
import { sameAs, slimTaggedAddresses } from './intern.js';
import type { InternPool } from './intern.js';

export function slimNode(row: NodeRow, indexes: Indexed, pool: InternPool): NodeRow {
  return {
    kind: 'node',
    createIndex: indexes.createIndex,
    modifyIndex: indexes.modifyIndex,
    datacenter: pool.string(row.datacenter),
    origin: pool.string(row.origin),
    node: row.node,
    id: row.id,
    address: row.address,
    taggedAddresses: sharedAddresses(row),
    meta: pool.map(row.meta),
  };
}

/** Tagged addresses of a node mostly repeat its address. */
function sharedAddresses(row: NodeRow): NodeRow['taggedAddresses'] {
  if (row.taggedAddresses === null) return null;
  return Object.fromEntries(
    Object.entries(row.taggedAddresses).map(([name, value]) => [name, sameAs(value, row.address)]),
  );
}

/** `nodeName`: as spelt by the node's own row, to share the string. */
export function slimService(row: ServiceRow, indexes: Indexed, pool: InternPool, nodeName: string): ServiceRow {
  return {
    kind: 'service',
    createIndex: indexes.createIndex,
    modifyIndex: indexes.modifyIndex,
    datacenter: pool.string(row.datacenter),
    origin: pool.string(row.origin),
    node: sameAs(row.node, nodeName),
    id: row.id,
    ...slimInstance(row, pool),
  };
}

export function slimLocalService(row: LocalServiceRow, indexes: Indexed, pool: InternPool): LocalServiceRow {
  return {
    kind: 'local-service',
    createIndex: indexes.createIndex,
    modifyIndex: indexes.modifyIndex,
    id: row.id,
    token: pool.string(row.token),
    fromConfig: row.fromConfig,
    ...slimInstance(row, pool),
  };
}

function slimInstance(row: InstanceFields, pool: InternPool): InstanceFields {
  return {
    service: pool.string(row.service),
    tags: pool.list(row.tags),
    address: row.address,
    taggedAddresses: slimTaggedAddresses(row.taggedAddresses, row.address),
    meta: pool.map(row.meta),
    port: row.port,
    socketPath: row.socketPath,
    weights: pool.weights(row.weights),
    enableTagOverride: row.enableTagOverride,
    serviceKind: pool.string(row.serviceKind),
    proxy: row.proxy,
    connect: row.connect,
    locality: row.locality,
  };
}

/** `serviceId`: as held by the instance, to share the string. */
export function slimCheck(
  row: CheckRow,
  indexes: Indexed,
  pool: InternPool,
  held: { nodeName: string; serviceId: string },
): CheckRow {
  return {
    kind: 'check',
    createIndex: indexes.createIndex,
    modifyIndex: indexes.modifyIndex,
    datacenter: pool.string(row.datacenter),
    origin: pool.string(row.origin),
    node: sameAs(row.node, held.nodeName),
    checkId: row.checkId,
    name: pool.string(row.name),
    status: pool.string(row.status),
    notes: pool.string(row.notes),
    output: row.output,
    serviceId: sameAs(row.serviceId, held.serviceId),
    serviceName: pool.string(row.serviceName),
    serviceTags: pool.list(row.serviceTags),
    type: pool.string(row.type),
    interval: pool.string(row.interval),
    timeout: pool.string(row.timeout),
    exposedPort: row.exposedPort,
    definition: row.definition,
  };
}

export function slimLocalCheck(row: LocalCheckRow, indexes: Indexed, pool: InternPool): LocalCheckRow {
  return {
    ...row,
    createIndex: indexes.createIndex,
    modifyIndex: indexes.modifyIndex,
    name: pool.string(row.name),
    notes: pool.string(row.notes),
    token: pool.string(row.token),
  };
}
