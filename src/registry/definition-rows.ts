import type { CheckRow, CheckStatus, LocalCheckRow, LocalServiceRow, ServiceRow } from '../model/index.js';
import type { OwnNode } from './own-node.js';

/** What a check last said, as far as it may be shown. */
export interface CheckOutcome {
  readonly status: CheckStatus;
  readonly output: string;
}

/** The catalog row that a local definition stands for. Field by field: these two are made for every registration. */
export function serviceRowOf(self: OwnNode, local: LocalServiceRow): ServiceRow {
  return {
    kind: 'service',
    node: self.name,
    id: local.id,
    service: local.service,
    tags: local.tags,
    address: local.address,
    taggedAddresses: local.taggedAddresses,
    meta: local.meta,
    port: local.port,
    socketPath: local.socketPath,
    weights: local.weights,
    enableTagOverride: local.enableTagOverride,
    serviceKind: local.serviceKind,
    proxy: local.proxy,
    connect: local.connect,
    locality: local.locality,
    datacenter: self.owner.datacenter,
    origin: self.owner.origin,
    createIndex: 0,
    modifyIndex: 0,
  };
}

/** The same for a check. `service` is its service's definition: a check repeats the name and tags of its service. */
export function checkRowOf(
  self: OwnNode,
  local: LocalCheckRow,
  outcome: CheckOutcome,
  service: LocalServiceRow | undefined,
): CheckRow {
  return {
    kind: 'check',
    node: self.name,
    checkId: local.checkId,
    name: local.name,
    status: outcome.status,
    notes: local.notes,
    output: outcome.output,
    serviceId: local.serviceId,
    serviceName: service?.service ?? '',
    serviceTags: service?.tags ?? [],
    type: local.definition.type,
    interval: local.interval,
    timeout: local.timeout,
    exposedPort: 0,
    definition: null,
    datacenter: self.owner.datacenter,
    origin: self.owner.origin,
    createIndex: 0,
    modifyIndex: 0,
  };
}
