import type { CallOptions, CheckStatus, ServiceRegistration } from '../../model/index.js';

/**
 * Where instances get registered: an agent over HTTP, or a registry in this process. One exam for all:
 * `registrationTargetSuite` in `./testing`.
 *
 * Every call ends within its `timeoutMs` (default 10 s) and rejects with a ServiceDiscoveryError. One that rejects with
 * UNAVAILABLE, TIMEOUT or ABORTED may have taken effect all the same; with any other code it has not.
 */
export interface RegistrationTarget {
  describe(options?: CallOptions): Promise<TargetDescription>;
  /**
   * Puts the definition in the place of what was registered under its id; checks it does not name go. Equal ones change
   * nothing, and a check that stays keeps its status.
   */
  register(body: ServiceRegistration, options?: CallOptions): Promise<void>;
  /** Succeeds when there is none of that id. */
  deregister(id: string, options?: CallOptions): Promise<void>;
  /** What is registered under the id at this moment. */
  read(id: string, options?: CallOptions): Promise<RegisteredInstance | undefined>;
  /** Everything registered with it, by id. */
  list(options?: CallOptions): Promise<ReadonlyMap<string, RegisteredInstance>>;
  /**
   * Like `read`, but answers only once it is not `known` any more, or after a while. Rejects with the signal's reason
   * when that fires.
   */
  readChanged(known: RegisteredInstance, signal: AbortSignal): Promise<RegisteredInstance | undefined>;
  /** NOT_FOUND when there is no such check, or it takes no reports. */
  reportTtl(checkId: string, status: CheckStatus, output: string, options?: CallOptions): Promise<void>;
  /** NOT_FOUND when there is no such instance. Turning on what is on keeps the first reason. */
  setMaintenance(id: string, enable: boolean, reason: string, options?: CallOptions): Promise<void>;
  /** Why the instance is in maintenance; undefined when it is not, or there is no such instance. */
  maintenanceReason(id: string, options?: CallOptions): Promise<string | undefined>;
  /** Whether those who ask for healthy instances of the service are given this one. */
  isServing(service: string, id: string, options?: CallOptions): Promise<boolean>;
}

export interface TargetDescription {
  /** Address of its node: what an instance without one is found at. */
  readonly nodeAddress: string;
  readonly nodeName: string;
  /** Whether a registration may have a Locality: Consul before 1.17 refuses the field. */
  readonly locality: boolean;
}

/** An instance as its registry holds it. */
export interface RegisteredInstance {
  readonly id: string;
  readonly service: string;
  /** '' when it is the node's. */
  readonly address: string;
  readonly port: number;
  readonly tags: readonly string[];
  /** Equal for equal definitions; for `readChanged`. */
  readonly version: string;
}
