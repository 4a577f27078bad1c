import type { ServiceDiscoveryError } from './errors.js';
import type { StringMap } from './rows.js';

/** Where an instance or a client runs. '' where it is not known. */
export interface Locality {
  readonly region: string;
  readonly zone: string;
}

/** The worst word of an instance's checks and its node's; passing when there are none. */
export type EndpointStatus = 'passing' | 'warning' | 'critical' | 'maintenance';

/** What a client may dial: one instance of a service, as far as whoever was asked tells of it. Immutable. */
export interface ServiceEndpoint {
  /** Instance id, unique on its node. */
  readonly id: string;
  readonly service: string;
  /** IP address or host name, never empty. */
  readonly address: string;
  /** 0 when the instance gave none. */
  readonly port: number;
  /** Whether `status` is passing. */
  readonly healthy: boolean;
  readonly status: EndpointStatus;
  /**
   * When its health was last looked at, where the backend tells: the registry in this process and DNS health tracking
   * do; Consul's HTTP API does not, so it is undefined there, with our agent too. Never invented.
   */
  readonly lastCheck?: Date;
  readonly tags: readonly string[];
  readonly metadata: StringMap;
  /** '' where the backend does not tell (DNS). */
  readonly node: string;
  readonly datacenter: string;
  readonly locality: Locality;
  /** Relative share of requests, >= 0; 1 where none was given. */
  readonly weight: number;
}

/** All endpoints of a query at one moment. Immutable, shared by all readers. */
export interface EndpointSet {
  readonly endpoints: readonly ServiceEndpoint[];
  /** Order of answers within `indexSpace`; 0 where the backend has none. */
  readonly index: number;
  /** In which indexes may be compared (docs/client.md): an agent's, a datacenter's, a resolver's own. */
  readonly indexSpace: string;
  /** Milliseconds since the backend last confirmed it, when the set was handed out. */
  readonly ageMs: number;
  /** Nobody confirms it at the moment: it is the last one known, and may be out of date. */
  readonly stale: boolean;
  /** Why it is stale. */
  readonly error?: ServiceDiscoveryError;
}
