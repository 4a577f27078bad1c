import { formatDuration, instanceFields, parseDuration } from '../../model/index.js';
import type { CatalogCheck, CatalogService, CheckRow, Json, NodeRow, Owned, ServiceRow } from '../../model/index.js';

/** Rows from the bodies of catalog/register and txn. What is absent becomes empty; nothing is refused here. */

const NEW = { createIndex: 0, modifyIndex: 0 } as const;

export function serviceRowFrom(body: CatalogService, node: string, owned: Owned): ServiceRow {
  const name = body.Service ?? '';
  return { kind: 'service', node, id: body.ID || name, ...instanceFields(body, name), ...owned, ...NEW };
}

/** The service's name and tags are filled in when it is written. */
export function checkRowFrom(body: CatalogCheck, owned: Owned): CheckRow {
  const definition = shownDefinition(body.Definition ?? null);
  return {
    kind: 'check',
    node: body.Node ?? '',
    checkId: body.CheckID || (body.Name ?? ''),
    name: body.Name ?? '',
    status: body.Status ?? '',
    notes: body.Notes ?? '',
    output: body.Output ?? '',
    serviceId: body.ServiceID ?? '',
    serviceName: body.ServiceName ?? '',
    serviceTags: body.ServiceTags ?? [],
    type: body.Type || typeOf(definition),
    interval: body.Interval ?? '',
    timeout: body.Timeout ?? '',
    exposedPort: body.ExposedPort ?? 0,
    definition,
    ...owned,
    ...NEW,
  };
}

export interface NodeBody {
  readonly ID?: string | undefined;
  readonly Node?: string | undefined;
  readonly Address?: string | undefined;
  readonly TaggedAddresses?: NodeRow['taggedAddresses'] | undefined;
  readonly Meta?: NodeRow['meta'] | undefined;
}

export function nodeRowFrom(body: NodeBody, owned: Owned): NodeRow {
  return {
    kind: 'node',
    node: body.Node ?? '',
    id: (body.ID ?? '').toLowerCase(),
    address: body.Address ?? '',
    taggedAddresses: body.TaggedAddresses ?? null,
    meta: body.Meta ?? null,
    ...owned,
    ...NEW,
  };
}

const TYPES: readonly (readonly [field: string, type: string])[] = [
  ['TTL', 'ttl'],
  ['HTTP', 'http'],
  ['TCP', 'tcp'],
  ['UDP', 'udp'],
  ['GRPC', 'grpc'],
  ['OSService', 'os_service'],
  ['H2PING', 'h2ping'],
  ['AliasService', 'alias'],
  ['AliasNode', 'alias'],
];

/** What the writer of a definition tests with, wherever it runs. */
function typeOf(definition: Json): string {
  if (!isObject(definition)) return '';
  return TYPES.find(([field]) => Object.hasOwn(definition, field) && Boolean(definition[field]))?.[1] ?? '';
}

const DURATIONS: ReadonlySet<string> = new Set(['Interval', 'Timeout', 'TTL', 'DeregisterCriticalServiceAfter']);
const NS_PER_MS = 1e6;

/** Durations are read back in Go's own spelling, however they were given (docs/contract.md section 2). */
function shownDefinition(definition: Json): Json {
  if (!isObject(definition)) return null;
  return Object.fromEntries(Object.entries(definition).map(([field, value]) => [field, shownField(field, value)]));
}

function shownField(field: string, value: Json): Json {
  if (!DURATIONS.has(field)) return value;
  if (typeof value === 'number') return formatDuration(value / NS_PER_MS);
  const ms = typeof value === 'string' ? parseDuration(value) : undefined;
  return ms === undefined ? value : formatDuration(ms);
}

function isObject(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
