export { discoveryService } from './service.js';
export type { DiscoveryService, DiscoveryServiceOptions } from './service.js';
export type { LifecycleState } from '../servers/lifecycle.js';
export type { ServiceOptions } from '../servers/service-options.js';
