import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Catalog } from '../catalog/index.js';
import { compileRegexp, MetadataManager } from '../catalog/index.js';
import type { Store } from '../model/index.js';
import { allowAll, compileRegistrationPolicy, defaults, parseRegistrationPolicy } from '../model/index.js';
import { realClock, realRandom } from '../runtime/index.js';
import type { Clock } from '../runtime/index.js';
import { openEmbeddedStore, openMemoryStore, readOrCreateNodeId } from '../store/index.js';
import { HybridClock } from '../sync/index.js';
import { assembleNode, runnersOf } from './assemble-node.js';
import { CatalogCommands } from './catalog-commands.js';
import { CopyStores } from './copy-stores.js';
import type { Core } from './core.js';
import { ExpiryMarks } from './expiry-marks.js';
import { Feed } from './feed.js';
import { HealthHistory } from './health-history.js';
import { LocalTeller } from './local-teller.js';
import { LocalCommands } from './local-commands.js';
import type { RegistryOptions } from './options.js';
import { Owners } from './owners.js';
import type { OwnNode } from './own-node.js';
import { QueryCommands } from './query-commands.js';
import { Reaper } from './reaper.js';
import { Reconciler } from './reconcile.js';
import { EventTeller } from './registry-events.js';
import { Replicas } from './replicas.js';
import { Registry } from './registry.js';
import { LockDelays, SessionLeases } from './sessions.js';
import { StateCommands } from './state-commands.js';
import { stamped } from './stamp.js';
import { withTakeovers } from './takeovers.js';
import { TombstonePruner } from './tombstones.js';
import { takeOver } from './whole-state.js';

/**
 * Opens the store, reads what it holds, writes the rows of its own node and starts the checks. The registry it resolves
 * with answers from the first moment on: it does not resolve before the catalog is complete.
 *
 * ```ts
 * await using registry = await createRegistry({ node: { name: 'web-1' } });
 * await registry.registerService({ Name: 'api', Port: 8080, Check: { TTL: '10s', Status: 'passing' } });
 * registry.catalog.serviceView('api').instances;
 * ```
 */
export async function createRegistry(options: RegistryOptions = {}): Promise<Registry> {
  const store = options.store ?? (await openStore(options));
  const feed = new Feed(store, options);
  try {
    await feed.start();
    return await assemble(feed, await ownNode(feed.catalog, options), options);
  } catch (error) {
    await feed.close();
    throw error;
  }
}

async function openStore({ dataDir, datacenter, logger, clock }: RegistryOptions): Promise<Store> {
  return dataDir === undefined ? openMemoryStore() : openEmbeddedStore({ dataDir, datacenter, logger, clock });
}

async function ownNode(catalog: Catalog, { node = {}, dataDir }: RegistryOptions): Promise<OwnNode> {
  const name = node.name ?? hostname();
  const id = node.id ?? (dataDir === undefined ? knownId(catalog, name) : await readOrCreateNodeId(dataDir));
  const { datacenter } = catalog;
  const address = node.address ?? '127.0.0.1';
  return { name, id, datacenter, address, meta: node.meta ?? {}, owner: { datacenter, origin: id } };
}

/** The id under which the store already knows a node of this name as an agent's. */
function knownId(catalog: Catalog, name: string): string {
  const row = catalog.node(name);
  return row && row.id !== '' && row.origin === row.id ? row.id : randomUUID();
}

function coreOf({ catalog, writer, logger }: Feed, self: OwnNode, delays: LockDelays, options: RegistryOptions): Core {
  const clock = options.clock ?? realClock;
  const hlc = hybridClockOver(catalog, clock);
  return {
    self,
    owners: new Owners(self.id, catalog),
    catalog,
    logger,
    clock,
    hlc,
    random: options.random ?? realRandom,
    newId: options.newId ?? randomUUID,
    policy: options.policy ?? allowAll,
    registrationPolicy: compileRegistrationPolicy(
      parseRegistrationPolicy(options.registrationPolicy ?? {}),
      compileRegexp,
    ),
    marks: new ExpiryMarks(),
    comingIndex: (ref) => writer.comingIndex(ref),
    decide: (decision) =>
      writer.decide((head) => {
        const decided = decision(head);
        delays.start(decided.lockDelays);
        return withTakeovers(
          stamped(decided, self.id, () => hlc.tick(clock.wall())),
          head,
          catalog,
          self.id,
        );
      }),
  };
}

/** Above everything that was stamped here before, were the wall clock set back meanwhile. */
function hybridClockOver(catalog: Catalog, clock: Clock): HybridClock {
  const hlc = new HybridClock();
  const wallMs = clock.wall();
  for (const row of catalog.rows().rows) {
    if (row.kind === 'node' || row.kind === 'service') hlc.observe(row.hlc ?? 0, wallMs);
  }
  return hlc;
}

async function assemble(feed: Feed, self: OwnNode, options: RegistryOptions): Promise<Registry> {
  const { catalog, events, store } = feed;
  const clock = options.clock ?? realClock;
  const delays = new LockDelays(clock);
  const core = coreOf(feed, self, delays, options);
  const { node, results, scheduler } = assembleNode(core, options.checks ?? {});
  const leases = new SessionLeases(core);
  const history = new HealthHistory(() => clock.wall());
  const isPrivate = (key: string): boolean => core.registrationPolicy.privateMetaKeys.has(key);
  const teller = new EventTeller(events, core.marks, isPrivate);
  const reconciler = new Reconciler(node);
  const reaper = new Reaper(node, options.checks?.minDeregisterAfterMs ?? defaults.minDeregisterAfterMs);
  const local = new LocalTeller(store, core.logger);
  const replicas = replicasOf(feed, core, options);
  feed.onApplied = (applied, source) => {
    leases.follow(applied);
    history.note(applied);
    teller.tell(applied);
    local.tell(applied, source);
  };
  const tombstones = new TombstonePruner(catalog, clock);
  for (const part of [replicas, leases, node, tombstones, reaper, reconciler]) feed.beforeClose(() => part.close());

  await replicas.start();
  await takeOver(node);
  await reconciler.run({ pauses: false });
  leases.start();
  reconciler.start();
  reaper.start();
  tombstones.start();

  return new Registry({
    core,
    store,
    catalog,
    events,
    history,
    node,
    reconciler,
    scheduler,
    search: new MetadataManager(catalog, { isPrivate }),
    local: new LocalCommands(node, results, rulesOf(options)),
    catalogCommands: new CatalogCommands(core),
    state: new StateCommands(core, leases, delays, options.sessionTtlMinMs),
    queries: new QueryCommands(core),
    sync: { core, feed, node, delays, local, replicas },
    close: () => feed.close(),
  });
}

function replicasOf({ events }: Feed, { self, clock, logger }: Core, options: RegistryOptions): Replicas {
  const { dataDir, copiesDir = dataDir === undefined ? undefined : join(dataDir, 'copies') } = options;
  const stores = new CopyStores(copiesDir, { clock, logger });
  return new Replicas({
    stores,
    clock,
    logger,
    datacenter: self.datacenter,
    onFatal: (error) => events.emit('fatal', error),
  });
}

function rulesOf({ checks = {} }: RegistryOptions) {
  const runners = runnersOf(checks);
  return {
    enableScriptChecks: checks.enableScriptChecks ?? false,
    enableLocalScriptChecks: checks.enableLocalScriptChecks ?? false,
    hasRunner: (name: string) => runners.has(name),
    outputMaxBytes: checks.outputMaxBytes,
  };
}
