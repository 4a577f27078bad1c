export { discovery } from './discovery.js';
export type { DiscoveryInterceptor, DiscoveryOptions } from './discovery.js';
