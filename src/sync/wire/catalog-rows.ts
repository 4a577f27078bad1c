/** Nodes, services and checks, without what belongs to their record (`hlc`) or to one agent only (indexes). */
import type { CheckRow, InstanceFields, NodeRow, RowRef, ServiceRow, TaggedAddress } from '../../model/index.js';
import type { Codec } from './codec.js';
import { fields, flag, mapOf, number, orNull, text } from './codec.js';
import { WireError } from './bytes.js';
import { json } from './json.js';
import { foldedName, id, name, optionalMap, origin, texts } from './names.js';
import { always, or, orElse, sparse } from './sparse.js';

type Bare<T> = Omit<T, 'kind' | 'createIndex' | 'modifyIndex' | 'hlc'>;
type TaggedAddresses = InstanceFields['taggedAddresses'];

const sameTexts = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((value, at) => value === other[at]);

const taggedAddresses = orNull(mapOf(fields<TaggedAddress>({ Address: text, Port: number })));

const KNOWN_STATUS = ['passing', 'warning', 'critical'];

const status: Codec<string> = {
  write: (out, value) => {
    const at = KNOWN_STATUS.indexOf(value);
    out.byte(at < 0 ? KNOWN_STATUS.length : at);
    if (at < 0) out.text(value);
  },
  read: (from) => {
    const at = from.byte();
    if (at > KNOWN_STATUS.length) throw new WireError(`status ${at}`);
    return KNOWN_STATUS[at] ?? from.text();
  },
};

export const nodeRow = sparse<Bare<NodeRow>>({
  node: orElse(name, (_, last) => last.node),
  id: or(id, ''),
  address: or(text, ''),
  taggedAddresses: or(optionalMap, null),
  meta: or(optionalMap, null),
  datacenter: orElse(text, (_, last) => last.datacenter),
  origin: orElse(origin, (_, last) => last.origin),
});

export const serviceRow = sparse<Bare<ServiceRow>>({
  node: orElse(name, (_, last) => last.node),
  service: orElse(name, (_, last) => last.service),
  id: orElse(id, (row) => row.service ?? ''),
  address: or(text, ''),
  port: or(number, 0),
  tags: orElse(texts, (_, last) => last.tags, sameTexts),
  meta: or(optionalMap, null),
  taggedAddresses: orElse(taggedAddresses, usualTaggedAddresses, sameAddresses),
  datacenter: orElse(text, (_, last) => last.datacenter),
  weights: orElse(
    fields({ Passing: number, Warning: number }),
    () => ({ Passing: 1, Warning: 1 }),
    (one, other) => one.Passing === other.Passing && one.Warning === other.Warning,
  ),
  enableTagOverride: or(flag, false),
  socketPath: or(text, ''),
  serviceKind: or(text, ''),
  proxy: or(json, null),
  connect: or(json, null),
  locality: or(json, null),
  origin: orElse(origin, (_, last) => last.origin),
});

export const checkRow = sparse<Bare<CheckRow>>({
  node: orElse(name, (_, last) => last.node),
  serviceId: orElse(text, (_, last) => last.serviceId),
  serviceName: orElse(text, (_, last) => last.service),
  status: always(status, ''),
  output: or(text, ''),
  type: or(text, ''),
  interval: or(text, ''),
  serviceTags: orElse(texts, (_, last) => last.tags, sameTexts),
  checkId: orElse(id, (row) => usualCheckId(row.serviceId ?? '')),
  name: orElse(text, (row) => usualCheckName(row.serviceName ?? '')),
  timeout: or(text, ''),
  datacenter: orElse(text, (_, last) => last.datacenter),
  notes: or(text, ''),
  exposedPort: or(number, 0),
  definition: or(json, null),
  origin: orElse(origin, (_, last) => last.origin),
});

export type BareRef = Pick<RowRef, 'node' | 'id'>;

/** Of nodes and services that are gone. */
export const plainRef = sparse<BareRef>({
  node: orElse(foldedName, (_, last) => last.node.toLowerCase()),
  id: or(id, ''),
});

export const checkRef = sparse<BareRef>({
  node: orElse(foldedName, (_, last) => last.node.toLowerCase()),
  id: orElse(id, (_, last) => usualCheckId(last.serviceId)),
});

/** As the registry names the check of a service that has one. */
function usualCheckId(serviceId: string): string {
  return serviceId === '' ? 'serfHealth' : `service:${serviceId}`;
}

function usualCheckName(service: string): string {
  return service === '' ? 'Serf Health Status' : `Service '${service}' check`;
}

/** An agent adds an IP address of an instance as its own address of that family, as Consul does. */
function usualTaggedAddresses({ address = '', port = 0 }: Partial<Bare<ServiceRow>>): TaggedAddresses {
  const family = /^[\d.]{7,15}$/.test(address) ? 4 : address.includes(':') ? 6 : 0;
  if (family === 0) return null;
  const own = { Address: address, Port: port };
  return { [`lan_ipv${family}`]: own, [`wan_ipv${family}`]: own };
}

function sameAddresses(one: TaggedAddresses, other: TaggedAddresses): boolean {
  if (one === null || other === null) return one === other;
  const [tags, others] = [Object.keys(one), Object.keys(other)];
  return (
    sameTexts(tags, others) &&
    tags.every((tag) => one[tag]?.Address === other[tag]?.Address && one[tag]?.Port === other[tag]?.Port)
  );
}
