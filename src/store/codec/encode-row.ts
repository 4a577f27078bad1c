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

/** The row as text, with these indexes instead of its own. */
export function encodeRow(row: Row, indexes: Indexed = row): string {
  return JSON.stringify(cellsOf(row, indexes));
}

function cellsOf(row: Row, indexes: Indexed): Cells {
  switch (row.kind) {
    case 'node':
      return nodeCells(row, indexes);
    case 'service':
      return serviceCells(row, indexes);
    case 'check':
      return checkCells(row, indexes);
    case 'local-service':
      return localServiceCells(row, indexes);
    case 'local-check':
      return localCheckCells(row, indexes);
    case 'kv':
      return kvCells(row, indexes);
    case 'session':
      return sessionCells(row, indexes);
    case 'query':
      return queryCells(row, indexes);
    case 'event':
      return eventCells(row, indexes);
    case 'sync':
      return syncCells(row, indexes);
    default:
      return configCells(row, indexes);
  }
}

function nodeCells(row: NodeRow, { createIndex, modifyIndex }: Indexed): NodeCells {
  return trimmed<NodeCells>(
    [
      row.kind,
      createIndex,
      modifyIndex,
      row.datacenter,
      row.origin,
      row.node,
      row.id,
      row.address,
      row.taggedAddresses,
      row.meta,
      row.hlc ?? 0,
    ],
    [null, null, 0],
  );
}

function serviceCells(row: ServiceRow, { createIndex, modifyIndex }: Indexed): ServiceCells {
  const instance = instanceCells(row);
  return trimmed<ServiceCells>(
    [row.kind, createIndex, modifyIndex, row.datacenter, row.origin, row.node, row.id, instance, row.hlc ?? 0],
    [0],
  );
}

function localServiceCells(row: LocalServiceRow, { createIndex, modifyIndex }: Indexed): LocalServiceCells {
  return trimmed<LocalServiceCells>(
    [row.kind, createIndex, modifyIndex, row.id, instanceCells(row), row.token, row.fromConfig],
    ['', false],
  );
}

function localCheckCells(row: LocalCheckRow, { createIndex, modifyIndex }: Indexed): LocalCheckCells {
  return trimmed<LocalCheckCells>(
    [
      row.kind,
      createIndex,
      modifyIndex,
      row.checkId,
      row.name,
      row.serviceId,
      definitionCells(row.definition),
      row.interval,
      row.timeout,
      row.notes,
      row.token,
      row.fromConfig,
    ],
    ['', '', '', '', false],
  );
}

function kvCells(row: KvRow, { createIndex, modifyIndex }: Indexed): KvCells {
  return trimmed<KvCells>(
    [row.kind, createIndex, modifyIndex, row.key, row.value, flagsCell(row.flags), row.lockIndex, row.session],
    [0, 0, ''],
  );
}

function sessionCells(row: SessionRow, { createIndex, modifyIndex }: Indexed): SessionCells {
  return [
    row.kind,
    createIndex,
    modifyIndex,
    row.id,
    row.name,
    row.node,
    row.lockDelayMs,
    row.behavior,
    row.ttl,
    row.nodeChecks,
    row.serviceChecks,
    row.checks,
  ];
}

function queryCells(row: QueryRow, { createIndex, modifyIndex }: Indexed): QueryCells {
  return [
    row.kind,
    createIndex,
    modifyIndex,
    row.id,
    row.name,
    row.session,
    row.token,
    row.service,
    row.dnsTtl,
    row.template,
  ];
}

function eventCells(row: EventRow, { createIndex, modifyIndex }: Indexed): EventCells {
  return [
    row.kind,
    createIndex,
    modifyIndex,
    row.id,
    row.name,
    row.payload,
    row.nodeFilter,
    row.serviceFilter,
    row.tagFilter,
    row.ltime,
  ];
}

function configCells(row: ConfigRow, { createIndex, modifyIndex }: Indexed): ConfigCells {
  return [row.kind, createIndex, modifyIndex, row.configKind, row.name, row.body];
}

function syncCells(row: SyncDocument, { createIndex, modifyIndex }: Indexed): SyncCells {
  return [row.kind, createIndex, modifyIndex, row.id, row.body];
}

function checkCells(row: CheckRow, { createIndex, modifyIndex }: Indexed): CheckCells {
  return trimmed<CheckCells>(
    [
      row.kind,
      createIndex,
      modifyIndex,
      row.datacenter,
      row.origin,
      row.node,
      row.checkId,
      row.name,
      row.status,
      row.output,
      row.serviceId,
      row.serviceName,
      emptyAsNull(row.serviceTags),
      row.type,
      row.interval,
      row.timeout,
      row.notes,
      row.exposedPort,
      row.definition,
    ],
    CHECK_DEFAULTS,
  );
}
const CHECK_DEFAULTS = ['', '', '', null, '', '', '', '', 0, null] as const;

function instanceCells(row: InstanceFields): InstanceCells {
  return trimmed<InstanceCells>(
    [
      row.service,
      row.port,
      row.tags,
      row.address,
      row.meta,
      row.taggedAddresses,
      row.weights.Passing,
      row.weights.Warning,
      row.enableTagOverride,
      row.socketPath,
      row.serviceKind,
      row.proxy,
      row.connect,
      row.locality,
    ],
    INSTANCE_DEFAULTS,
  );
}
const INSTANCE_DEFAULTS = ['', null, null, 1, 1, false, '', '', null, null, null] as const;

function definitionCells(of: CheckDefinition): DefinitionCells {
  return trimmed<DefinitionCells>(
    [
      of.type,
      of.target,
      of.intervalMs,
      of.timeoutMs,
      of.outputMaxSizeBytes,
      of.ttlMs,
      of.method,
      of.header,
      of.body,
      of.disableRedirects,
      of.tlsServerName,
      of.tlsSkipVerify,
      of.useTls,
      emptyAsNull(of.args),
      of.shell,
      of.aliasNode,
      of.successBeforePassing,
      of.failuresBeforeWarning,
      of.failuresBeforeCritical,
      of.deregisterCriticalServiceAfterMs,
      of.runner,
    ],
    DEFINITION_DEFAULTS,
  );
}
const DEFINITION_DEFAULTS = [
  0,
  0,
  4096,
  0,
  '',
  null,
  '',
  false,
  '',
  false,
  false,
  null,
  '',
  '',
  0,
  0,
  0,
  0,
  '',
] as const;

/** Drops cells from the end while they equal `defaults`, which line up with the end. */
function trimmed<T extends Cells | InstanceCells | DefinitionCells>(cells: T, defaults: readonly unknown[]): T {
  const first = cells.length - defaults.length;
  let length = cells.length;
  while (length > first && cells[length - 1] === defaults[length - 1 - first]) length--;
  cells.length = length;
  return cells;
}

/** So that an empty list can be a default that `===` finds. */
function emptyAsNull(list: readonly string[]): readonly string[] | null {
  return list.length === 0 ? null : list;
}

function flagsCell(flags: bigint): number | string {
  return flags <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(flags) : flags.toString();
}
