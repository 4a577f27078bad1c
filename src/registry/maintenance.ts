import type { LocalCheckRow } from '../model/index.js';
import { maintenanceDefinition, NODE_MAINTENANCE, serviceMaintenanceId } from '../model/index.js';

/** Maintenance is a critical check that nobody runs: of one service, or of the node and so of all its services. */
export function serviceMaintenanceCheck(serviceId: string, reason: string, token: string): LocalCheckRow {
  return {
    ...maintenanceCheck(
      reason || 'Maintenance mode is enabled for this service, but no reason was provided. This is a default message.',
      token,
    ),
    checkId: serviceMaintenanceId(serviceId),
    name: 'Service Maintenance Mode',
    serviceId,
  };
}

export function nodeMaintenanceCheck(reason: string, token: string): LocalCheckRow {
  return {
    ...maintenanceCheck(
      reason || 'Maintenance mode is enabled for this node, but no reason was provided. This is a default message.',
      token,
    ),
    checkId: NODE_MAINTENANCE,
    name: 'Node Maintenance Mode',
    serviceId: '',
  };
}

function maintenanceCheck(notes: string, token: string) {
  return {
    kind: 'local-check',
    notes,
    definition: maintenanceDefinition,
    interval: '',
    timeout: '',
    token,
    fromConfig: false,
    createIndex: 0,
    modifyIndex: 0,
  } as const;
}
