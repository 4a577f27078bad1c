/**
 * Values kept near: in memory, in a Redis shared with other processes, in a file for the next start; sealed where they
 * leave the process; and a cache that loads what it lacks.
 */
export { bytesCodec, jsonCodec, type Codec } from './codec.js';
export {
  checkLastKnownGood,
  type LastKnownGood,
  type LastKnownGoodEvent,
  type LastKnownGoodOptions,
  openLastKnownGood,
} from './file/index.js';
export { createLoadingCache } from './loading/index.js';
export type { LastKnown, LoadingCacheEvent, LoadingCacheOptions } from './loading/index.js';
export { createMemoryCache, type MemoryCacheOptions } from './memory/index.js';
export { createRedisCache, type RedisCacheOptions, type RedisClient, type RedisEvent } from './redis/index.js';
export { createSealedCache, type SealedCacheOptions } from './sealed/index.js';
export { createTieredCache, type TieredCacheOptions } from './tiered/index.js';
