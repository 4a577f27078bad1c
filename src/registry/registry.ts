import { checkServiceNodeShape, compileFilter } from '../catalog/index.js';
import type { Catalog, MetadataQuery, SearchExplanation, SearchOptions } from '../catalog/index.js';
import type { SchedulerMetrics } from '../checks/index.js';
import type {
  Caller,
  CheckRegistration,
  HealthFlip,
  InstanceView,
  LocalCheckState,
  LocalServiceRow,
  RegistryCommands,
  Row,
  ServiceRegistration,
} from '../model/index.js';
import { authorize } from './core.js';
import type { SyncHost } from '../sync/index.js';
import type { RegistryParts } from './parts.js';
import type { RegistryEventName, RegistryEvents } from './registry-events.js';
import { RegistrySyncHost } from './sync-host.js';
import { restoreRows } from './whole-state.js';

type Args<K extends keyof RegistryCommands> = RegistryCommands[K] extends (...args: infer A) => unknown ? A : never;

/**
 * A registry in this process: commands in, a catalog to read from, events about what changed. What the HTTP agent
 * stands on, and usable without it. Made by `createRegistry`.
 */
export class Registry implements RegistryCommands {
  readonly nodeName: string;
  readonly nodeId: string;
  /** What everything reads. Synchronous, always consistent, up to date with every command that was answered. */
  readonly catalog: Catalog;
  /** For agents that keep their catalogs alike: what others say comes in here, and what this one says goes out. */
  readonly syncHost: SyncHost;
  private closing: Promise<void> | undefined;

  constructor(private readonly parts: RegistryParts) {
    this.nodeName = parts.core.self.name;
    this.nodeId = parts.core.self.id;
    this.catalog = parts.catalog;
    this.syncHost = new RegistrySyncHost(this, parts.sync);
  }

  /** The space in which indexes mean something: new for a store that starts empty or is restored. */
  get indexSpace(): string {
    return this.parts.store.indexSpace;
  }

  /** Metadata keys that the registration policy keeps out of DNS, events, logs, metrics and exports. */
  get privateMetaKeys(): ReadonlySet<string> {
    return this.parts.core.registrationPolicy.privateMetaKeys;
  }

  /** Tells of changes once the catalog shows them. Returns the unsubscribe, harmless twice. */
  on<K extends RegistryEventName>(event: K, listener: (event: RegistryEvents[K]) => void): () => void {
    return this.parts.events.on(event, listener);
  }

  // ---- this agent's own node

  registerService(...args: Args<'registerService'>): Promise<void> {
    return this.parts.local.registerService(...args);
  }

  deregisterService(...args: Args<'deregisterService'>): Promise<void> {
    return this.parts.local.deregisterService(...args);
  }

  registerCheck(...args: Args<'registerCheck'>): Promise<void> {
    return this.parts.local.registerCheck(...args);
  }

  deregisterCheck(...args: Args<'deregisterCheck'>): Promise<void> {
    return this.parts.local.deregisterCheck(...args);
  }

  updateTtl(...args: Args<'updateTtl'>): Promise<void> {
    return this.parts.local.updateTtl(...args);
  }

  setServiceMaintenance(...args: Args<'setServiceMaintenance'>): Promise<void> {
    return this.parts.local.setServiceMaintenance(...args);
  }

  setNodeMaintenance(...args: Args<'setNodeMaintenance'>): Promise<void> {
    return this.parts.local.setNodeMaintenance(...args);
  }

  runCheckNow(...args: Args<'runCheckNow'>): Promise<boolean> {
    return this.parts.local.runCheckNow(...args);
  }

  /** The definitions of config files, replaced as a set: those that are no longer given are removed. */
  applyConfigDefinitions(
    services: readonly ServiceRegistration[],
    checks: readonly CheckRegistration[],
  ): Promise<void> {
    return this.parts.local.applyConfigDefinitions(services, checks);
  }

  localServices(): ReadonlyMap<string, LocalServiceRow> {
    return new Map(Array.from(this.catalog.localServices(), (row) => [row.id, row]));
  }

  localChecks(): ReadonlyMap<string, LocalCheckState> {
    return new Map(Array.from(this.catalog.localChecks(), (row) => [row.checkId, this.parts.node.stateOf(row)]));
  }

  localCheck(checkId: string): LocalCheckState | undefined {
    const row = this.catalog.localCheck(checkId);
    return row && this.parts.node.stateOf(row);
  }

