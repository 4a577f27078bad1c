/**
 * A service registry inside your own process: register, check, discover, watch, lock, without a socket. The same one
 * that `datapunk agent` puts behind HTTP and DNS. Begin with `createRegistry`.
 */
export type { MetadataQuery, SearchExplanation, SearchOptions } from '../catalog/index.js';
export {
  HealthCheckDefinition,
  HealthCheckType,
  isDiscoveryError,
  ServiceDefinition,
  ServiceDiscoveryError,
  toCheckDefinition,
  topic,
} from '../model/index.js';
export type {
  Caller,
  CatalogDeregistration,
  CatalogRegistration,
  CatalogView,
  CheckDefinition,
  CheckRegistration,
  CheckResult,
  CheckRow,
  CheckRunner,
  CheckStatus,
  ErrorCode,
  HealthFlip,
  InstanceView,
  LocalCheckState,
  NodeRow,
  Policy,
  RegistrationPolicyConfig,
  RegistryCommands,
  ServiceRegistration,
  ServiceRow,
  ServiceView,
  Store,
  Violation,
} from '../model/index.js';
export type { Clock, Logger, Random } from '../runtime/index.js';
export { createRegistry } from './create-registry.js';
export type { ExpiryReason } from './expiry-marks.js';
export type { CheckOptions, NodeOptions, RegistryOptions } from './options.js';
export type { Registry } from './registry.js';
export type { RegistryEventName, RegistryEvents } from './registry-events.js';
