/**
 * The committed state of one datacenter, as everything reads it: HTTP, DNS, watches, metrics, page. It changes only by
 * what a store's `follow` yields, one change set at a time: all of a set is applied, then the promises of `reached`
 * resolve, then every reader whose topic the set touched is woken, once.
 *
 * The index of a read never falls while the catalog lives (docs/contract.md section 1.6), whatever is deleted, pruned
 * or restored.
 */
import { ServiceDiscoveryError, refOf, topic } from '../model/index.js';
import type {
  Answer,
  CatalogView,
  Change,
  ChangeSet,
  CheckRow,
  ConfigRow,
  EventRow,
  KvRow,
  LocalCheckRow,
  LocalServiceRow,
  NodeRow,
  QueryRow,
  Row,
  ServiceRow,
  ServiceView,
  SessionRow,
  Snapshot,
  SyncDocument,
  Topic,
} from '../model/index.js';
import { InternPool } from './tables/intern.js';
import { Tables } from './tables/tables.js';
import type { Write } from './tables/write.js';
import type { NodeEntry } from './topology/entries.js';
import { checksOf, compare } from './topology/listings.js';
import type { ServiceTags } from './topology/listings.js';
import { serviceViewOf } from './topology/views.js';
import { Reached } from './wake/reached.js';
import { Touched, untold } from './wake/touched.js';
import { Wakers } from './wake/wakers.js';

/**
 * One row that an update changed: no `before` when it is new, no `after` when it is gone. Deleting nothing is not told.
 */
export interface AppliedChange {
  readonly index: number;
  readonly before?: Row;
  readonly after?: Row;
}

export class Catalog implements CatalogView {
  readonly datacenter: string;
  private tables = new Tables(0);
  private readonly pool = new InternPool();
  private readonly wakers = new Wakers();
  private readonly waiting = new Reached();
  private applied = 0;
  private hasSnapshot = false;

  constructor(options: { readonly datacenter: string }) {
    this.datacenter = options.datacenter;
  }

  get index(): number {
    return this.applied;
  }

  get ready(): boolean {
    return this.hasSnapshot;
  }

  // ---- changing

  /**
   * The rows that changed, in order. The first snapshot tells none: what was there before we started is not news. A
   * later one tells how it differs from what it replaces.
   */
  apply(update: Snapshot | ChangeSet): readonly AppliedChange[] {
    this.refuseStale(update);
    return update.type === 'snapshot' ? this.applySnapshot(update) : this.applyChanges(update);
  }

  /** Forgets deletions before `olderThanIndex`: how long they are spoken of is the caller's to time. */
  pruneTombstones(olderThanIndex: number): void {
    this.tables.kv.prune(olderThanIndex);
  }

  close(): void {
    this.waiting.close();
  }

  private applyChanges(set: ChangeSet): readonly AppliedChange[] {
    const touched = new Touched();
    const write: Write = { index: set.index, touched, pool: this.pool, keepIndexes: set.keepIndexes ?? false };
    const applied: AppliedChange[] = [];
    for (const change of set.changes) {
      const before = this.tables.apply(change, write);
      if (isDocument(change)) continue;
      const after = change.op === 'put' ? this.tables.get(refOf(change.row)) : undefined;
      if (before || after) applied.push({ index: set.index, ...(before && { before }), ...(after && { after }) });
    }
    this.advance(set.index);
    if (applied.length > 0) this.wakers.wake(touched);
    return applied;
  }

  private applySnapshot(snapshot: Snapshot): readonly AppliedChange[] {
    const { index } = snapshot;
    const old = this.tables;
    const fresh = new Tables(index);
    const write: Write = { index, touched: untold, pool: this.pool, keepIndexes: true };
    for (const row of snapshot.rows) fresh.put(row, write);
    const first = !this.hasSnapshot;
    if (!first) fresh.kv.raiseFloors(index);
    this.tables = fresh;
    this.hasSnapshot = true;
    this.advance(index);
    this.wakers.wakeEverybody();
    return first ? [] : differences(old, fresh, index);
  }

  private advance(index: number): void {
    this.applied = index;
    this.waiting.advance(index);
  }

  private refuseStale(update: Snapshot | ChangeSet): void {
    if (update.index > this.applied || (update.index === this.applied && !isNews(update))) return;
    throw new ServiceDiscoveryError(
      'INTERNAL',
      `the catalog is at index ${this.applied} and was given a ${update.type} of index ${update.index}`,
    );
  }

