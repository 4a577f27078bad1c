export { readOrCreateNodeId } from './node-id.js';
export { openEmbeddedStore } from './open-embedded-store.js';
