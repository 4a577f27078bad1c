import type { Dispatcher } from 'undici';
import { z } from 'zod';
import type { Discovery } from '../../client/index.js';
import { defaults, limits, parseOptions, ServiceDiscoveryError, type ServiceEndpoint } from '../../model/index.js';
import { discoverySource } from '../discovery-source.js';
import { sharedOptions } from '../options.js';
import { Routes } from '../routes.js';
import { Exchange, type ExchangeOptions } from './exchange.js';
import { ServiceOrigins } from './service-origins.js';

export interface DiscoveryOptions {
  /** Default: one made from the environment at the first request, shared by all adapters of the process. */
  readonly manager?: Discovery;
  /** Ends of the host names that are services. Default `.service` and `.service.consul`. All others pass by untouched. */
  readonly suffixes?: readonly string[];
  /** Name of a balancing policy. Default: the manager's. */
  readonly policy?: string;
  /** Further attempts after the first, 0 to 2. Default 2. */
  readonly retries?: number;
  /** Answers that are worth another instance, for idempotent requests. Default 502, 503, 504. */
  readonly retryStatuses?: readonly number[];
  /** Send a second copy of an idempotent request that takes unusually long. Default false. */
  readonly hedge?: boolean;
  /** Milliseconds that one instance may take to begin its answer, connecting included. Default: undici's own timeouts. */
  readonly attemptTimeoutMs?: number;
  /** What the `Host` header says unless the request has one: the service's name, or the endpoint. Default `service`. */
  readonly hostHeader?: 'service' | 'endpoint';
  /** Name to verify over TLS. Default: the host of the URL. */
  readonly servername?: string | ((endpoint: ServiceEndpoint) => string);
  /** Requests of equal keys go to the same instance while they can, under a policy that hashes. */
  readonly key?: (request: Dispatcher.DispatchOptions) => string | undefined;
}

/** An interceptor for `Dispatcher.compose`. */
export interface DiscoveryInterceptor extends AsyncDisposable {
  (dispatch: Dispatcher.Dispatch): Dispatcher.Dispatch;
  /** Lets go of the watches, and of the manager when it is the shared one. A manager of yours stays open. */
  close(): Promise<void>;
}

const schema = z.strictObject({
  ...sharedOptions,
  retries: z
    .int('must be a whole number')
    .min(0, 'must be at least 0')
    .max(limits.adapterAttempts - 1, `must be at most ${limits.adapterAttempts - 1}`)
    .optional(),
  retryStatuses: z.array(z.int().min(500, 'must be statuses of servers that failed, 500 to 599').max(599)).optional(),
  hedge: z.boolean('must be true or false').optional(),
  attemptTimeoutMs: z.number('must be a number of milliseconds').positive('must be positive').optional(),
  hostHeader: z.enum(['service', 'endpoint'], 'must be service or endpoint').optional(),
  servername: z.union([z.string(), z.custom<() => string>(isFunction)], 'must be a name or a function').optional(),
  key: z.custom<() => string>(isFunction, 'must be a function').optional(),
});

/**
 * Makes undici's dispatchers, and with them `fetch`, understand `http://orders.service/`: resolves the service, balances,
 * connects, tries elsewhere where that is safe. For undici 7:
 * `setGlobalDispatcher(new Agent().compose(discovery()))`.
 *
 * `TAG.NAME.service` asks for a tag, `NAME.service.DC.consul` for a datacenter. The port of the URL counts only for
 * instances that gave none. Errors of this package (NO_ENDPOINTS, …) reject the request as they are; from `fetch` they
 * are the `cause`. Throws INVALID_ARGUMENT.
 */
export function discovery(options: DiscoveryOptions = {}): DiscoveryInterceptor {
  parseOptions('discovery', schema, options);
  const source = discoverySource(options.manager);
  const routes = new Routes(source.get, {
    suffixes: options.suffixes ?? defaults.adapterSuffixes,
    policy: options.policy,
  });
  const exchange: ExchangeOptions = {
    attempts: 1 + (options.retries ?? limits.adapterAttempts - 1),
    hedge: options.hedge ?? false,
    attemptTimeoutMs: options.attemptTimeoutMs,
    retryStatuses: new Set(options.retryStatuses ?? defaults.adapterRetryStatuses),
    key: options.key,
  };
  const { hostHeader = 'service', servername } = options;
  const origins = new ServiceOrigins(routes, { hostHeader, servername });
  const intercept = (dispatch: Dispatcher.Dispatch): Dispatcher.Dispatch => {
    return function discoveryDispatch(request, handler) {
      // Of a CONNECT the origin is the proxy; what is asked of it is the caller's affair.
      if (request.method === 'CONNECT') return dispatch(request, handler);
      const origin = origins.find(String(request.origin));
      if (!origin) return dispatch(request, handler);
      if (!handler.onRequestStart) throw tooOld();
      return new Exchange(dispatch, request, handler, origin, exchange).start();
    };
  };
  const close = async (): Promise<void> => {
    routes.close();
    await source.release();
  };
  return Object.assign(intercept, { close, [Symbol.asyncDispose]: close });
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function';
}

function tooOld(): ServiceDiscoveryError {
  return new ServiceDiscoveryError('UNSUPPORTED', 'discovery() is for the dispatchers of undici 7 or later');
}
