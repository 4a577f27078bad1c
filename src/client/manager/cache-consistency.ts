import type { CallOptions, EndpointSet } from '../../model/index.js';
import { silentLogger, type Logger } from '../../runtime/index.js';

/** What is checked: a `ServiceDiscoveryManager`. */
export interface CheckedCache {
  indexes(
    name: string,
    options?: CallOptions,
  ): Promise<{ readonly current: EndpointSet; readonly cached: EndpointSet | undefined }>;
  evict(name: string): Promise<void>;
}

/**
 * Tells whether what is cached of a service is what the registry has, compared by the registry's index of the service,
 * within one index space.
 */
export class CacheConsistency {
  constructor(
    private readonly cache: CheckedCache,
    private readonly logger: Logger = silentLogger,
  ) {}

  /**
   * True: the cached answer is the registry's. False: it is older, and was evicted; nothing is cached; or the registry
   * could not be asked, within `timeoutMs` (default: the manager's) or at all, and the cache is left as it is, to be served
   * marked stale. Never rejects.
   */
  async validateCache(service: string, options: CallOptions = {}): Promise<boolean> {
    try {
      const { current, cached } = await this.cache.indexes(service, options);
      // Of a server that nobody confirms its index says nothing.
      if (current.stale) return false;
      if (cached && cached.indexSpace === current.indexSpace && cached.index === current.index) return true;
      if (cached) await this.cache.evict(service);
      return false;
    } catch (error) {
      this.logger.warn({ service, error }, 'discovery.cache_not_validated');
      return false;
    }
  }
}
