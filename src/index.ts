/**
 * The client library: register, discover, watch and balance, over an agent of ours, a real Consul, any DNS, or a registry
 * in this process. Loads nothing of the agent.
 */
export * from './cache/index.js';
export * from './client/index.js';
/** Of picks; the policies themselves are in `./balancer`. */
export type {
  BalancerEvent,
  BalancerOptions,
  EndpointExplanation,
  Outcome,
  Pick,
  PickHint,
  Policy,
} from './balancer/index.js';
export type { ConsulClient, ConsulTlsOptions } from './consul/index.js';
export { isDiscoveryError, ServiceDiscoveryError } from './model/index.js';
export { HealthCheckDefinition, HealthCheckType, ServiceDefinition } from './model/index.js';
export type {
  Cache,
  CacheEntry,
  CacheHit,
  CacheLookup,
  CallOptions,
  EndpointSet,
  EndpointStatus,
  ErrorCode,
  ErrorDetails,
  Loaded,
  LoadingCache,
  LoadingCacheStats,
  Locality,
  Resolver,
  ResolverAbilities,
  ServiceEndpoint,
  ServiceQuery,
  Violation,
  WatchOptions,
} from './model/index.js';
export { realClock, realRandom, silentLogger, type Clock, type Logger, type Random } from './runtime/index.js';
