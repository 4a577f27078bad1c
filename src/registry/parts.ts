import type { Catalog, MetadataManager } from '../catalog/index.js';
import type { CheckScheduler } from '../checks/index.js';
import type { Store } from '../model/index.js';
import type { EventHub } from '../runtime/index.js';
import type { CatalogCommands } from './catalog-commands.js';
import type { Core } from './core.js';
import type { HealthHistory } from './health-history.js';
import type { LocalCommands } from './local-commands.js';
import type { LocalNode } from './local-node.js';
import type { QueryCommands } from './query-commands.js';
import type { Reconciler } from './reconcile.js';
import type { RegistryEvents } from './registry-events.js';
import type { StateCommands } from './state-commands.js';
import type { SyncHostParts } from './sync-host.js';

/** What a registry is put together from; see create-registry.ts. */
export interface RegistryParts {
  readonly core: Core;
  readonly store: Store;
  readonly catalog: Catalog;
  readonly events: EventHub<RegistryEvents>;
  readonly history: HealthHistory;
  readonly node: LocalNode;
  readonly local: LocalCommands;
  readonly catalogCommands: CatalogCommands;
  readonly state: StateCommands;
  readonly queries: QueryCommands;
  readonly reconciler: Reconciler;
  readonly scheduler: CheckScheduler;
  readonly search: MetadataManager;
  readonly sync: SyncHostParts;
  close(): Promise<void>;
}