  // ---- waiting

  reached(index: number): Promise<void> {
    return this.waiting.wait(index, this.applied);
  }

  subscribe(to: Topic, wake: () => void): () => void {
    return this.wakers.subscribe(to, wake);
  }

  // ---- reads by identity (StateReader)

  node(name: string): NodeRow | undefined {
    return this.entry(name)?.row;
  }

  nodeById(id: string): NodeRow | undefined {
    return this.tables.topology.nodeById(id)?.row;
  }

  nodes(): Iterable<NodeRow> {
    return this.tables.listings.allNodes();
  }

  service(node: string, id: string): ServiceRow | undefined {
    return this.entry(node)?.instances.get(id)?.row;
  }

  servicesOf(node: string): Iterable<ServiceRow> {
    const entry = this.entry(node);
    return entry ? servicesOn(entry) : [];
  }

  check(node: string, checkId: string): CheckRow | undefined {
    return this.entry(node)?.checks.get(checkId);
  }

  checksOf(node: string): Iterable<CheckRow> {
    return this.entry(node)?.checks.values() ?? [];
  }

  checksOfService(node: string, serviceId: string): Iterable<CheckRow> {
    const entry = this.entry(node);
    return (serviceId === '' ? entry?.ownChecks : entry?.instances.get(serviceId)?.checks) ?? [];
  }

  localService(id: string): LocalServiceRow | undefined {
    return this.tables.localServices.get(id);
  }

  localServices(): Iterable<LocalServiceRow> {
    return this.tables.localServices.values();
  }

  localCheck(checkId: string): LocalCheckRow | undefined {
    return this.tables.localChecks.get(checkId);
  }

  localChecks(): Iterable<LocalCheckRow> {
    return this.tables.localChecks.values();
  }

  kv(key: string): KvRow | undefined {
    return this.tables.kv.get(key);
  }

  kvUnder(prefix: string): readonly KvRow[] {
    return this.tables.kv.under(prefix);
  }

  keysHeldBy(sessionId: string): readonly KvRow[] {
    return this.tables.kv.heldBy(sessionId);
  }

  session(id: string): SessionRow | undefined {
    return this.tables.sessions.get(id);
  }

  sessions(): Iterable<SessionRow> {
    return this.tables.sessions.values();
  }

  sessionsOf(node: string): readonly SessionRow[] {
    return this.tables.sessions.ofNode(node);
  }

  query(id: string): QueryRow | undefined {
    return this.tables.queries.get(id);
  }

  queries(): Iterable<QueryRow> {
    return this.tables.queries.values();
  }

  /** Oldest first. */
  events(): readonly EventRow[] {
    return [...this.tables.events.values()].sort((a, b) => a.ltime - b.ltime);
  }

  config(kind: string, name: string): ConfigRow | undefined {
    return this.tables.configs.get(`${kind}/${name}`);
  }

  configs(): Iterable<ConfigRow> {
    return this.tables.configs.values();
  }

  // ---- reads with an index

  serviceView(name: string): ServiceView {
    const { services, serviceGoneIndex } = this.tables.topology;
    const entry = services.get(name.toLowerCase());
    return entry ? serviceViewOf(entry) : { name, index: Math.max(1, serviceGoneIndex), instances: [] };
  }

  hasService(name: string): boolean {
    return this.tables.topology.services.has(name.toLowerCase());
  }

  *serviceNames(): Iterable<string> {
    for (const entry of this.tables.topology.services.values()) yield entry.name;
  }

  serviceTags(accepts?: (node: NodeRow) => boolean): Answer<ServiceTags> {
    const { listings, topology } = this.tables;
    return answer(accepts ? listings.tagsOn(accepts) : listings.allTags(), topology.servicesIndex, topic.services);
  }

  allNodes(): Answer<readonly NodeRow[]> {
    const { listings, topology } = this.tables;
    return answer(listings.allNodes(), topology.nodesIndex, topic.nodes);
  }

  nodeView(name: string): Answer<{ readonly node: NodeRow; readonly services: readonly ServiceRow[] } | undefined> {
    const entry = this.entry(name);
    const gone = this.tables.topology.nodeGoneIndex;
    if (!entry?.row) return answer(undefined, Math.max(gone, entry?.index ?? 0), topic.node(name));
    return answer({ node: entry.row, services: servicesOn(entry).sort(byId) }, entry.index, topic.node(name));
  }

