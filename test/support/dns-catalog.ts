/** Catalogs for DNS tests and benches, written in a few words. */
import { Catalog } from '../../src/catalog/index.js';
import { ServiceDiscoveryError } from '../../src/model/index.js';
import * as plain from '../../src/testing/catalog-world.js';
import type { CheckRow, NodeRow, QueryExecution, Row, ServiceRow } from '../../src/model/index.js';

const origin = '00000000-0000-0000-0000-000000000001';
const owned = { datacenter: 'dc1', origin, createIndex: 1, modifyIndex: 1 } as const;

export function nodeRow(node: string, address: string, more: Partial<NodeRow> = {}): NodeRow {
  return plain.nodeRow(node, { address, ...owned, ...more });
}

export function serviceRow(node: string, id: string, more: Partial<ServiceRow> = {}): ServiceRow {
  return plain.serviceRow(node, id, { port: 80, ...owned, ...more });
}

/** `serviceId` '' makes it a check of the node. */
export function checkRow(node: string, serviceId: string, status: string, checkId = `check:${serviceId}`): CheckRow {
  return plain.checkRow(node, checkId, { status, serviceId, ...owned });
}

export function catalogOf(rows: readonly Row[], datacenter = 'dc1'): Catalog {
  const catalog = new Catalog({ datacenter });
  catalog.apply({ type: 'snapshot', index: 1, rows });
  return catalog;
}

/** One service of `count` instances, each on a node of its own, as most benches and limits need it. */
export function fleetRows(service: string, count: number, network = '10.9'): Row[] {
  return Array.from({ length: count }, (_, i): Row[] => {
    const node = `${service}-n${i + 1}`;
    const address = `${network}.${(i + 1) >> 8}.${(i + 1) & 255}`;
    return [nodeRow(node, address), serviceRow(node, `${service}-${i + 1}`, { service, port: 9001 + i })];
  }).flat();
}

/** Prepared queries by name, each over the healthy instances of a service. */
export function queriesOver(
  catalog: Catalog,
  queries: Readonly<Record<string, { readonly service: string; readonly ttl?: string }>>,
): { executeQuery(name: string): QueryExecution } {
  const byName = new Map(Object.entries(queries));
  return {
    executeQuery(name) {
      const found = byName.get(name);
      if (!found) throw new ServiceDiscoveryError('NOT_FOUND', 'Query not found');
      const service = {
        service: found.service,
        failover: { nearestN: 0, datacenters: [] },
        onlyPassing: false,
        ignoreCheckIds: [],
        near: '',
        tags: [],
        nodeMeta: {},
        serviceMeta: {},
        connect: false,
      };
      const { instances } = catalog.serviceView(found.service);
      return {
        query: {
          kind: 'query',
          id: '1',
          name,
          session: '',
          token: '',
          service,
          dnsTtl: found.ttl ?? '',
          template: null,
          createIndex: 1,
          modifyIndex: 1,
        },
        service,
        name,
        nodes: instances.filter((one) => one.status === 'passing' || one.status === 'warning'),
        datacenter: 'dc1',
        failovers: 0,
      };
    },
  };
}
