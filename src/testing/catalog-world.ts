import { Catalog, Head } from '../catalog/index.js';
import { put, remove } from '../model/index.js';
import type { Change, CheckRow, NodeRow, QueryRow, Row, ServiceRow, SessionRow } from '../model/index.js';

/** A catalog that commits at once: for tests of what is decided against it and of what is read from it. */
export class CatalogWorld {
  readonly catalog: Catalog;
  readonly head: Head;

  constructor(rows: readonly Row[] = [], datacenter = 'dc1') {
    this.catalog = new Catalog({ datacenter });
    this.head = new Head(this.catalog);
    this.catalog.apply({ type: 'snapshot', index: 10, rows: [] });
    if (rows.length > 0) this.commit(rows.map(put));
  }

  get index(): number {
    return this.catalog.index;
  }

  /** Returns the index; nothing to commit moves none. */
  commit(changes: readonly Change[]): number {
    if (changes.length > 0) this.catalog.apply({ type: 'changes', index: this.index + 1, changes });
    return this.index;
  }

  put(...rows: readonly Row[]): number {
    return this.commit(rows.map(put));
  }

  remove(...parameters: Parameters<typeof remove>): number {
    return this.commit([remove(...parameters)]);
  }
}

const NEW = { createIndex: 0, modifyIndex: 0 } as const;
const OWNED = { datacenter: 'dc1', origin: 'origin-1' } as const;

export function nodeRow(node: string, fields: Partial<NodeRow> = {}): NodeRow {
  return {
    kind: 'node',
    node,
    id: '',
    address: '10.0.0.1',
    taggedAddresses: null,
    meta: null,
    hlc: 0,
    ...OWNED,
    ...NEW,
    ...fields,
  };
}

export function serviceRow(node: string, id: string, fields: Partial<ServiceRow> = {}): ServiceRow {
  return {
    kind: 'service',
    node,
    id,
    service: id,
    tags: [],
    address: '',
    taggedAddresses: null,
    meta: null,
    port: 0,
    socketPath: '',
    weights: { Passing: 1, Warning: 1 },
    enableTagOverride: false,
    serviceKind: '',
    proxy: null,
    connect: null,
    locality: null,
    hlc: 0,
    ...OWNED,
    ...NEW,
    ...fields,
  };
}

export function checkRow(node: string, checkId: string, fields: Partial<CheckRow> = {}): CheckRow {
  return {
    kind: 'check',
    node,
    checkId,
    name: checkId,
    status: 'passing',
    notes: '',
    output: '',
    serviceId: '',
    serviceName: '',
    serviceTags: [],
    type: '',
    interval: '',
    timeout: '',
    exposedPort: 0,
    definition: null,
    ...OWNED,
    ...NEW,
    ...fields,
  };
}

export function sessionRow(id: string, fields: Partial<SessionRow> = {}): SessionRow {
  return {
    kind: 'session',
    id,
    name: '',
    node: 'n1',
    lockDelayMs: 0,
    behavior: 'release',
    ttl: '',
    nodeChecks: [],
    serviceChecks: null,
    checks: [],
    ...NEW,
    ...fields,
  };
}

export function queryRow(id: string, fields: Partial<QueryRow> = {}): QueryRow {
  return {
    kind: 'query',
    id,
    name: '',
    session: '',
    token: '',
    service: {
      service: 'web',
      failover: { nearestN: 0, datacenters: null },
      onlyPassing: false,
      ignoreCheckIds: null,
      near: '',
      tags: null,
      nodeMeta: null,
      serviceMeta: null,
      connect: false,
    },
    dnsTtl: '',
    template: null,
    ...NEW,
    ...fields,
  };
}