  localChecksOf(serviceId: string): readonly LocalCheckState[] {
    const { checks } = this.parts.node;
    return [...checks.checkIdsOf(serviceId), ...checks.checkIdsOf('')].flatMap((id) => this.localCheck(id) ?? []);
  }

  checkHistory(node: string, checkId: string): readonly HealthFlip[] {
    return this.parts.history.of(node, checkId);
  }

  /** What the check scheduler counts, for metrics. */
  checkMetrics(): SchedulerMetrics {
    return this.parts.scheduler.metrics();
  }

  // ---- the catalog

  registerCatalog(...args: Args<'registerCatalog'>): Promise<void> {
    return this.parts.catalogCommands.registerCatalog(...args);
  }

  deregisterCatalog(...args: Args<'deregisterCatalog'>): Promise<void> {
    return this.parts.catalogCommands.deregisterCatalog(...args);
  }

  // ---- key-values, sessions, transactions, events, queries

  kvPut(...args: Args<'kvPut'>): Promise<boolean> {
    return this.parts.state.kvPut(...args);
  }

  kvDelete(...args: Args<'kvDelete'>): Promise<boolean> {
    return this.parts.state.kvDelete(...args);
  }

  createSession(...args: Args<'createSession'>): Promise<string> {
    return this.parts.state.createSession(...args);
  }

  destroySession(...args: Args<'destroySession'>): Promise<void> {
    return this.parts.state.destroySession(...args);
  }

  renewSession(...args: Args<'renewSession'>): ReturnType<RegistryCommands['renewSession']> {
    return this.parts.state.renewSession(...args);
  }

  transaction(...args: Args<'transaction'>): ReturnType<RegistryCommands['transaction']> {
    return this.parts.state.transaction(...args);
  }

  fireEvent(...args: Args<'fireEvent'>): ReturnType<RegistryCommands['fireEvent']> {
    return this.parts.state.fireEvent(...args);
  }

  putConfig(...args: Args<'putConfig'>): Promise<boolean> {
    return this.parts.state.putConfig(...args);
  }

  createQuery(...args: Args<'createQuery'>): Promise<string> {
    return this.parts.queries.createQuery(...args);
  }

  updateQuery(...args: Args<'updateQuery'>): Promise<void> {
    return this.parts.queries.updateQuery(...args);
  }

  deleteQuery(...args: Args<'deleteQuery'>): Promise<void> {
    return this.parts.queries.deleteQuery(...args);
  }

  executeQuery(...args: Args<'executeQuery'>): ReturnType<RegistryCommands['executeQuery']> {
    return this.parts.queries.executeQuery(...args);
  }

  explainQuery(...args: Args<'explainQuery'>): ReturnType<RegistryCommands['explainQuery']> {
    return this.parts.queries.explainQuery(...args);
  }

  // ---- search

  /**
   * Instances of any service by what they say about themselves: a filter text (`version == "1.2.0" and region == eu`)
   * or a query as data. Sorted by service, node and instance id. Private metadata is searched
   * with `includePrivate` alone.
   */
  findInstances(query: string | MetadataQuery, options?: SearchOptions): readonly InstanceView[] {
    return this.parts.search.findInstances(query, options);
  }

  /** How such a search is answered: which index, how many candidates, how many results. */
  explainSearch(query: string | MetadataQuery, options?: SearchOptions): SearchExplanation {
    return this.parts.search.explain(query, options);
  }

  /**
   * The filter language of the HTTP API over health entries in their wire form: `Service.Meta.version == "1.0.0"`. Throws
   * INVALID_ARGUMENT for a text that is no filter.
   */
  compileFilter(text: string): (healthEntry: object) => boolean {
    return compileFilter(text, checkServiceNodeShape);
  }

  // ---- whole state

  /** Every row at one index, for a snapshot. Later changes do not show in it. */
  snapshot(): { readonly index: number; readonly rows: readonly Row[] } {
    return this.catalog.rows();
  }

  /**
   * Replaces everything but what other live agents say, all or nothing. Definitions of config files are to be applied
   * again afterwards.
   */
  async restore(rows: Iterable<Row>, caller?: Caller, archivedBy?: string): Promise<void> {
    authorize(this.parts.core, caller, 'operator', '');
    await restoreRows(this.parts.node, rows, archivedBy);
    await this.reconcile();
  }

  reconcile(): Promise<void> {
    return this.parts.reconciler.run();
  }

  /** Ends checks and timers, lets commands under way finish, closes the store. Harmless twice. */
  close(): Promise<void> {
    return (this.closing ??= this.parts.close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
