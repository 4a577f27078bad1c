import type { CheckRunner, Policy, RegistrationPolicyConfig, Store, StringMap } from '../model/index.js';
import type { Clock, Logger, Random } from '../runtime/index.js';

export interface RegistryOptions {
  /** Where changes become durable. Default: `dataDir`, else memory. The registry closes it. */
  readonly store?: Store;
  /** Opens the embedded store in this directory, which is created when absent. */
  readonly dataDir?: string;
  /** Where copies of other agents' facts are kept. Default: `copies` in `dataDir`, else memory. */
  readonly copiesDir?: string;
  readonly node?: NodeOptions;
  /** Default `dc1`. */
  readonly datacenter?: string;
  readonly checks?: CheckOptions;
  /** Shortest TTL a session may ask for, in milliseconds. Default 10 s. */
  readonly sessionTtlMinMs?: number;
  /** Who may do what. Default: everybody everything. */
  readonly policy?: Policy;
  /** What registrations must be beyond Consul's contract. Default: nothing more. */
  readonly registrationPolicy?: RegistrationPolicyConfig;
  readonly clock?: Clock;
  readonly random?: Random;
  /** Fresh UUIDs. Default: from the system's source of randomness. */
  readonly newId?: () => string;
  /** Default: silent. */
  readonly logger?: Logger;
}

export interface NodeOptions {
  /** Default: the host name. */
  readonly name?: string;
  /** UUID; also the origin of what is written here. Default: the one this store has known the node by, else a new one. */
  readonly id?: string;
  /** Where others reach the node. Default 127.0.0.1. */
  readonly address?: string;
  readonly meta?: StringMap;
}

export interface CheckOptions {
  /** Take script checks from registrations. Default false. */
  readonly enableScriptChecks?: boolean;
  /** Take script checks from config definitions. Default false. */
  readonly enableLocalScriptChecks?: boolean;
  /** How long, about, a changed output waits before the catalog shows it. Default 5 minutes. */
  readonly updateIntervalMs?: number;
  /** Smallest DeregisterCriticalServiceAfter, in milliseconds. Default 1 minute. */
  readonly minDeregisterAfterMs?: number;
  /** Largest output kept, in bytes. Default 4096. */
  readonly outputMaxBytes?: number;
  /** Keep no outputs. Default false. */
  readonly discardOutput?: boolean;
  /** Hold checks critical that change too often. Default false. */
  readonly damping?: boolean;
  /** Networks (CIDR) that checks may connect to. Default: all. */
  readonly allowedNetworks?: readonly string[];
  /** Runners of your own, by the name a check gives as `Runner`. */
  readonly runners?: ReadonlyMap<string, CheckRunner> | Readonly<Record<string, CheckRunner>>;
}
