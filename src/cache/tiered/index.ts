export { createTieredCache, type TieredCacheOptions } from './tiered-cache.js';
