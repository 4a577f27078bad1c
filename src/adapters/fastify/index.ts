export { discoveryPlugin } from './plugin.js';
export type { DiscoveryPluginOptions, FastifyShape } from './plugin.js';
export type { LifecycleState, ServiceLifecycle } from '../servers/lifecycle.js';
export type { ServiceOptions } from '../servers/service-options.js';
