export type { RedisClient } from './client.js';
export { createRedisCache, type RedisCacheOptions } from './redis-cache.js';
export type { RedisEvent } from './redis-link.js';
