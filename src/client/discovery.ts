import type { Outcome, Pick, PickHint, EndpointExplanation } from '../balancer/index.js';
import type { CallOptions, EndpointSet, ServiceEndpoint } from '../model/index.js';
import type { Registration, RegistrationRequest } from './registration/registration.js';

/**
 * What the adapters (fetch, gRPC, http, fastify, Express) need of the client library. `ServiceDiscoveryManager` is the
 * one implementation; take this type where a test wants to hand in its own.
 */
export interface Discovery {
  registerService(name: string, request: RegistrationRequest, options?: CallOptions): Promise<Registration>;
  discoverService(name: string, options?: DiscoverOptions): Promise<readonly ServiceEndpoint[]>;
  watchService(name: string, options?: WatchServiceOptions): AsyncIterable<EndpointSet>;
  /** One endpoint for one request. Rejects with NO_ENDPOINTS when none may be used, UNAVAILABLE when nobody can be asked. */
  pick(name: string, options?: PickOptions): Promise<PickedEndpoint>;
  /**
   * The standing choice for one service: watched from the first call on, shared by equal calls, let go when unused for a
   * while. Hot paths hold on to it and pick without a promise.
   */
  resolution(name: string, options?: ResolutionOptions): ServiceResolution;
}

/** Which instances of a service. */
export interface QueryOptions {
  /** All of them, any case. */
  readonly tags?: readonly string[];
  /** Filter expression: `Service.Meta.version == "1.0.0"`. */
  readonly filter?: string;
  readonly datacenter?: string;
  /** Sort by distance from this node; `_agent`: from the agent asked. */
  readonly near?: string;
  /** Default true: only instances whose checks all pass. */
  readonly onlyPassing?: boolean;
  readonly consistency?: 'default' | 'stale' | 'consistent';
}

export interface DiscoverOptions extends QueryOptions, CallOptions {
  /** Default true. False asks the backend, and still falls back to the last known set when it cannot be asked. */
  readonly useCache?: boolean;
}

export interface WatchServiceOptions extends QueryOptions {
  /**
   * Longest wait of one standing request to Consul or an agent: seconds, or a duration such as `5m`. Default 60 s. A
   * shorter one costs more requests and finds nothing out sooner.
   */
  readonly wait?: number | string;
  /** Between two looks where changes cannot be waited for (DNS): seconds, or a duration. Default 30 s. */
  readonly interval?: number | string;
  readonly signal?: AbortSignal;
}

/** Told of all endpoints; `set` says how old they are, and whether somebody confirms them. */
export type WatchCallback = (endpoints: readonly ServiceEndpoint[], set: EndpointSet) => unknown;

export interface ResolutionOptions extends Omit<QueryOptions, 'near'> {
  /** Name of a policy (docs/balancing.md). Default: the manager's. */
  readonly policy?: string;
}

export interface PickOptions extends ResolutionOptions, CallOptions, PickHint {}

export interface PickedEndpoint {
  readonly endpoint: ServiceEndpoint;
  /**
   * To be called once the request ended; omitted outcome: it went well, with the time since the pick as its latency. Later
   * calls do nothing. May be taken out of the pick: `const { endpoint, done } = await discovery.pick('api')`.
   */
  readonly done: (outcome?: Outcome) => void;
}

export interface ServiceResolution extends AsyncDisposable {
  readonly service: string;
  /**
   * The last set known, with its present age; undefined before the first, and when nobody has confirmed it for longer than
   * the stale budget.
   */
  readonly current: EndpointSet | undefined;
  /** Resolves when a set is known, even an empty one. Default `timeoutMs`: the manager's. */
  ready(options?: CallOptions): Promise<EndpointSet>;
  /**
   * Chooses now; `none` with NOT_READY before the first set, NO_ENDPOINTS when none may be used, UNAVAILABLE when nobody can
   * be asked and there was none when last asked, or it is longer ago than the stale budget; CLOSED afterwards.
   */
  pick(hint?: PickHint): Pick;
  explain(): readonly EndpointExplanation[];
  /** Called with every set, the present one first. Returns the unsubscribe, harmless twice. */
  onChange(listener: (set: EndpointSet) => void): () => void;
  /** Asks for permission to try elsewhere; false when the budget is spent (20 % of requests and 10 a second). */
  mayRetry(): boolean;
  /**
   * After how many ms a second copy of an idempotent request is worth sending; undefined while it is not: too few
   * samples, the budget of 5 % spent, or over 80 % busy.
   */
  hedgeAfterMs(): number | undefined;
  /** Takes one hedge out of the budget; false when it is spent. */
  mayHedge(): boolean;
  /** Lets go of this handle; the watch behind it ends when nobody holds one. */
  close(): Promise<void>;
}
