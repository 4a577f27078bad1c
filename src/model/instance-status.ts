import type { EndpointStatus } from './endpoint.js';
import type { CheckRow } from './rows.js';

/** What an instance's checks and its node's make of it: the worst of them; any word we do not know is critical. */
export function instanceStatus(checks: readonly Pick<CheckRow, 'checkId' | 'status'>[]): EndpointStatus {
  let worst: EndpointStatus = 'passing';
  for (const { checkId, status } of checks) {
    if (isMaintenanceCheck(checkId)) return 'maintenance';
    if (status === 'passing') continue;
    if (status !== 'warning') worst = 'critical';
    else if (worst === 'passing') worst = 'warning';
  }
  return worst;
}

/** Maintenance is a check with a reserved id (docs/contract.md section 3.1), whoever wrote it. */
function isMaintenanceCheck(checkId: string): boolean {
  return checkId === NODE_MAINTENANCE || checkId.startsWith(SERVICE_MAINTENANCE);
}

export const NODE_MAINTENANCE = '_node_maintenance';
const SERVICE_MAINTENANCE = '_service_maintenance:';

export function serviceMaintenanceId(serviceId: string): string {
  return `${SERVICE_MAINTENANCE}${serviceId}`;
}
