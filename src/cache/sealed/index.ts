export { createSealedCache, type SealedCacheOptions } from './sealed-cache.js';
export { readSealKeys } from './seal-keys.js';
export { Sealer } from './sealer.js';
