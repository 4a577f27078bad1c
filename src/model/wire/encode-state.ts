import type { ConfigRow, EventRow, KvRow, PreparedService, QueryRow, SessionRow } from '../rows.js';
import type { QueryExecution, TxnResult } from '../commands.js';
import { checkToWire, instanceToWire, nodeServiceToWire, nodeToWire } from './encode.js';
import type { Wire } from './encode.js';
import { jsonObject } from './json.js';

/**
 * Key-values, sessions, events, queries and transactions as Consul's clients read them (docs/contract.md section 2,
 * 3.5–3.10).
 */

/** Flags are uint64: a bigint once they pass what a number holds. An empty value reads as null. */
export function kvToWire(row: KvRow, withValue = true): Wire {
  return {
    LockIndex: row.lockIndex,
    Key: keyText(row.key),
    Flags: row.flags <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(row.flags) : row.flags,
    Value: withValue && row.value !== '' ? row.value : null,
    ...(row.session !== '' && { Session: row.session }),
    CreateIndex: row.createIndex,
    ModifyIndex: row.modifyIndex,
  };
}

/** A key's bytes as text. */
export function keyText(key: string): string {
  return Buffer.from(key, 'latin1').toString('utf8');
}

/** Text as a key's bytes. */
export function keyFromText(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

export function sessionToWire(row: SessionRow): Wire {
  return {
    ID: row.id,
    Name: row.name,
    Node: row.node,
    LockDelay: row.lockDelayMs * 1e6,
    Behavior: row.behavior,
    TTL: row.ttl,
    NodeChecks: row.nodeChecks,
    ...(row.checks.length > 0 && { Checks: row.checks }),
    ServiceChecks: row.serviceChecks,
    ...(row.checks.length > 0 && { Checks: row.checks }),
    CreateIndex: row.createIndex,
    ModifyIndex: row.modifyIndex,
  };
}

export function eventToWire(row: EventRow): Wire {
  return {
    ID: row.id,
    Name: row.name,
    Payload: row.payload === '' ? null : row.payload,
    NodeFilter: row.nodeFilter,
    ServiceFilter: row.serviceFilter,
    TagFilter: row.tagFilter,
    Version: 1,
    LTime: row.ltime,
  };
}

export function queryToWire(row: QueryRow): Wire {
  return {
    ID: row.id,
    Name: row.name,
    Session: row.session,
    Token: row.token,
    Template: row.template ?? { Type: '', Regexp: '', RemoveEmptyTags: false },
    Service: preparedServiceToWire(row.service),
    DNS: { TTL: row.dnsTtl },
    CreateIndex: row.createIndex,
    ModifyIndex: row.modifyIndex,
  };
}

function preparedServiceToWire(service: PreparedService): Wire {
  return {
    Service: service.service,
    Failover: {
      NearestN: service.failover.nearestN,
      Datacenters: service.failover.datacenters,
      Targets: null,
    },
    OnlyPassing: service.onlyPassing,
    IgnoreCheckIDs: service.ignoreCheckIds,
    Near: service.near,
    Tags: service.tags,
    NodeMeta: service.nodeMeta,
    ServiceMeta: service.serviceMeta,
    Connect: service.connect,
  };
}

export function executionToWire(result: QueryExecution): Wire {
  return {
    Service: result.service.service,
    Nodes: result.nodes.map(instanceToWire),
    DNS: { TTL: result.query.dnsTtl },
    Datacenter: result.datacenter,
    Failovers: result.failovers,
  };
}

/** One result of a transaction: lists that were not given are null here, unlike everywhere else. */
export function txnResultToWire(result: TxnResult): Wire {
  if (result.type === 'kv') return { KV: kvToWire(result.row, result.withValue) };
  const { row } = result;
  switch (row.kind) {
    case 'node':
      return { Node: nodeToWire(row) };
    case 'service':
      return { Service: { ...nodeServiceToWire(row), Tags: nullIfEmpty(row.tags) } };
    case 'check':
      return { Check: { ...checkToWire(row), ServiceTags: nullIfEmpty(row.serviceTags) } };
    default:
      return {};
  }
}

export function configToWire(row: ConfigRow): Wire {
  return { ...jsonObject(row.body), CreateIndex: row.createIndex, ModifyIndex: row.modifyIndex };
}

function nullIfEmpty<T>(items: readonly T[]): readonly T[] | null {
  return items.length === 0 ? null : items;
}
