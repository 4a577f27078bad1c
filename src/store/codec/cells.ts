/**
 * A row as one line of text: a JSON array of its fields in a fixed order, kind, createIndex and modifyIndex first,
 * the rarely used fields last and left out while they have their default.
 *
 * Measured on 100,000 services and as many checks, keys and sums included: 0.4 s to load, 215 bytes a row (JSON
 * objects: 0.55 s, 450 bytes). msgpackr decodes faster but reads from buffers, which LevelDB hands over more slowly
 * than text, so the load takes as long; and it renames a `__proto__` key, which here is plain data.
 *
 * The field order is the disk format: fields are only ever appended (with a default), or the format version rises.
 */
import type {
  CheckDefinition,
  CheckRow,
  ConfigRow,
  InstanceFields,
  NodeRow,
  QueryRow,
  Row,
  SessionRow,
  SyncDocument,
} from '../../model/index.js';

type Head<K extends Row['kind']> = [kind: K, createIndex: number, modifyIndex: number];
export type NodeCells = [
  ...Head<'node'>,
  datacenter: string,
  origin: string,
  node: string,
  id: string,
  address: string,
  taggedAddresses?: NodeRow['taggedAddresses'],
  meta?: NodeRow['meta'],
  hlc?: number,
];
export type InstanceCells = [
  service: string,
  port: number,
  tags: readonly string[],
  address?: string,
  meta?: InstanceFields['meta'],
  taggedAddresses?: InstanceFields['taggedAddresses'],
  passing?: number,
  warning?: number,
  enableTagOverride?: boolean,
  socketPath?: string,
  serviceKind?: string,
  proxy?: InstanceFields['proxy'],
  connect?: InstanceFields['connect'],
  locality?: InstanceFields['locality'],
];
export type ServiceCells = [
  ...Head<'service'>,
  datacenter: string,
  origin: string,
  node: string,
  id: string,
  instance: InstanceCells,
  hlc?: number,
];
export type CheckCells = [
  ...Head<'check'>,
  datacenter: string,
  origin: string,
  node: string,
  checkId: string,
  name: string,
  status: string,
  output?: string,
  serviceId?: string,
  serviceName?: string,
  serviceTags?: readonly string[] | null,
  type?: string,
  interval?: string,
  timeout?: string,
  notes?: string,
  exposedPort?: number,
  definition?: CheckRow['definition'],
];
export type LocalServiceCells = [
  ...Head<'local-service'>,
  id: string,
  instance: InstanceCells,
  token?: string,
  fromConfig?: boolean,
];
export type DefinitionCells = [
  type: CheckDefinition['type'],
  target: string,
  intervalMs?: number,
  timeoutMs?: number,
  outputMaxSizeBytes?: number,
  ttlMs?: number,
  method?: string,
  header?: CheckDefinition['header'],
  body?: string,
  disableRedirects?: boolean,
  tlsServerName?: string,
  tlsSkipVerify?: boolean,
  useTls?: boolean,
  args?: readonly string[] | null,
  shell?: string,
  aliasNode?: string,
  successBeforePassing?: number,
  failuresBeforeWarning?: number,
  failuresBeforeCritical?: number,
  deregisterCriticalServiceAfterMs?: number,
  runner?: string,
];
export type LocalCheckCells = [
  ...Head<'local-check'>,
  checkId: string,
  name: string,
  serviceId: string,
  definition: DefinitionCells,
  interval?: string,
  timeout?: string,
  notes?: string,
  token?: string,
  fromConfig?: boolean,
];
/** Flags beyond 2^53 are text: JSON numbers would lose digits. */
export type KvCells = [
  ...Head<'kv'>,
  key: string,
  value: string,
  flags?: number | string,
  lockIndex?: number,
  session?: string,
];
export type SessionCells = [
  ...Head<'session'>,
  id: string,
  name: string,
  node: string,
  lockDelayMs: number,
  behavior: SessionRow['behavior'],
  ttl: string,
  nodeChecks: readonly string[],
  serviceChecks: SessionRow['serviceChecks'],
  checks?: readonly string[],
];
export type QueryCells = [
  ...Head<'query'>,
  id: string,
  name: string,
  session: string,
  token: string,
  service: QueryRow['service'],
  dnsTtl: string,
  template: QueryRow['template'],
];
export type EventCells = [
  ...Head<'event'>,
  id: string,
  name: string,
  payload: string,
  nodeFilter: string,
  serviceFilter: string,
  tagFilter: string,
  ltime: number,
];
export type ConfigCells = [...Head<'config'>, configKind: string, name: string, body: ConfigRow['body']];
export type SyncCells = [...Head<'sync'>, id: string, body: SyncDocument['body']];
export type Cells =
  | NodeCells
  | ServiceCells
  | CheckCells
  | LocalServiceCells
  | LocalCheckCells
  | KvCells
  | SessionCells
  | QueryCells
  | EventCells
  | ConfigCells
  | SyncCells;
