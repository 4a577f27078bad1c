/** How a service is spelt as a name of DNS, and what the names that answers bring tell (docs/contract.md section 5.1). */
import { foldName, maxLabelBytes, nameBytes, splitName, trimDot } from '../../dns/wire/index.js';
import { invalid, ServiceDiscoveryError } from '../../model/index.js';

/**
 * `consul`: `[TAG.]NAME.service[.DC].DOMAIN`. `plain`: `NAME.SUFFIX`. `srv`: `_NAME._tcp.SUFFIX` (RFC 2782), in which a
 * tag takes the place of the protocol, as Consul has it.
 */
export type NameLayout = 'consul' | 'plain' | 'srv';

export interface ServiceZone {
  readonly layout: NameLayout;
  /** Folded, without the last dot: `service.consul`. */
  readonly suffix: string;
  /** Layout `srv` only. */
  readonly protocol: string;
  /** Layout `consul` only: what is right of the word `service`, and of the datacenter. */
  readonly domain: string;
  /** Layout `consul` only: the datacenter that the suffix names; '' for none. */
  readonly datacenter: string;
}

export interface ServiceWords {
  readonly service: string;
  readonly datacenter?: string;
  readonly tag?: string;
}

/** The names that a service is asked by. */
export interface ServiceNames {
  /** SRV, SVCB and HTTPS. */
  readonly service: string;
  /** A and AAAA, when there is no SRV. */
  readonly host: string;
  /** TXT of its instances; undefined where nobody has such. */
  readonly texts?: string;
}

/**
 * A suffix as it is used. `service.consul`, also with a datacenter inside, has Consul's layout unless told otherwise.
 * Throws INVALID_ARGUMENT.
 */
export function serviceZone(suffix: string, layout?: NameLayout, protocol = 'tcp'): ServiceZone {
  const folded = foldName(checkedName('domainSuffix', suffix));
  const known = /^service(?:\.([^.]+))?\.consul$/.exec(folded);
  const zone = { suffix: folded, protocol, domain: '', datacenter: '', layout: layout ?? (known ? 'consul' : 'plain') };
  if (zone.layout !== 'consul') return zone;
  const domain = /^service\.(.+)$/.exec(folded)?.[1];
  if (domain === undefined) throw broken('domainSuffix', "must begin with service. for layout: 'consul'");
  return known ? { ...zone, domain: 'consul', datacenter: known[1] ?? '' } : { ...zone, domain };
}

/** Throws INVALID_ARGUMENT for words that cannot be in a name, UNSUPPORTED for those the layout has no place for. */
export function serviceNames(zone: ServiceZone, { service, datacenter, tag }: ServiceWords): ServiceNames {
  const name = wordIn('service', service, zone.layout !== 'consul');
  const dc = datacenter === undefined ? zone.datacenter : wordIn('datacenter', datacenter, false);
  const label = tag === undefined ? undefined : wordIn('tag', tag, true);
  if (zone.layout === 'consul') {
    const where = dc === '' ? zone.domain : `${dc}.${zone.domain}`;
    const whole = checked(`${label === undefined ? '' : `${label}.`}${name}.service.${where}`);
    return { service: whole, host: whole, texts: checked(`${name}.instance.${where}`) };
  }
  if (dc !== '') throw noPlaceFor('datacenter', zone);
  const host = checked(`${name}.${zone.suffix}`);
  if (zone.layout === 'srv') return { service: checked(`_${name}._${label ?? zone.protocol}.${zone.suffix}`), host };
  if (label !== undefined) throw noPlaceFor('tag', zone);
  return { service: host, host };
}

/** Where a name that Consul made leads: the node, if it is one's, and the datacenter; '' for what it does not tell. */
export function placeOfTarget(
  zone: ServiceZone,
  target: string,
): { readonly node: string; readonly datacenter: string } {
  const nothing = { node: '', datacenter: '' };
  const end = `.${zone.domain}`;
  if (zone.layout !== 'consul' || !foldName(target).endsWith(end)) return nothing;
  const labels = splitName(target.slice(0, -end.length));
  const kind = labels.findLastIndex((label) => /^(?:node|addr)$/i.test(label));
  if (kind < 1) return nothing;
  const isNode = foldName(labels[kind] as string) === 'node';
  return {
    node: isNode ? labels.slice(0, kind).join('.') : '',
    datacenter: foldName(labels[kind + 1] ?? zone.datacenter),
  };
}

/** Any name that can be on the wire, without the last dot. Throws INVALID_ARGUMENT. */
export function checkedName(field: string, name: unknown): string {
  const trimmed = typeof name === 'string' ? trimDot(name) : '';
  const isRoot = trimmed === '.' && name !== '.';
  if (typeof name !== 'string' || name === '' || isRoot || nameBytes(trimmed) === undefined) {
    throw broken(field, `must be a DNS name: labels of 1 to ${maxLabelBytes} bytes, 253 characters in all`);
  }
  return trimmed;
}

function wordIn(field: string, word: unknown, dotsAllowed: boolean): string {
  const labels = typeof word === 'string' ? word.split('.') : [];
  const fine =
    labels.length > 0 &&
    (dotsAllowed || labels.length === 1) &&
    labels.every((label) => /^[A-Za-z0-9_-]+$/.test(label) && label.length <= maxLabelBytes);
  if (fine) return word as string;
  const rule = `letters, digits, - and _, at most ${maxLabelBytes} of them`;
  const shown = typeof word === 'string' ? JSON.stringify(word.slice(0, 80)) : typeof word;
  throw broken(field, `must be ${dotsAllowed ? 'labels' : 'one label'} of ${rule}; ${shown} is not`);
}

function checked(name: string): string {
  if (nameBytes(name) === undefined) throw invalid(`${name} is too long for a DNS name`);
  return name;
}

function noPlaceFor(field: string, zone: ServiceZone): ServiceDiscoveryError {
  return new ServiceDiscoveryError('UNSUPPORTED', `names below ${zone.suffix} have no place for a ${field}`, {
    details: { hint: "set layout: 'consul' when the server has Consul's names" },
  });
}

function broken(field: string, rule: string): ServiceDiscoveryError {
  return invalid(`${field} ${rule}`, [{ field, rule }]);
}
