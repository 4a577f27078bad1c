export { registerDiscovery } from './register-discovery.js';
export type { GrpcDiscovery, GrpcDiscoveryOptions } from './register-discovery.js';
