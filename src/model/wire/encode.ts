import type { CheckRow, InstanceFields, Json, LocalServiceRow, NodeRow, ServiceRow } from '../rows.js';
import type { InstanceView } from '../view.js';

/**
 * Rows as Consul's clients read them (docs/contract.md section 2), field by field in Consul's order. One row has
 * several faces: the same service is an AgentService under agent/, a NodeService under health/ and catalog/node, a
 * ServiceNode under catalog/service, and they differ in what is left out when empty. Pure; everything that answers in
 * JSON uses these.
 */
export type Wire = Readonly<Record<string, unknown>>;

const NO_PROXY: Json = { Mode: '', MeshGateway: {}, Expose: {} };
const NO_CONNECT: Json = {};

export function nodeToWire(row: NodeRow): Wire {
  return {
    ID: row.id,
    Node: row.node,
    Address: row.address,
    Datacenter: row.datacenter,
    TaggedAddresses: row.taggedAddresses,
    Meta: row.meta,
    CreateIndex: row.createIndex,
    ModifyIndex: row.modifyIndex,
  };
}

/** agent/services, agent/service/:id: never a null list or map, the port always there. */
export function agentServiceToWire(row: LocalServiceRow, datacenter: string): Wire {
  return {
    ...(row.serviceKind !== '' && { Kind: row.serviceKind }),
    ID: row.id,
    Service: row.service,
    Tags: row.tags,
    Meta: row.meta ?? {},
    Port: row.port,
    Address: row.address,
    ...(row.socketPath !== '' && { SocketPath: row.socketPath }),
    ...(row.taggedAddresses && { TaggedAddresses: row.taggedAddresses }),
    Weights: row.weights,
    EnableTagOverride: row.enableTagOverride,
    ...(row.proxy !== null && { Proxy: row.proxy }),
    ...(row.connect !== null && { Connect: row.connect }),
    ...(row.locality !== null && { Locality: row.locality }),
    Datacenter: datacenter,
  };
}

/** catalog/node, health/service: Port left out when 0, Meta null when there was none. */
export function nodeServiceToWire(row: ServiceRow): Wire {
  return {
    ...(row.serviceKind !== '' && { Kind: row.serviceKind }),
    ID: row.id,
    Service: row.service,
    Tags: row.tags,
    Address: row.address,
    ...(row.taggedAddresses && { TaggedAddresses: row.taggedAddresses }),
    Meta: row.meta,
    ...(row.port !== 0 && { Port: row.port }),
    ...(row.socketPath !== '' && { SocketPath: row.socketPath }),
    Weights: row.weights,
    EnableTagOverride: row.enableTagOverride,
    ...meshOf(row, 'Proxy', 'Connect'),
    ...(row.locality !== null && { Locality: row.locality }),
    CreateIndex: row.createIndex,
    ModifyIndex: row.modifyIndex,
  };
}

/** catalog/service: the node's fields beside the service's. */
export function serviceNodeToWire(instance: InstanceView): Wire {
  const { node, service } = instance;
  return {
    ID: node.id,
    Node: node.node,
    Address: node.address,
    Datacenter: node.datacenter,
    TaggedAddresses: node.taggedAddresses,
    NodeMeta: node.meta,
    ServiceKind: service.serviceKind,
    ServiceID: service.id,
    ServiceName: service.service,
    ServiceTags: service.tags,
    ServiceAddress: service.address,
    ...(service.taggedAddresses && { ServiceTaggedAddresses: service.taggedAddresses }),
    ServiceWeights: service.weights,
    ServiceMeta: service.meta ?? {},
    ServicePort: service.port,
    ServiceSocketPath: service.socketPath,
    ServiceEnableTagOverride: service.enableTagOverride,
    ...meshOf(service, 'ServiceProxy', 'ServiceConnect'),
    ...(service.locality !== null && { ServiceLocality: service.locality }),
    CreateIndex: service.createIndex,
    ModifyIndex: service.modifyIndex,
  };
}

export function checkToWire(row: CheckRow): Wire {
  return {
    Node: row.node,
    CheckID: row.checkId,
    Name: row.name,
    Status: row.status,
    Notes: row.notes,
    Output: row.output,
    ServiceID: row.serviceId,
    ServiceName: row.serviceName,
    ServiceTags: row.serviceTags,
    Type: row.type,
    Interval: row.interval,
    Timeout: row.timeout,
    ExposedPort: row.exposedPort,
    Definition: row.definition ?? {},
    CreateIndex: row.createIndex,
    ModifyIndex: row.modifyIndex,
  };
}

/** health/service and query execute. */
export function instanceToWire(instance: InstanceView): Wire {
  return {
    Node: nodeToWire(instance.node),
    Service: nodeServiceToWire(instance.service),
    Checks: instance.checks.map(checkToWire),
  };
}

function meshOf(row: InstanceFields, proxy: string, connect: string): Wire {
  return { [proxy]: row.proxy ?? NO_PROXY, [connect]: row.connect ?? NO_CONNECT };
}