  nodeChecks(name: string): Answer<readonly CheckRow[]> {
    const entry = this.entry(name);
    return answer(entry ? checksOf(entry) : [], this.tables.topology.checksIndex, topic.node(name));
  }

  serviceChecks(name: string): Answer<readonly CheckRow[]> {
    const instances = this.tables.topology.services.get(name.toLowerCase())?.instances ?? [];
    const checks = instances.flatMap((instance) => instance.checks);
    return answer(checks, this.serviceView(name).index, topic.service(name));
  }

  checksInState(state: string): Answer<readonly CheckRow[]> {
    const { listings, topology } = this.tables;
    return answer(listings.checksInState(state), topology.checksIndex, topic.checks);
  }

  kvAnswer(key: string): Answer<KvRow | undefined> {
    return answer(this.tables.kv.get(key), this.tables.kv.indexOfKey(key), topic.key(key));
  }

  kvList(prefix: string): Answer<readonly KvRow[]> {
    const { rows, index } = this.tables.kv.list(prefix);
    return answer(rows, index, topic.keyPrefix(prefix));
  }

  sessionsAnswer(): Answer<readonly SessionRow[]> {
    const { sessions } = this.tables;
    return answer([...sessions.values()], sessions.index, topic.sessions);
  }

  queriesAnswer(): Answer<readonly QueryRow[]> {
    const { queries } = this.tables;
    return answer([...queries.values()], queries.index, topic.queries);
  }

  configsAnswer(kind?: string): Answer<readonly ConfigRow[]> {
    const { configs } = this.tables;
    const rows = [...configs.values()].filter((row) => kind === undefined || row.configKind === kind);
    return answer(rows, configs.index, topic.configs);
  }

  nodeByAddress(ip: string): NodeRow | undefined {
    return this.tables.topology.nodeByAddress(ip);
  }

  serviceByAddress(ip: string): ServiceRow | undefined {
    return this.tables.topology.serviceByAddress(ip);
  }

  // ---- the whole

  rows(): { readonly index: number; readonly rows: readonly Row[] } {
    return { index: this.applied, rows: this.tables.rows() };
  }

  /** What sync keeps beside the rows, of ids that begin so. */
  *documents(prefix = ''): Iterable<SyncDocument> {
    for (const row of this.tables.documents.values()) if (row.id.startsWith(prefix)) yield row;
  }

  document(id: string): SyncDocument | undefined {
    return this.tables.documents.get(id);
  }

  counts(): ReturnType<CatalogView['counts']> {
    const { topology, kv, sessions } = this.tables;
    return {
      nodes: topology.nodeCount,
      services: topology.services.size,
      instances: topology.instanceCount,
      checks: topology.checkCount,
      keys: kv.size,
      sessions: sessions.size,
    };
  }

  private entry(node: string): NodeEntry | undefined {
    return this.tables.topology.nodes.get(node.toLowerCase());
  }
}

/** Documents may join the index of a copy that they come after: no reader sees them, so none can tell. */
function isNews(update: Snapshot | ChangeSet): boolean {
  return update.type === 'changes' && !(update.keepIndexes && update.changes.every(isDocument));
}

function isDocument(change: Change): boolean {
  return (change.op === 'put' ? change.row.kind : change.ref.kind) === 'sync';
}

/** 0 would mean "do not wait" to a client, so it is told as 1. */
function answer<T>(value: T, index: number, on: Topic): Answer<T> {
  return { value, index: Math.max(1, index), topic: on };
}

function servicesOn(entry: NodeEntry): ServiceRow[] {
  const rows: ServiceRow[] = [];
  for (const instance of entry.instances.values()) if (instance.row) rows.push(instance.row);
  return rows;
}

function byId(a: ServiceRow, b: ServiceRow): number {
  return compare(a.id, b.id);
}

function differences(old: Tables, fresh: Tables, index: number): AppliedChange[] {
  const changes: AppliedChange[] = [];
  for (const after of fresh.rows()) {
    const before = old.get(refOf(after));
    if (!before) changes.push({ index, after });
    else if (before.modifyIndex !== after.modifyIndex) changes.push({ index, before, after });
  }
  for (const before of old.rows()) if (!fresh.get(refOf(before))) changes.push({ index, before });
  return changes;
}
