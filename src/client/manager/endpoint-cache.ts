import {
  createLoadingCache,
  createMemoryCache,
  createTieredCache,
  openLastKnownGood,
  type LastKnown,
  type LastKnownGood,
} from '../../cache/index.js';
import { ServiceDiscoveryError, type CacheEntry, type ServiceEndpoint } from '../../model/index.js';
import { sameEndpoints } from '../endpoint-sets.js';
import type { ManagerSettings, ServiceDiscoveryConfig } from './config.js';
import type { EndpointCache } from './discovered-sets.js';

type Endpoints = readonly ServiceEndpoint[];

/** A service that changes all the time is asked for this often, when nobody watches it. */
const SHORTEST_TTL_MS = 1_000;

export interface OpenedCache {
  readonly cache: EndpointCache;
  /** The file of last known sets was read; undefined without one. To be awaited before the first load. */
  readonly prepared: Promise<void> | undefined;
  close(): Promise<void>;
}

/** In memory, before a shared cache where there is one, before a file where one is named; undefined: nothing is kept. */
export function openEndpointCache(
  config: ServiceDiscoveryConfig,
  settings: ManagerSettings,
  onError: (error: unknown) => void,
): OpenedCache | undefined {
  const { caching, ttlMs, staleMs, clock, random } = settings;
  if (!caching) return undefined;
  const memory = createMemoryCache<Endpoints>({ clock });
  const file =
    config.lastKnownGoodFile === undefined ? undefined : new FileOfSets(config.lastKnownGoodFile, settings, onError);
  const cache = createLoadingCache<Endpoints>({
    name: 'endpoints',
    cache: config.sharedCache ? createTieredCache({ first: memory, second: config.sharedCache, clock }) : memory,
    clock,
    random,
    ttlMs,
    staleMs,
    adaptive: { minMs: Math.min(SHORTEST_TTL_MS, ttlMs), maxMs: ttlMs },
    sameValue: sameEndpoints,
    // To whoever is given a list, an empty one says that there is none.
    staleNegatives: false,
    // Every load is bounded by what its callers have.
    loadTimeoutMs: Infinity,
    ...(file && { lastKnownGood: file }),
  });
  return {
    cache,
    prepared: file?.opened,
    close: async () => {
      try {
        await cache.close();
      } finally {
        // A shared cache that cannot be closed is no reason to lose what is known.
        await file?.close();
      }
    },
  };
}

/** The file, and what is learnt before it is read. */
class FileOfSets implements LastKnown<Endpoints> {
  readonly opened: Promise<void>;
  private file: LastKnownGood<Endpoints> | undefined;
  /** Undefined: to be deleted. */
  private readonly early = new Map<string, CacheEntry<Endpoints> | undefined>();

  constructor(
    where: NonNullable<ServiceDiscoveryConfig['lastKnownGoodFile']>,
    { clock, logger }: ManagerSettings,
    onError: (error: unknown) => void,
  ) {
    const { path, keys } = typeof where === 'string' ? { path: where, keys: undefined } : where;
    this.opened = openLastKnownGood<Endpoints>({
      path,
      clock,
      ...(keys && { keys }),
      onEvent: (event) => {
        logger.info(event, 'discovery.last_known_good');
        if (event.type === 'write-failed') {
          onError(
            new ServiceDiscoveryError('UNAVAILABLE', `${path} cannot be written: ${event.error.message}`, {
              cause: event.error,
            }),
          );
        }
      },
    }).then((file) => {
      this.file = file;
      for (const [key, entry] of this.early) {
        if (entry) file.put(key, entry);
        else file.delete(key);
      }
      this.early.clear();
    });
    this.opened.catch(onError);
  }

  get(key: string): CacheEntry<Endpoints> | undefined {
    return this.file?.get(key);
  }

  put(key: string, entry: CacheEntry<Endpoints>): void {
    if (this.file) this.file.put(key, entry);
    else this.early.set(key, entry);
  }

  delete(key: string): void {
    if (this.file) this.file.delete(key);
    else this.early.set(key, undefined);
  }

  async close(): Promise<void> {
    await this.opened.catch(() => {});
    await this.file?.close();
  }
}
