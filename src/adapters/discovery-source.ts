import { ServiceDiscoveryManager, type Discovery } from '../client/index.js';

/** Where an adapter looks services up. */
export interface DiscoverySource {
  get(): Discovery;
  /** Lets go of it; harmless twice. */
  release(): Promise<void>;
}

interface Shared {
  readonly manager: ServiceDiscoveryManager;
  users: number;
}

/** Of the process: made from the environment when first needed, closed when the last adapter lets go of it. */
let shared: Shared | undefined;

/** The manager given, which stays its owner's, or a share of the process's own. */
export function discoverySource(manager: Discovery | undefined): DiscoverySource {
  if (manager) return { get: () => manager, release: () => Promise.resolve() };
  let held: Shared | undefined;
  return {
    get() {
      if (!held) {
        held = shared ??= { manager: new ServiceDiscoveryManager(), users: 0 };
        held.users++;
      }
      return held.manager;
    },
    async release() {
      const mine = held;
      held = undefined;
      if (!mine || --mine.users > 0) return;
      if (shared === mine) shared = undefined;
      await mine.manager.close();
    },
  };
}
