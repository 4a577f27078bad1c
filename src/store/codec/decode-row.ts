import type {
  CheckDefinition,
  CheckRow,
  ConfigRow,
  EventRow,
  Indexed,
  InstanceFields,
  KvRow,
  LocalCheckRow,
  LocalServiceRow,
  NodeRow,
  QueryRow,
  Row,
  ServiceRow,
  SessionRow,
  SyncDocument,
} from '../../model/index.js';
import type {
  Cells,
  CheckCells,
  ConfigCells,
  DefinitionCells,
  EventCells,
  InstanceCells,
  KvCells,
  LocalCheckCells,
  LocalServiceCells,
  NodeCells,
  QueryCells,
  ServiceCells,
  SessionCells,
  SyncCells,
} from './cells.js';

/** Throws an Error that says what is wrong when the text is not a row. */
export function decodeRow(text: string): Row {
  const cells = JSON.parse(text) as Cells;
  switch (cells[0]) {
    case 'node':
      return nodeOf(cells);
    case 'service':
      return serviceOf(cells);
    case 'check':
      return checkOf(cells);
    case 'local-service':
      return localServiceOf(cells);
    case 'local-check':
      return localCheckOf(cells);
    case 'kv':
      return kvOf(cells);
    case 'session':
      return sessionOf(cells);
    case 'query':
      return queryOf(cells);
    case 'event':
      return eventOf(cells);
    case 'config':
      return configOf(cells);
    case 'sync':
      return syncOf(cells);
    default:
      throw new Error('no row of a known kind');
  }
}

/** The indexes of an encoded row, without decoding the rest. */
export function indexesIn(text: string): Indexed {
  const create = text.indexOf(',') + 1;
  const modify = text.indexOf(',', create) + 1;
  return {
    createIndex: Number(text.slice(create, modify - 1)),
    modifyIndex: Number(text.slice(modify, text.indexOf(',', modify))),
  };
}

function nodeOf(cells: NodeCells): NodeRow {
  return {
    kind: 'node',
    createIndex: cells[1],
    modifyIndex: cells[2],
    datacenter: cells[3],
    origin: cells[4],
    node: cells[5],
    id: cells[6],
    address: cells[7],
    taggedAddresses: cells[8] ?? null,
    meta: cells[9] ?? null,
    hlc: cells[10] ?? 0,
  };
}

function instanceOf(cells: InstanceCells): InstanceFields {
  return {
    service: cells[0],
    port: cells[1],
    tags: cells[2],
    address: cells[3] ?? '',
    meta: cells[4] ?? null,
    taggedAddresses: cells[5] ?? null,
    weights: { Passing: cells[6] ?? 1, Warning: cells[7] ?? 1 },
    enableTagOverride: cells[8] ?? false,
    socketPath: cells[9] ?? '',
    serviceKind: cells[10] ?? '',
    proxy: cells[11] ?? null,
    connect: cells[12] ?? null,
    locality: cells[13] ?? null,
  };
}

function serviceOf(cells: ServiceCells): ServiceRow {
  return {
    kind: 'service',
    createIndex: cells[1],
    modifyIndex: cells[2],
    datacenter: cells[3],
    origin: cells[4],
    node: cells[5],
    id: cells[6],
    ...instanceOf(cells[7]),
    hlc: cells[8] ?? 0,
  };
}

function checkOf(cells: CheckCells): CheckRow {
  return {
    kind: 'check',
    createIndex: cells[1],
    modifyIndex: cells[2],
    datacenter: cells[3],
    origin: cells[4],
    node: cells[5],
    checkId: cells[6],
    name: cells[7],
    status: cells[8],
    output: cells[9] ?? '',
    serviceId: cells[10] ?? '',
    serviceName: cells[11] ?? '',
    serviceTags: cells[12] ?? [],
    type: cells[13] ?? '',
    interval: cells[14] ?? '',
    timeout: cells[15] ?? '',
    notes: cells[16] ?? '',
    exposedPort: cells[17] ?? 0,
    definition: cells[18] ?? null,
  };
}

