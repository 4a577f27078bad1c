/** Endpoints out of what was found in DNS. Pure. */
import { foldName } from '../../dns/wire/index.js';
import type { StringMap } from '../../model/index.js';
import { addressTypes } from './address-order.js';
import type { AddressPreference } from './address-order.js';
import type { DnsServiceEndpoint } from './dns-endpoint.js';
import type { InstanceText } from './instance-text.js';
import { placeOfTarget } from './service-name.js';
import type { ServiceZone } from './service-name.js';

/** One place that a service is said to be at, by SRV, SVCB or HTTPS, or by its address alone. */
export interface Place {
  readonly target: string;
  readonly port: number;
  readonly priority: number;
  /** Undefined for a host name, of which every address counts as an instance. */
  readonly weight: number | undefined;
  readonly alpn: readonly string[];
}

export interface TargetAddresses {
  readonly A: readonly string[];
  readonly AAAA: readonly string[];
}

export interface Findings {
  readonly service: string;
  readonly zone: ServiceZone;
  /** Where the names do not tell the datacenter; '' for unknown. */
  readonly datacenter: string;
  /** Tags asked for: all that DNS tells of an instance's. */
  readonly tags: readonly string[];
  readonly places: readonly Place[];
  readonly preference: AddressPreference;
  /** By folded target. Those that could not be resolved are missing. */
  readonly addresses: ReadonlyMap<string, TargetAddresses>;
  /** Metadata of nodes, by folded target. */
  readonly nodeMetadata: ReadonlyMap<string, StringMap>;
  readonly texts: readonly InstanceText[];
}

/** One endpoint for each place and address of the preferred family; of the other when the preferred has none. */
export function assembleEndpoints(findings: Findings): DnsServiceEndpoint[] {
  const { places, texts } = findings;
  const shares = weightShares(places);
  const textAt = new Map(texts.map((text) => [placeKey(text), text]));
  return places.flatMap((place, i) => endpointsAt(place, shares[i], textAt.get(placeKey(place)), findings));
}

function endpointsAt(
  place: Place,
  weight: number | undefined,
  text: InstanceText | undefined,
  findings: Findings,
): DnsServiceEndpoint[] {
  const folded = foldName(place.target);
  const [dialled, other] = familiesOf(findings.addresses.get(folded), findings.preference);
  const where = placeOfTarget(findings.zone, place.target);
  const metadata = { ...findings.nodeMetadata.get(folded), ...text?.metadata };
  const isPair = dialled.length === 1 && other.length === 1;
  const id = text?.id ?? placeKey(place);
  return dialled.map((address) => ({
    id: dialled.length === 1 && weight !== undefined ? id : `${id}/${address}`,
    service: findings.service,
    address,
    addresses: isPair ? [address, ...other] : [address],
    port: place.port,
    healthy: true,
    status: 'passing',
    tags: findings.tags,
    metadata,
    node: where.node || (text?.node ?? ''),
    datacenter: where.datacenter || findings.datacenter,
    locality: { region: metadata.region ?? '', zone: metadata.zone ?? '' },
    weight: weight === undefined ? 1 : weight / dialled.length,
    target: place.target,
    priority: place.priority,
    alpn: place.alpn,
  }));
}

function placeKey({ target, port }: { readonly target: string; readonly port: number }): string {
  return `${foldName(target)}:${port}`;
}

/** Addresses to dial, and those of the other family. */
function familiesOf(
  found: TargetAddresses | undefined,
  preference: AddressPreference,
): readonly [readonly string[], readonly string[]] {
  const lists = addressTypes(preference).map((type) => [...new Set(found?.[type])]);
  const [first = [], second = []] = lists;
  return first.length > 0 ? [first, second] : [second, []];
}

/**
 * Weights as shares of requests. RFC 2782 draws a number from 0 to the sum of weights of one priority, and a record of
 * weight 0 for 0 alone: all of those together weigh as much as 1. Without any weight all are alike.
 */
function weightShares(places: readonly Place[]): (number | undefined)[] {
  const groups = new Map<number, { sum: number; zeros: number }>();
  for (const { priority, weight = 0 } of places) {
    const group = groups.get(priority) ?? { sum: 0, zeros: 0 };
    groups.set(priority, { sum: group.sum + weight, zeros: group.zeros + (weight === 0 ? 1 : 0) });
  }
  return places.map(({ priority, weight }) => {
    if (weight !== 0) return weight;
    const { sum = 0, zeros = 1 } = groups.get(priority) ?? {};
    return sum === 0 ? 1 : 1 / zeros;
  });
}
