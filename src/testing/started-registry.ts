import type { Registry, RegistryOptions } from '../registry/index.js';
import { createRegistry } from '../registry/index.js';
import { openMemoryStore } from '../store/index.js';
import { FakeClock } from './fake-clock.js';
import { LaggingStore } from './lagging-store.js';
import { seededRandom } from './seeded-random.js';

export interface StartedRegistry extends AsyncDisposable {
  readonly registry: Registry;
  readonly catalog: Registry['catalog'];
  readonly clock: FakeClock;
  readonly store: LaggingStore;
}

export const TEST_NODE = { name: 'n1', id: '11111111-1111-4111-8111-111111111111', address: '10.0.0.1' };

/** A registry of node n1 over memory, with time and chance in the test's hand. */
export async function startedRegistry(options: RegistryOptions = {}): Promise<StartedRegistry> {
  const clock = new FakeClock();
  const store = new LaggingStore(options.store ?? openMemoryStore());
  const registry = await createRegistry({ clock, random: seededRandom(1), node: TEST_NODE, ...options, store });
  return {
    registry,
    catalog: registry.catalog,
    clock,
    store,
    [Symbol.asyncDispose]: async () => {
      store.catchUp();
      await registry.close();
    },
  };
}
