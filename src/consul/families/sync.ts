import type { NodeOwners, ServiceExplanation, SyncReport } from '../../model/index.js';
import type { ConsulAnswer } from '../answer.js';
import { path } from '../transport/path.js';
import type { Calls } from './calls.js';
import type { ConsulCallOptions } from './options.js';

export type {
  ClusterMember,
  ConflictReport,
  Contact,
  InstanceExplanation,
  MemberState,
  NodeOwners,
  Owner,
  PeerReport,
  RowOwner,
  ServiceExplanation,
  StreamReport,
  SyncReport,
} from '../../model/index.js';

/** sync/…, of our agents alone: the other agents, how far each is known, and whose fact is whose. */
export class SyncCalls {
  constructor(private readonly calls: Calls) {}

  /** Members, connections, streams, conflicts, protected mode and counters. NOT_FOUND from a Consul. */
  report(options: ConsulCallOptions = {}): Promise<ConsulAnswer<SyncReport>> {
    return this.calls.object('/v1/sync', options);
  }

  /** The agents that own a node, its services and checks. NOT_FOUND when there is no such node. */
  owner(node: string, options: ConsulCallOptions = {}): Promise<ConsulAnswer<NodeOwners>> {
    return this.calls.object(path`/v1/sync/owner/${{ node }}`, options);
  }

  /** The owner of each instance, and why it is served or not. NOT_FOUND when there is none. */
  explain(service: string, options: ConsulCallOptions = {}): Promise<ConsulAnswer<ServiceExplanation>> {
    return this.calls.object(path`/v1/sync/explain/${{ service }}`, options);
  }
}
