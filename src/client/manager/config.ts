import { defaults, type Cache, type Resolver, type ServiceEndpoint } from '../../model/index.js';
import { realClock, realRandom, silentLogger, type Clock, type Logger, type Random } from '../../runtime/index.js';
import { spanMs } from '../query.js';
import type { RegistryBackend } from './backend.js';
import { checkConfig } from './config-rules.js';
import type { ConsulTlsOptions } from '../../consul/index.js';
import type { DnsConfig } from '../dns/index.js';
import type { Balancing } from '../resolution/balancing.js';
import type { CheckRequest } from '../registration/registration.js';

/**
 * How a `ServiceDiscoveryManager` works. Times are numbers of seconds, or have their unit in the name. Everything is
 * optional: with nothing given the manager talks to the agent that Consul's environment variables name, else to
 * 127.0.0.1:8500. What another option leaves without effect is refused, not ignored.
 */
export interface ServiceDiscoveryConfig {
  /** Default: the host of CONSUL_HTTP_ADDR, else 127.0.0.1. */
  readonly consulHost?: string;
  /** Default 8500. */
  readonly consulPort?: number;
  /** Several agents or servers, `host:port` or URLs, in order of preference; instead of consulHost and consulPort. */
  readonly addresses?: readonly string[];
  /** Default: CONSUL_HTTP_TOKEN or CONSUL_HTTP_TOKEN_FILE. Never shown in errors and logs. */
  readonly token?: string;
  readonly tls?: ConsulTlsOptions;
  /** Variables that Consul's own tools read. Default `process.env`; `{}` for none. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /**
   * Whom to ask. `consul` (default): our agent or Consul over HTTP. `dns`: any DNS server, which only discovers. A registry
   * of `createRegistry`: no sockets at all. Any other `Resolver`: discovery without registration.
   */
  readonly backend?: 'consul' | 'dns' | RegistryBackend | Resolver;
  /** With `backend: 'dns'`. */
  readonly dns?: DnsConfig;
  /**
   * For the whole of a call, retries included, ms, where the call does not say. Default 5,000, and 10,000 for registering
   * and deregistering.
   */
  readonly timeoutMs?: number;
  /** Attempts of one call when nobody answers or a server fails. Default 3. */
  readonly maxRetries?: number;

  /** Seconds for which a discovered set is served without asking again. Default 30. A watched service needs none. */
  readonly cacheTtl?: number;
  /** Default true. False: every `discoverService` asks, and nothing is kept for an outage. */
  readonly enableCaching?: boolean;
  /**
   * Seconds for which known names go on being answered and picked from, marked stale, while nobody can be asked; they count
   * from the end of `cacheTtl`. Default 259,200: 72 hours.
   */
  readonly staleBudget?: number;
  /**
   * A cache shared with other processes, behind the one in memory: `createRedisCache`, best sealed (docs/caching.md). Closed
   * with the manager.
   */
  readonly sharedCache?: Cache<readonly ServiceEndpoint[]>;
  /**
   * File that keeps the last known sets, so that a start without a registry can answer; with keys it is sealed
   * (docs/caching.md). One file for one process. Default: none.
   */
  readonly lastKnownGoodFile?: string | { readonly path: string; readonly keys?: readonly (string | Uint8Array)[] };

  /** Seconds between two runs of a check that names no interval. Default 10. */
  readonly healthCheckInterval?: number;
  /** How long an instance may be critical before it is removed, for checks that do not say. Default `1m`. */
  readonly deregisterCriticalTimeout?: string;
  /** Address of this machine as others reach it, for registrations that name none. Default: the agent's node address. */
  readonly address?: string;
  /** Check of registrations that name none. Default: none. `standardCheck` is the registration standard's. */
  readonly defaultCheck?: CheckRequest;

  /** Policy, locality, ejection, panic… of `pick` (docs/balancing.md). */
  readonly balancing?: Balancing;
  /** The same for single services, by name; what it gives wins. */
  readonly services?: Readonly<Record<string, Balancing>>;
  /**
   * Connections to one address. Default 160, and as many as watches need to our agent on this machine. Each watched service takes one; beyond that they take turns
   * (docs/watching.md), and agents allow a client 200 unless told otherwise.
   */
  readonly maxConnections?: number;
  /** Longest wait of one standing request, seconds or a duration; up to `10m`. Default 60. */
  readonly watchWait?: number | string;

  readonly logger?: Logger;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** A configuration with every default filled in. */
export interface ManagerSettings {
  readonly timeoutMs: number;
  /** Undefined: what registering takes by itself. */
  readonly writeTimeoutMs: number | undefined;
  readonly attempts: number;
  readonly ttlMs: number;
  readonly caching: boolean;
  readonly staleMs: number;
  /** How old an answer that nobody confirms may get, ms: fresh for the longest TTL, then stale for the budget. */
  readonly usableMs: number;
  readonly healthCheckInterval: string;
  readonly deregisterAfter: string;
  readonly watchWaitMs: number;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: Random;
}

/** Throws INVALID_ARGUMENT naming every option that breaks a rule; an unknown one comes with the nearest known name. */
export function managerSettings(config: ServiceDiscoveryConfig): ManagerSettings {
  checkConfig(config);
  const ttlMs = config.cacheTtl === undefined ? defaults.cacheTtlMs : config.cacheTtl * 1_000;
  const staleMs = config.staleBudget === undefined ? defaults.staleBudgetMs : config.staleBudget * 1_000;
  return {
    timeoutMs: config.timeoutMs ?? defaults.lookupTimeoutMs,
    writeTimeoutMs: config.timeoutMs,
    attempts: config.maxRetries ?? defaults.lookupAttempts,
    ttlMs,
    caching: config.enableCaching ?? true,
    staleMs,
    usableMs: ttlMs * (1 + defaults.cacheTtlJitter) + staleMs,
    healthCheckInterval:
      config.healthCheckInterval === undefined ? defaults.healthCheckInterval : `${config.healthCheckInterval}s`,
    deregisterAfter: config.deregisterCriticalTimeout ?? defaults.standardDeregisterAfter,
    watchWaitMs: spanMs('watchWait', config.watchWait, defaults.maxBlockingWaitMs) ?? defaults.watchWaitMs,
    logger: config.logger ?? silentLogger,
    clock: config.clock ?? realClock,
    random: config.random ?? realRandom,
  };
}
