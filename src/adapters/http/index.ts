export { DiscoveryHttpAgent, DiscoveryHttpsAgent } from './agents.js';
export type { DiscoveryAgentOptions } from './agents.js';
export { discoveryLookup } from './lookup.js';
export type { DiscoveryLookup, DiscoveryLookupOptions } from './lookup.js';
