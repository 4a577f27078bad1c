import { invalid } from '../../../model/index.js';
import type { Locality, ServiceDiscoveryError, ServiceEndpoint } from '../../../model/index.js';

/** An endpoint as one writes it down; what is left out has a default. */
export interface StaticEndpoint extends Partial<Omit<ServiceEndpoint, 'healthy' | 'locality' | 'service'>> {
  readonly address: string;
  /** Default 0. */
  readonly port?: number;
  readonly locality?: Partial<Locality>;
}

/** Completed. Throws INVALID_ARGUMENT naming the field. */
export function staticEndpoint(service: string, given: StaticEndpoint): ServiceEndpoint {
  const { address, port = 0, status = 'passing', locality } = given;
  if (typeof address !== 'string' || address === '') throw bad('address', 'must be an IP address or a host name');
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw bad('port', 'must be from 0 to 65535');
  const { weight = 1 } = given;
  if (!(weight >= 0 && weight < Number.POSITIVE_INFINITY)) throw bad('weight', 'must be 0 or more');
  return {
    id: given.id ?? `${service}-${address}-${port}`,
    service,
    address,
    port,
    healthy: status === 'passing',
    status,
    ...(given.lastCheck === undefined ? {} : { lastCheck: given.lastCheck }),
    tags: [...(given.tags ?? [])],
    metadata: { ...given.metadata },
    node: given.node ?? '',
    datacenter: given.datacenter ?? '',
    locality: { region: locality?.region ?? '', zone: locality?.zone ?? '' },
    weight,
  };
}

function bad(field: string, rule: string): ServiceDiscoveryError {
  return invalid(`${field} of an endpoint ${rule}`, [{ field, rule }]);
}
