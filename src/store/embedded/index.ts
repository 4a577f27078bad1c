export { readOrCreateNodeId } from './node-id.js';
export { openEmbeddedStore } from './open-embedded-store.js';
export type { EmbeddedStoreOptions } from './open-embedded-store.js';
