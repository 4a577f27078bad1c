import type { CheckRow, CheckStatus, LocalCheckRow, LocalServiceRow, ServiceRow } from '../model/index.js';
import type { OwnNode } from './own-node.js';
import { ownedBy } from './own-node.js';

/** What a check last said, as far as it may be shown. */
export interface CheckOutcome {
  readonly status: CheckStatus;
  readonly output: string;
}

/** The catalog row that a local definition stands for. */
export function serviceRowOf(self: OwnNode, local: LocalServiceRow): ServiceRow {
  const { kind: _, token: __, fromConfig: ___, createIndex: ____, modifyIndex: _____, ...fields } = local;
  return { ...fields, ...ownedBy(self), kind: 'service', node: self.name };
}

/** The same for a check. `service` is its service's definition: a check repeats the name and tags of its service. */
export function checkRowOf(
  self: OwnNode,
  local: LocalCheckRow,
  outcome: CheckOutcome,
  service: LocalServiceRow | undefined,
): CheckRow {
  return {
    ...ownedBy(self),
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
  };
}
