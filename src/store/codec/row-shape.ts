/**
 * Whether something decoded from outside (a snapshot archive) is a row: every field there and of its type. The
 * checksums of an archive prove that it arrived as it was written, not who wrote it.
 */
import type { CheckDefinition, InstanceFields, PreparedService, Row, RowKind, RowOf } from '../../model/index.js';

type Test = (value: unknown) => boolean;
type Shape<T> = { readonly [F in keyof T]-?: Test };

const text: Test = (value) => typeof value === 'string';
/** NUL separates the parts of a key. */
const name: Test = (value) => typeof value === 'string' && !value.includes('\0');
const flag: Test = (value) => typeof value === 'boolean';
const count: Test = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const number: Test = (value) => Number.isFinite(value);
const anything: Test = () => true;
const oneOf =
  (...words: readonly unknown[]): Test =>
  (value) =>
    words.includes(value);
const isMap = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value);
const listOf =
  (item: Test): Test =>
  (value) =>
    Array.isArray(value) && value.every(item);
const mapOf =
  (item: Test): Test =>
  (value) =>
    isMap(value) && Object.values(value).every(item);
const orNull =
  (test: Test): Test =>
  (value) =>
    value === null || test(value);
const shaped =
  <T>(shape: Shape<T>): Test =>
  (value) =>
    isMap(value) &&
    Object.entries<Test>(shape).every(([field, test]) => test((value as Record<string, unknown>)[field]));

const indexed = { kind: text, createIndex: count, modifyIndex: count };
const owned = { datacenter: text, origin: name, hlc: (value: unknown) => value === undefined || count(value) };
const instance: Shape<InstanceFields> = {
  service: name,
  tags: listOf(text),
  address: text,
  taggedAddresses: orNull(mapOf(shaped({ Address: text, Port: number }))),
  meta: orNull(mapOf(text)),
  port: number,
  socketPath: text,
  weights: shaped({ Passing: number, Warning: number }),
  enableTagOverride: flag,
  serviceKind: text,
  proxy: anything,
  connect: anything,
  locality: anything,
};
const definition: Shape<CheckDefinition> = {
  type: oneOf(
    'http',
    'tcp',
    'udp',
    'grpc',
    'ttl',
    'script',
    'alias',
    'h2ping',
    'docker',
    'os_service',
    'maintenance',
    'custom',
  ),
  target: text,
  intervalMs: number,
  timeoutMs: number,
  ttlMs: number,
  method: text,
  header: orNull(mapOf(listOf(text))),
  body: text,
  disableRedirects: flag,
  tlsServerName: text,
  tlsSkipVerify: flag,
  useTls: flag,
  args: listOf(text),
  shell: text,
  aliasNode: text,
  successBeforePassing: number,
  failuresBeforeWarning: number,
  failuresBeforeCritical: number,
  deregisterCriticalServiceAfterMs: number,
  outputMaxSizeBytes: number,
  runner: text,
};
const prepared: Shape<PreparedService> = {
  service: text,
  failover: shaped({ nearestN: number, datacenters: orNull(listOf(text)) }),
  onlyPassing: flag,
  ignoreCheckIds: orNull(listOf(text)),
  near: text,
  tags: orNull(listOf(text)),
  nodeMeta: orNull(mapOf(text)),
  serviceMeta: orNull(mapOf(text)),
  connect: flag,
};

const shapes: { readonly [K in RowKind]: Shape<RowOf<K>> } = {
  node: {
    ...indexed,
    ...owned,
    node: name,
    id: text,
    address: text,
    taggedAddresses: orNull(mapOf(text)),
    meta: orNull(mapOf(text)),
  },
  service: { ...indexed, ...owned, node: name, id: text, ...instance },
  check: {
    ...indexed,
    ...owned,
    node: name,
    checkId: text,
    name: text,
    status: text,
    notes: text,
    output: text,
    serviceId: text,
    serviceName: text,
    serviceTags: listOf(text),
    type: text,
    interval: text,
    timeout: text,
    exposedPort: number,
    definition: anything,
  },
  'local-service': { ...indexed, id: text, ...instance, token: text, fromConfig: flag },
  'local-check': {
    ...indexed,
    checkId: text,
    name: text,
    notes: text,
    serviceId: text,
    definition: shaped(definition),
    interval: text,
    timeout: text,
    token: text,
    fromConfig: flag,
  },
  kv: {
    ...indexed,
    key: text,
    value: text,
    flags: (value) => typeof value === 'bigint' && value >= 0n && value < 1n << 64n,
    lockIndex: count,
    session: text,
  },
  session: {
    ...indexed,
    id: text,
    name: text,
    node: name,
    lockDelayMs: number,
    behavior: oneOf('release', 'delete'),
    ttl: text,
    nodeChecks: listOf(text),
    serviceChecks: orNull(listOf(shaped({ ID: text, Namespace: text }))),
    checks: listOf(text),
  },
  query: {
    ...indexed,
    id: text,
    name: text,
    session: text,
    token: text,
    service: shaped(prepared),
    dnsTtl: text,
    template: orNull(shaped({ Type: text, Regexp: text, RemoveEmptyTags: flag })),
  },
  event: {
    ...indexed,
    id: text,
    name: text,
    payload: text,
    nodeFilter: text,
    serviceFilter: text,
    tagFilter: text,
    ltime: count,
  },
  config: { ...indexed, configKind: text, name: text, body: anything },
  sync: { ...indexed, id: text, body: anything },
};

/** The name of the first field that is not what a row of its kind has; undefined when all are. */
export function wrongField(row: Row): string | undefined {
  if (!Object.hasOwn(shapes, row.kind)) return 'kind';
  for (const [field, test] of Object.entries<Test>(shapes[row.kind])) {
    if (!test((row as unknown as Record<string, unknown>)[field])) return field;
  }
  return undefined;
}
