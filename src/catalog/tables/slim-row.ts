/**
 * Rows as they are kept: fields always in the same order (one hidden class, no spare slots) and repeated values shared.
 * The hot kinds list every field: an object made by spreading keeps half of them in a second, slacker allocation.
 */
import type { CheckRow, Indexed, LocalCheckRow, LocalServiceRow, NodeRow, ServiceRow } from '../../model/index.js';
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
    hlc: row.hlc ?? 0,
  };
}

/** Tagged addresses of a node mostly repeat its address. */
function sharedAddresses(row: NodeRow): NodeRow['taggedAddresses'] {
  if (row.taggedAddresses === null) return null;
  return Object.fromEntries(
    Object.entries(row.taggedAddresses).map(([name, value]) => [name, sameAs(value, row.address)]),
  );
}

/** `held`: equal strings that are already in memory. `like`: the row settled before this one, probably similar. */
export function slimService(
  row: ServiceRow,
  indexes: Indexed,
  pool: InternPool,
  held: { readonly nodeName: string; readonly id: string },
  like: ServiceRow | undefined,
): ServiceRow {
  return {
    kind: 'service',
    createIndex: indexes.createIndex,
    modifyIndex: indexes.modifyIndex,
    datacenter: pool.string(row.datacenter, like?.datacenter),
    origin: pool.string(row.origin, like?.origin),
    node: sameAs(row.node, held.nodeName),
    id: sameAs(row.id, held.id),
    service: pool.string(row.service, like?.service),
    tags: pool.list(row.tags, like?.tags),
    address: row.address,
    taggedAddresses: slimTaggedAddresses(row.taggedAddresses, row.address),
    meta: pool.map(row.meta),
    port: row.port,
    socketPath: row.socketPath,
    weights: pool.weights(row.weights),
    enableTagOverride: row.enableTagOverride,
    serviceKind: pool.string(row.serviceKind, like?.serviceKind),
    proxy: row.proxy,
    connect: row.connect,
    locality: row.locality,
    hlc: row.hlc ?? 0,
  };
}

export function slimCheck(
  row: CheckRow,
  indexes: Indexed,
  pool: InternPool,
  held: { readonly nodeName: string; readonly serviceId: string },
  like: CheckRow | undefined,
): CheckRow {
  return {
    kind: 'check',
    createIndex: indexes.createIndex,
    modifyIndex: indexes.modifyIndex,
    datacenter: pool.string(row.datacenter, like?.datacenter),
    origin: pool.string(row.origin, like?.origin),
    node: sameAs(row.node, held.nodeName),
    checkId: row.checkId,
    name: pool.string(row.name, like?.name),
    status: pool.string(row.status, like?.status),
    notes: pool.string(row.notes, like?.notes),
    output: row.output,
    serviceId: sameAs(row.serviceId, held.serviceId),
    serviceName: pool.string(row.serviceName, like?.serviceName),
    serviceTags: pool.list(row.serviceTags, like?.serviceTags),
    type: pool.string(row.type, like?.type),
    interval: pool.string(row.interval, like?.interval),
    timeout: pool.string(row.timeout, like?.timeout),
    exposedPort: row.exposedPort,
    definition: row.definition,
  };
}

/** Definitions of our own node are as many as its instances only on one agent; spreading keeps them short here. */
export function slimLocalService(row: LocalServiceRow, indexes: Indexed, pool: InternPool): LocalServiceRow {
  return {
    ...row,
    createIndex: indexes.createIndex,
    modifyIndex: indexes.modifyIndex,
    service: pool.string(row.service),
    tags: pool.list(row.tags),
    taggedAddresses: slimTaggedAddresses(row.taggedAddresses, row.address),
    meta: pool.map(row.meta),
    weights: pool.weights(row.weights),
    token: pool.string(row.token),
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
