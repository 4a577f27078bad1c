import { instanceStatus, ServiceDiscoveryError } from '../model/index.js';
import type { EndpointStatus, ServiceEndpoint, StringMap } from '../model/index.js';

/**
 * What of a health entry (an item of health/service, docs/contract.md section 3.4) makes an endpoint. Consul leaves fields
 * out when they are empty, and may send null for lists and maps.
 */
export interface HealthEntryFields {
  readonly Node: { readonly Node: string; readonly Address: string; readonly Datacenter?: string };
  readonly Service: {
    readonly ID: string;
    readonly Service: string;
    readonly Address?: string;
    readonly Port?: number;
    readonly Tags?: readonly string[] | null;
    readonly Meta?: StringMap | null;
    readonly Weights?: { readonly Passing: number; readonly Warning: number } | null;
    readonly Locality?: { readonly Region?: string; readonly Zone?: string } | null;
  };
  readonly Checks?: readonly { readonly CheckID: string; readonly Status: string }[] | null;
}

/**
 * Address: the service's own, else its node's. Weight: the one of its status, 1 where none was given. Locality: Consul's
 * field, else the registration standard's metadata `region` and `zone`.
 */
export function endpointOf(entry: HealthEntryFields): ServiceEndpoint {
  const { Node: node, Service: service } = entry;
  const status = statusOf(entry.Checks ?? []);
  const metadata = service.Meta ?? {};
  const { Passing = 1, Warning = 1 } = service.Weights ?? {};
  return {
    id: service.ID,
    service: service.Service,
    address: service.Address || node.Address,
    port: service.Port ?? 0,
    healthy: status === 'passing',
    status,
    tags: service.Tags ?? [],
    metadata,
    node: node.Node,
    datacenter: node.Datacenter ?? '',
    locality: {
      region: service.Locality?.Region || metadata['region'] || '',
      zone: service.Locality?.Zone || metadata['zone'] || '',
    },
    weight: status === 'warning' ? Warning : Passing,
  };
}

/** The worst word of checks as they are on the wire. */
export function statusOf(checks: readonly { readonly CheckID: string; readonly Status: string }[]): EndpointStatus {
  return instanceStatus(checks.map(({ CheckID, Status }) => ({ checkId: CheckID, status: Status })));
}

/**
 * The endpoints of an answer to health/service. Whatever stands behind an address may answer 200 with something else:
 * that is CORRUPT, so that it can never pass for an empty set.
 */
export function endpointsOf(answer: unknown): readonly ServiceEndpoint[] {
  if (!Array.isArray(answer)) throw corrupt('it is no list');
  return answer.map((entry: unknown, at) => {
    const wrong = defectOf(entry);
    if (wrong !== undefined) throw corrupt(`item ${at}: ${wrong}`);
    return endpointOf(entry as HealthEntryFields);
  });
}

/** Fields whose absence or type would make an endpoint nobody can dial or tell apart; the rest has a default. */
function defectOf(entry: unknown): string | undefined {
  const { Node: node, Service: service, Checks: checks } = objectOf(entry);
  const [{ Node: name, Address: nodeAddress }, fields] = [objectOf(node), objectOf(service)];
  if (typeof name !== 'string' || typeof nodeAddress !== 'string') return 'it has no Node with Node and Address';
  if (typeof fields['ID'] !== 'string' || typeof fields['Service'] !== 'string')
    return 'it has no Service with ID and Service';
  const { Address: address = '', Port: port = 0, Tags: tags, Meta: meta } = fields;
  if (typeof address !== 'string') return 'Service.Address is no text';
  if (address === '' && nodeAddress === '') return 'it has no address';
  if (!Number.isInteger(port) || (port as number) < 0 || (port as number) > 65_535) return 'Service.Port is no port';
  if (meta !== undefined && (typeof meta !== 'object' || Array.isArray(meta))) return 'Service.Meta is no map';
  if (!isListOrNothing(tags)) return 'Service.Tags is no list';
  if (!isListOrNothing(checks) || !(checks ?? []).every(isCheck)) return 'Checks is no list of checks';
  return undefined;
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function isListOrNothing(value: unknown): value is readonly unknown[] | null | undefined {
  return value === undefined || value === null || Array.isArray(value);
}

function isCheck(value: unknown): boolean {
  const { CheckID, Status } = objectOf(value);
  return typeof CheckID === 'string' && typeof Status === 'string';
}

function corrupt(why: string): ServiceDiscoveryError {
  return new ServiceDiscoveryError('CORRUPT', `an answer to health/service is not understood: ${why}`);
}
