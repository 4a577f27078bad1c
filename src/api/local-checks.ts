import { checkToWire, formatDuration } from '../model/index.js';
import type { CheckRow, LocalCheckState } from '../model/index.js';
import type { ApiRequest } from './core/request.js';

/**
 * Checks of this agent as it sees them now: the catalog's row says how they were written, the live state says what the
 * last run found, which may be minutes newer (docs/contract.md section 4, output-only changes). Indexes are 0 here.
 */
export function localCheckToWire(request: ApiRequest, state: LocalCheckState): object {
  return checkToWire(localCheckRow(request, state));
}

export function localCheckRow(request: ApiRequest, state: LocalCheckState): CheckRow {
  const { catalog, registry } = request.api.handle;
  const { row } = state;
  const written = catalog.check(registry.nodeName, row.checkId);
  return {
    kind: 'check',
    node: registry.nodeName,
    checkId: row.checkId,
    name: row.name,
    status: state.status,
    notes: row.notes,
    output: state.output,
    serviceId: row.serviceId,
    serviceName: state.serviceName,
    serviceTags: state.serviceTags,
    type: written?.type ?? row.definition.type,
    interval: written?.interval ?? formatDuration(row.definition.intervalMs),
    timeout: written?.timeout ?? formatDuration(row.definition.timeoutMs),
    exposedPort: 0,
    definition: null,
    datacenter: catalog.datacenter,
    origin: '',
    createIndex: 0,
    modifyIndex: 0,
  };
}
