import type { ConflictReport, Contact, MemberState } from './cluster.js';
import type { InstanceView } from './view.js';

/** The agent that said something; node '' and 'unknown' of one that is forgotten. */
export interface Owner {
  readonly origin: string;
  readonly node: string;
  readonly state: MemberState | 'unknown';
}

export interface RowOwner {
  readonly kind: 'node' | 'service' | 'check';
  readonly id: string;
  /** Name of the service the row is about; '' for the node's own. */
  readonly service: string;
  readonly owner: Owner;
}

/** GET /v1/sync/owner/NODE: the rows of an external registrar may be of several agents. */
export interface NodeOwners {
  readonly node: string;
  readonly datacenter: string;
  readonly rows: readonly RowOwner[];
}

export interface InstanceExplanation {
  readonly node: string;
  readonly id: string;
  readonly address: string;
  readonly port: number;
  readonly owner: Owner;
  readonly status: InstanceView['status'];
  /** `dns`: by DNS and by health reads without `?passing`, not with it. */
  readonly served: 'everywhere' | 'dns' | 'nowhere';
  /** For people. */
  readonly why: readonly string[];
}

/** GET /v1/sync/explain/SERVICE. */
export interface ServiceExplanation {
  readonly service: string;
  readonly datacenter: string;
  readonly contact: Contact;
  readonly instances: readonly InstanceExplanation[];
  /** Rows of other agents that lost against those of one of the instances. */
  readonly shadowed: readonly ConflictReport[];
}
