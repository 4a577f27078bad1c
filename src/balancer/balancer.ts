import type { EndpointSet, ServiceDiscoveryError, ServiceEndpoint } from '../model/index.js';

/** What became of a request, told to the pick that chose its endpoint. */
export interface Outcome {
  /** Without meaning when `cancelled`. */
  readonly ok: boolean;
  /** Default: measured from the pick. */
  readonly latencyMs?: number;
  readonly error?: unknown;
  /**
   * `connect`: nobody answered there, which counts against the endpoint at once. `cancelled`: the caller took the request
   * back, or did not need this copy of it any more, which is neither good nor bad: the endpoint is free again, and nothing
   * is learnt about it. Default `response`.
   */
  readonly kind?: 'connect' | 'timeout' | 'response' | 'cancelled';
}

/** What a caller can say about the request it picks for. */
export interface PickHint {
  /** Requests of equal keys go to the same endpoint as long as they can (consistent hashing). */
  readonly key?: string;
  /** Endpoints tried already, by `endpointKey`; left out while any other may be used. */
  readonly exclude?: ReadonlySet<string>;
}

/**
 * A choice. `done` is to be called once the request ended, by itself or on the pick; later calls do nothing. Omitted
 * outcome: it went well.
 */
export type Pick =
  | { readonly type: 'endpoint'; readonly endpoint: ServiceEndpoint; readonly done: (outcome?: Outcome) => void }
  | { readonly type: 'none'; readonly error: ServiceDiscoveryError };

/** Chooses among the endpoints of the moment; never waits. */
export interface Picker {
  pick(hint?: PickHint): Pick;
}

/** Keeps what is learnt about the endpoints of one service from set to set, and makes the choices. */
export interface Balancer extends Picker {
  /** Name of its policy. */
  readonly policy: string;
  /** The endpoints from now on. What was learnt about those that stay is kept. */
  update(set: Shape<EndpointSet, 'endpoints'>): void;
  /** For each endpoint whether it may be chosen, why not, and what the policy thinks of it. */
  explain(): readonly EndpointExplanation[];
  close(): void;
}

type Shape<T, K extends keyof T> = { readonly [P in K]: T[P] };

export interface EndpointExplanation {
  readonly endpoint: ServiceEndpoint;
  readonly eligible: boolean;
  /** In words for people: `ejected for 27 s: 5 failures in a row`, `other zone`, `outside the subset`. */
  readonly reason: string;
  /** The policy's own measure, lower is better; undefined for policies without one. */
  readonly score?: number;
  readonly inflight: number;
  readonly latencyMs?: number;
}

/** An endpoint's identity from set to set: two instances may share an id on different nodes, or an address. */
export function endpointKey(endpoint: Shape<ServiceEndpoint, 'node' | 'id' | 'address' | 'port'>): string {
  return `${endpoint.node}/${endpoint.id}/${endpoint.address}:${endpoint.port}`;
}
