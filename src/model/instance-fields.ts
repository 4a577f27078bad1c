import { invalid, ServiceDiscoveryError } from './errors.js';
import { limits } from './limits.js';
import type { InstanceFields, StringMap, TaggedAddress, Weights } from './rows.js';
import type { CatalogService, ServiceRegistration } from './wire/index.js';

/**
 * The fields that describe an instance, from either body that can carry them: agent/service/register (`Name`) and
 * catalog/register or a transaction (`Service`). Absent fields become empty: a registration replaces the whole of
 * the old one (docs/contract.md section 3.2). Nothing is refused here; the validations follow, each with the contract's
 * text.
 */
export function instanceFields(body: ServiceRegistration | CatalogService, service: string): InstanceFields {
  return {
    service,
    tags: body.Tags ?? [],
    address: body.Address ?? '',
    taggedAddresses: taggedAddresses(body),
    meta: body.Meta ?? null,
    port: body.Port ?? 0,
    socketPath: body.SocketPath ?? '',
    weights: weightsOf(body),
    enableTagOverride: body.EnableTagOverride ?? false,
    serviceKind: body.Kind ?? '',
    proxy: body.Proxy ?? null,
    connect: body.Connect ?? null,
    locality: body.Locality ?? null,
  };
}

/** An address that nobody can dial: the any address of either family. */
export function isAnyAddress(address: string): boolean {
  return address === '0.0.0.0' || address === '::' || address === '[::]';
}

/** `Invalid Weights: …`, as the agent says it. */
export function validateWeights(weights: ServiceRegistration['Weights']): void {
  if (!weights) return;
  const passing = weights.Passing ?? 0;
  const warning = weights.Warning ?? 0;
  if (passing < 1) throw invalid('Invalid Weights: Passing must be greater than 0');
  if (warning < 0) throw invalid('Invalid Weights: Warning must be greater or equal than 0');
  if (passing > limits.dnsWeight || warning > limits.dnsWeight)
    throw invalid(`Invalid Weights: DNS Weight must be between 0 and ${limits.dnsWeight}`);
}

/** What is wrong with service metadata, in Consul's words without its prefix; undefined when nothing is. */
export function metaComplaint(meta: StringMap): string | undefined {
  const pairs = Object.entries(meta);
  if (pairs.length > limits.metaPairs)
    return `Node metadata cannot contain more than ${limits.metaPairs} key/value pairs`;
  for (const [key, value] of pairs) {
    const wrong = pairComplaint(key, value);
    if (wrong !== undefined) return `Couldn't load metadata pair ('${key}', '${value}'): ${wrong}`;
  }
  return undefined;
}

function pairComplaint(key: string, value: string): string | undefined {
  if (key === '') return 'Key cannot be blank';
  if (!/^[A-Za-z0-9_-]+$/.test(key)) return 'Key contains invalid characters';
  if (key.length > limits.metaKeyChars) return `Key is too long (limit: ${limits.metaKeyChars} characters)`;
  if (key.startsWith('consul-')) return "Key prefix 'consul-' is reserved for internal use";
  if (Buffer.byteLength(value) > limits.metaValueChars)
    return `Value is too long (limit: ${limits.metaValueChars} characters)`;
  return undefined;
}

const LITERALS = [
  ['lan_ipv4', 'ipv4'],
  ['wan_ipv4', 'ipv4'],
  ['lan_ipv6', 'ipv6'],
  ['wan_ipv6', 'ipv6'],
] as const;

/** The four tagged addresses whose names promise a family must keep it. Answered 500 though it is the agent's. */
export function validateTaggedAddresses(
  addresses: InstanceFields['taggedAddresses'],
  familyOf: (address: string) => 0 | 4 | 6,
): void {
  for (const [tag, family] of LITERALS) {
    const given = addresses?.[tag];
    if (!given || `ipv${familyOf(given.Address)}` === family) continue;
    throw new ServiceDiscoveryError(
      'INVALID_ARGUMENT',
      `Service tagged address "${tag}" must be a valid ${family} address`,
      {
        details: { status: 500 },
      },
    );
  }
}

/** On the agent, an address that is an IP also becomes its family's lan and wan address, unless those are given. */
export function withTaggedAddresses(fields: InstanceFields, familyOf: (address: string) => 0 | 4 | 6): InstanceFields {
  const family = familyOf(fields.address);
  if (family === 0) return fields;
  const own: TaggedAddress = { Address: fields.address, Port: fields.port };
  return {
    ...fields,
    taggedAddresses: { [`lan_ipv${family}`]: own, [`wan_ipv${family}`]: own, ...fields.taggedAddresses },
  };
}

function taggedAddresses(body: ServiceRegistration | CatalogService): InstanceFields['taggedAddresses'] {
  const given = Object.entries(body.TaggedAddresses ?? {});
  if (given.length === 0) return null;
  return Object.fromEntries(given.map(([tag, { Address = '', Port = 0 }]) => [tag, { Address, Port }]));
}

function weightsOf(body: ServiceRegistration | CatalogService): Weights {
  if (!body.Weights) return { Passing: 1, Warning: 1 };
  return { Passing: body.Weights.Passing ?? 0, Warning: body.Weights.Warning ?? 0 };
}
