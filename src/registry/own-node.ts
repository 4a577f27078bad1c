import { isIP } from 'node:net';
import type { CatalogRow, CheckRow, Indexed, NodeRow, Owned, ServiceRow, StringMap } from '../model/index.js';
import { defaults } from '../model/index.js';

/** The node this registry speaks for: the one whose services and checks it defines. */
export interface OwnNode {
  readonly name: string;
  /** UUID; also the origin of every row written here. */
  readonly id: string;
  readonly datacenter: string;
  readonly address: string;
  /** Beside what every agent's node carries. */
  readonly meta: StringMap;
  /** Whose facts are written here. */
  readonly owner: Owned;
}

/** The service every server shows, and the check that says the node is reachable: ours alone, no definition explains them. */
export const CONSUL_SERVICE = 'consul';
export const SERF_HEALTH = 'serfHealth';

/** What stands in the catalog for the agent itself. */
export function ownRows(self: OwnNode): readonly CatalogRow[] {
  return [ownNodeRow(self), consulServiceRow(self), serfHealthRow(self)];
}

function ownNodeRow(self: OwnNode): NodeRow {
  return {
    kind: 'node',
    node: self.name,
    id: self.id,
    address: self.address,
    taggedAddresses: nodeAddresses(self.address),
    meta: { 'consul-network-segment': '', 'consul-version': defaults.consulVersion, ...self.meta },
    ...ownedBy(self),
  };
}

function nodeAddresses(address: string): StringMap {
  const family = isIP(address);
  if (family === 0) return { lan: address, wan: address };
  return { lan: address, [`lan_ipv${family}`]: address, wan: address, [`wan_ipv${family}`]: address };
}

function consulServiceRow(self: OwnNode): ServiceRow {
  return {
    kind: 'service',
    node: self.name,
    id: CONSUL_SERVICE,
    service: CONSUL_SERVICE,
    tags: [],
    address: '',
    taggedAddresses: null,
    meta: null,
    port: defaults.serverPort,
    socketPath: '',
    weights: { Passing: 1, Warning: 1 },
    enableTagOverride: false,
    serviceKind: '',
    proxy: null,
    connect: null,
    locality: null,
    ...ownedBy(self),
  };
}

function serfHealthRow(self: OwnNode): CheckRow {
  return {
    kind: 'check',
    node: self.name,
    checkId: SERF_HEALTH,
    name: 'Serf Health Status',
    status: 'passing',
    notes: '',
    output: defaults.serfHealthOutput,
    serviceId: '',
    serviceName: '',
    serviceTags: [],
    type: '',
    interval: '',
    timeout: '',
    exposedPort: 0,
    definition: null,
    ...ownedBy(self),
  };
}

/** Ownership, and the indexes of a row that is not committed yet. */
function ownedBy(self: OwnNode): Owned & Indexed {
  return { ...self.owner, createIndex: 0, modifyIndex: 0 };
}
