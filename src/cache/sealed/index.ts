export { createSealedCache, type SealedCacheOptions } from './sealed-cache.js';
