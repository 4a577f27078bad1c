export { createLoadingCache } from './loading-cache.js';
export type { LastKnown, LoadingCacheEvent, LoadingCacheOptions } from './options.js';
