import type {
  CallOptions,
  CheckRegistration,
  EndpointStatus,
  HealthCheckDefinition,
  ServiceDiscoveryError,
} from '../../model/index.js';

/** What `registerService` takes beside the name. */
export interface RegistrationRequest {
  /**
   * Default: `name-<uuid>`, new for every call. Give one that outlives restarts and registering again is idempotent.
   */
  readonly id?: string;
  /** Default: the manager's `address`, else the agent's node address. */
  readonly address?: string;
  readonly port: number;
  readonly tags?: readonly string[];
  readonly metadata?: Readonly<Record<string, string>>;
  /** The registration standard's fields; they travel as metadata, which wins when it names the same key. */
  readonly version?: string;
  readonly type?: string;
  readonly environment?: string;
  readonly region?: string;
  readonly zone?: string;
  readonly deploymentId?: string;
  readonly capabilities?: readonly string[];
  /** No check means no check, unless the manager has a `defaultCheck`. `null`: none, whatever the manager has. */
  readonly check?: CheckRequest | HealthCheckDefinition | null;
  readonly checks?: readonly (CheckRequest | HealthCheckDefinition)[];
  readonly weights?: { readonly passing: number; readonly warning?: number };
  readonly enableTagOverride?: boolean;
  /**
   * When another endpoint (another address or port) holds the id. Default 'take-over': the newer one wins, the other is
   * told (`conflict`), as a restart on a new port needs it. 'refuse': CONFLICT while the other one is passing.
   */
  readonly onConflict?: 'take-over' | 'refuse';
}

/** One way to test the instance. Exactly one of the kinds is given. Durations are Go's: `10s`, `1m30s`. */
export interface CheckRequest {
  /** A URL, or a path beginning with `/` at the instance's own address and port. */
  readonly http?: string;
  /** `host:port`, or true for the instance's own. */
  readonly tcp?: string | true;
  readonly udp?: string | true;
  /** `host:port[/service]`, or true. */
  readonly grpc?: string | true;
  readonly h2ping?: string | true;
  /** Renewed by the library for as long as the process lives and `health`, when given, says so. */
  readonly ttl?: string;
  /** Program and arguments; no shell. The agent must allow scripts. */
  readonly script?: readonly string[];
  readonly docker?: { readonly container: string; readonly args: readonly string[]; readonly shell?: string };
  readonly osService?: string;
  /** Id of another instance on the agent, whose health this one shares. */
  readonly alias?: string;
  /**
   * For `ttl`: asked before each renewal. False or a throw is critical, true passing; a word is that status; an output may
   * come along.
   */
  readonly health?: () => HealthReport | Promise<HealthReport>;
  readonly id?: string;
  readonly name?: string;
  readonly notes?: string;
  /** Default: the manager's `healthCheckInterval`, 10 s. */
  readonly interval?: string;
  /** Default: the agent's. */
  readonly timeout?: string;
  /** Default: the manager's `deregisterCriticalTimeout`, 1 min. '0s': never. */
  readonly deregisterAfter?: string;
  /** Status until the first result. Default critical. */
  readonly status?: 'passing' | 'warning' | 'critical';
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string;
  readonly useTls?: boolean;
  readonly tlsServerName?: string;
  readonly tlsSkipVerify?: boolean;
  readonly disableRedirects?: boolean;
  readonly successBeforePassing?: number;
  readonly failuresBeforeWarning?: number;
  readonly failuresBeforeCritical?: number;
  /** Anything else of Consul's check, as it goes over the wire. */
  readonly raw?: CheckRegistration;
}

export type HealthReport =
  | boolean
  | 'passing'
  | 'warning'
  | 'critical'
  | { readonly status: 'passing' | 'warning' | 'critical'; readonly output?: string };

/**
 * `lost`: the registry does not know it at the moment, and it is being put back. `conflict`: another address or port is
 * registered under its id; it is left to them, for good. `draining`: on its way out, and not put back any more.
 * `deregistered`: ended by its owner, for good, from the moment it said so.
 */
export type RegistrationState = 'registered' | 'lost' | 'conflict' | 'draining' | 'deregistered';

export interface RegistrationEvents {
  /** The registry did not know it any more; putting it back begins. */
  lost: { readonly id: string };
  /** It is there again, by itself. */
  restored: { readonly id: string };
  /** CONFLICT; `details.ours` and `details.theirs` name both endpoints. */
  conflict: ServiceDiscoveryError;
  /** Of keeping it alive: a heartbeat or a look that failed. Tried again by itself. */
  error: ServiceDiscoveryError;
}

/** One registered instance, kept alive until it is deregistered. Made by `registerService`. */
export interface Registration extends AsyncDisposable {
  readonly id: string;
  readonly service: string;
  /** As registered: '' when it is the agent's node address. */
  readonly address: string;
  readonly port: number;
  readonly state: RegistrationState;
  /** Returns the unsubscribe, harmless twice. Without a listener for `error` nothing happens. */
  on<K extends keyof RegistrationEvents>(event: K, listener: (value: RegistrationEvents[K]) => void): () => void;
  /**
   * For an instance with a TTL check: reports now, and makes that the answer of renewals without a `health` function. It
   * goes on being the answer when the call gives up. `timeoutMs`: 10 s.
   */
  report(status: Exclude<EndpointStatus, 'maintenance'>, output?: string, options?: CallOptions): Promise<void>;
  /**
   * Takes the instance out of every answer for the healthy without ending it, and resolves when watchers have had the
   * time to see it: the shorter of seeing it in an answer of the registry and `timeoutMs`, default 5 s. Rejects when the
   * registry could not be told, or with ABORTED; calling again tries again.
   */
  drain(options?: CallOptions): Promise<void>;
  /**
   * Ends it for good: from the call on nothing puts it back, even when the registry cannot be told now; then it rejects,
   * and the removal is tried again by itself for as long as the registrar is open. Succeeds when it is gone already.
   * CONFLICT leaves what another owner registered. Harmless twice. `timeoutMs`: 10 s. Disposing does the same, without
   * a complaint about a conflict.
   */
  deregister(options?: CallOptions): Promise<void>;
}
