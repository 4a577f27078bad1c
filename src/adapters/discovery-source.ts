import type { Discovery } from '../client/index.js';
import { invalid } from '../model/index.js';

/** Where an adapter looks services up. */
export interface DiscoverySource {
  get(): Discovery;
  /** Lets go of it; harmless twice. */
  release(): Promise<void>;
}

export function discoverySource(manager: Discovery | undefined): DiscoverySource {
  if (!manager) throw invalid('manager is needed');
  return { get: () => manager, release: () => Promise.resolve() };
}