function localServiceOf(cells: LocalServiceCells): LocalServiceRow {
  return {
    kind: 'local-service',
    createIndex: cells[1],
    modifyIndex: cells[2],
    id: cells[3],
    ...instanceOf(cells[4]),
    token: cells[5] ?? '',
    fromConfig: cells[6] ?? false,
  };
}

function localCheckOf(cells: LocalCheckCells): LocalCheckRow {
  return {
    kind: 'local-check',
    createIndex: cells[1],
    modifyIndex: cells[2],
    checkId: cells[3],
    name: cells[4],
    serviceId: cells[5],
    definition: definitionOf(cells[6]),
    interval: cells[7] ?? '',
    timeout: cells[8] ?? '',
    notes: cells[9] ?? '',
    token: cells[10] ?? '',
    fromConfig: cells[11] ?? false,
  };
}

function definitionOf(cells: DefinitionCells): CheckDefinition {
  return {
    type: cells[0],
    target: cells[1],
    intervalMs: cells[2] ?? 0,
    timeoutMs: cells[3] ?? 0,
    outputMaxSizeBytes: cells[4] ?? 4096,
    ttlMs: cells[5] ?? 0,
    method: cells[6] ?? '',
    header: cells[7] ?? null,
    body: cells[8] ?? '',
    disableRedirects: cells[9] ?? false,
    tlsServerName: cells[10] ?? '',
    tlsSkipVerify: cells[11] ?? false,
    useTls: cells[12] ?? false,
    args: cells[13] ?? [],
    shell: cells[14] ?? '',
    aliasNode: cells[15] ?? '',
    successBeforePassing: cells[16] ?? 0,
    failuresBeforeWarning: cells[17] ?? 0,
    failuresBeforeCritical: cells[18] ?? 0,
    deregisterCriticalServiceAfterMs: cells[19] ?? 0,
    runner: cells[20] ?? '',
  };
}

function kvOf(cells: KvCells): KvRow {
  return {
    kind: 'kv',
    createIndex: cells[1],
    modifyIndex: cells[2],
    key: cells[3],
    value: cells[4],
    flags: BigInt(cells[5] ?? 0),
    lockIndex: cells[6] ?? 0,
    session: cells[7] ?? '',
  };
}

function sessionOf(cells: SessionCells): SessionRow {
  return {
    kind: 'session',
    createIndex: cells[1],
    modifyIndex: cells[2],
    id: cells[3],
    name: cells[4],
    node: cells[5],
    lockDelayMs: cells[6],
    behavior: cells[7],
    ttl: cells[8],
    nodeChecks: cells[9],
    serviceChecks: cells[10],
    checks: cells[11] ?? [],
  };
}

function queryOf(cells: QueryCells): QueryRow {
  return {
    kind: 'query',
    createIndex: cells[1],
    modifyIndex: cells[2],
    id: cells[3],
    name: cells[4],
    session: cells[5],
    token: cells[6],
    service: cells[7],
    dnsTtl: cells[8],
    template: cells[9],
  };
}

function eventOf(cells: EventCells): EventRow {
  return {
    kind: 'event',
    createIndex: cells[1],
    modifyIndex: cells[2],
    id: cells[3],
    name: cells[4],
    payload: cells[5],
    nodeFilter: cells[6],
    serviceFilter: cells[7],
    tagFilter: cells[8],
    ltime: cells[9],
  };
}

function configOf(cells: ConfigCells): ConfigRow {
  return {
    kind: 'config',
    createIndex: cells[1],
    modifyIndex: cells[2],
    configKind: cells[3],
    name: cells[4],
    body: cells[5],
  };
}

function syncOf(cells: SyncCells): SyncDocument {
  return { kind: 'sync', createIndex: cells[1], modifyIndex: cells[2], id: cells[3], body: cells[4] };
}
