/**
 * What decisions read: the catalog plus every change already handed to the store and not yet followed. Commands are
 * decided one after another, faster than the disk syncs; each must see those before it, or two `cas=0` would both win.
 *
 * The registry stages a command's changes when it commits them and releases them once the catalog has applied them. A
 * later change of the same row stays staged through an earlier release. Rows in flight have modifyIndex 0.
 *
 * With nothing in flight every read is the catalog's own; otherwise a read costs what the catalog's does plus the rows
 * in flight of that kind (and node).
 */
import { refOf } from '../../model/index.js';
import type {
  Change,
  CheckRow,
  ConfigRow,
  EventRow,
  KvRow,
  LocalCheckRow,
  LocalServiceRow,
  NodeRow,
  QueryRow,
  Row,
  RowKind,
  RowOf,
  RowRef,
  ServiceRow,
  SessionRow,
  StateReader,
} from '../../model/index.js';
import { Overlay } from './overlay.js';
import type { StagedGroup } from './overlay.js';

export class Head implements StateReader {
  private readonly overlay = new Overlay();

  constructor(private readonly catalog: StateReader) {}

  /** Returns the release, to be called once the catalog shows the changes; harmless twice. */
  stage(changes: readonly Change[]): () => void {
    return this.overlay.stage(changes, (ref) => this.row(ref)?.createIndex ?? 0);
  }

  // ---- nodes, services, checks

  node(name: string): NodeRow | undefined {
    return this.pick({ kind: 'node', node: name.toLowerCase(), id: '' }, () => this.catalog.node(name));
  }

  nodeById(id: string): NodeRow | undefined {
    const wanted = id.toLowerCase();
    if (wanted === '') return undefined;
    for (const { row } of this.overlay.all('node')) if (row?.id.toLowerCase() === wanted) return row;
    const row = this.catalog.nodeById(id);
    return row && !this.overlay.get(refOf(row)) ? row : undefined;
  }

  nodes(): Iterable<NodeRow> {
    if (this.overlay.empty) return this.catalog.nodes();
    return [
      ...untouched(this.catalog.nodes(), (row) => this.overlay.get(refOf(row))),
      ...present(this.overlay.all('node')),
    ];
  }

  service(node: string, id: string): ServiceRow | undefined {
    return this.pick({ kind: 'service', node: node.toLowerCase(), id }, () => this.catalog.service(node, id));
  }

  servicesOf(node: string): Iterable<ServiceRow> {
    return merged(this.catalog.servicesOf(node), this.overlay.group('service', node.toLowerCase()), (row) => row.id);
  }

  check(node: string, checkId: string): CheckRow | undefined {
    return this.pick({ kind: 'check', node: node.toLowerCase(), id: checkId }, () => this.catalog.check(node, checkId));
  }

  checksOf(node: string): Iterable<CheckRow> {
    return merged(this.catalog.checksOf(node), this.overlay.group('check', node.toLowerCase()), (row) => row.checkId);
  }

  checksOfService(node: string, serviceId: string): Iterable<CheckRow> {
    const staged = this.overlay.group('check', node.toLowerCase());
    const rows = merged(this.catalog.checksOfService(node, serviceId), staged, (row) => row.checkId);
    return filtered(rows, (row) => row.serviceId === serviceId);
  }

  // ---- definitions of our own node

  localService(id: string): LocalServiceRow | undefined {
    return this.pick({ kind: 'local-service', node: '', id }, () => this.catalog.localService(id));
  }

  localServices(): Iterable<LocalServiceRow> {
    return merged(this.catalog.localServices(), this.overlay.group('local-service'), (row) => row.id);
  }

  localCheck(checkId: string): LocalCheckRow | undefined {
    return this.pick({ kind: 'local-check', node: '', id: checkId }, () => this.catalog.localCheck(checkId));
  }

  localChecks(): Iterable<LocalCheckRow> {
    return merged(this.catalog.localChecks(), this.overlay.group('local-check'), (row) => row.checkId);
  }

  // ---- key-values

  kv(key: string): KvRow | undefined {
    return this.pick({ kind: 'kv', node: '', id: key }, () => this.catalog.kv(key));
  }

  kvUnder(prefix: string): Iterable<KvRow> {
    const rows = this.catalog.kvUnder(prefix);
    const staged = within(this.overlay.group('kv'), (key) => key.startsWith(prefix));
    if (staged.size === 0) return rows;
    return [...merged(rows, staged, (row) => row.key)].sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  keysHeldBy(sessionId: string): Iterable<KvRow> {
    const rows = merged(this.catalog.keysHeldBy(sessionId), this.overlay.group('kv'), (row) => row.key);
    return filtered(rows, (row) => row.session === sessionId);
  }

  // ---- sessions, queries, events, config

  session(id: string): SessionRow | undefined {
    return this.pick({ kind: 'session', node: '', id }, () => this.catalog.session(id));
  }

  sessions(): Iterable<SessionRow> {
    return merged(this.catalog.sessions(), this.overlay.group('session'), (row) => row.id);
  }

  sessionsOf(node: string): Iterable<SessionRow> {
    const key = node.toLowerCase();
    const rows = merged(this.catalog.sessionsOf(node), this.overlay.group('session'), (row) => row.id);
    return filtered(rows, (row) => row.node.toLowerCase() === key);
  }

  query(id: string): QueryRow | undefined {
    return this.pick({ kind: 'query', node: '', id }, () => this.catalog.query(id));
  }

  queries(): Iterable<QueryRow> {
    return merged(this.catalog.queries(), this.overlay.group('query'), (row) => row.id);
  }

  /** Oldest first. */
  events(): Iterable<EventRow> {
    const staged = this.overlay.group('event');
    if (staged.size === 0) return this.catalog.events();
    const rows = [...merged(this.catalog.events(), staged, (row) => refOf(row).id)];
    return rows.sort((a, b) => a.ltime - b.ltime);
  }

  config(kind: string, name: string): ConfigRow | undefined {
    const id = `${kind}/${name}`;
    return this.pick({ kind: 'config', node: '', id }, () => this.catalog.config(kind, name));
  }

  configs(): Iterable<ConfigRow> {
    return merged(this.catalog.configs(), this.overlay.group('config'), (row) => refOf(row).id);
  }

  // ---- merging

  private pick<K extends RowKind>(ref: RowRef<K>, committed: () => RowOf<K> | undefined): RowOf<K> | undefined {
    if (this.overlay.empty) return committed();
    const staged = this.overlay.get(ref);
    return staged ? staged.row : committed();
  }

  private row({ kind, node, id }: RowRef): Row | undefined {
    switch (kind) {
      case 'node':
        return this.node(node);
      case 'service':
        return this.service(node, id);
      case 'check':
        return this.check(node, id);
      case 'local-service':
        return this.localService(id);
      case 'local-check':
        return this.localCheck(id);
      case 'kv':
        return this.kv(id);
      case 'session':
        return this.session(id);
      case 'query':
        return this.query(id);
      case 'event':
      case 'sync':
        return this.overlay.get({ kind, node, id })?.row;
      default:
        return this.configById(id);
    }
  }

  private configById(id: string): ConfigRow | undefined {
    const slash = id.indexOf('/');
    return this.config(id.slice(0, slash), id.slice(slash + 1));
  }
}

/** Committed rows that nothing in flight replaces or removes, then the rows in flight. */
function merged<R extends Row>(rows: Iterable<R>, staged: StagedGroup<R>, idOf: (row: R) => string): Iterable<R> {
  if (staged.size === 0) return rows;
  return [...untouched(rows, (row) => staged.get(idOf(row))), ...present(staged.values())];
}

function* untouched<R>(rows: Iterable<R>, staged: (row: R) => unknown): Iterable<R> {
  for (const row of rows) if (!staged(row)) yield row;
}

function* present<R extends Row>(staged: Iterable<{ readonly row: R | undefined }>): Iterable<R> {
  for (const { row } of staged) if (row) yield row;
}

function* filtered<R>(rows: Iterable<R>, keep: (row: R) => boolean): Iterable<R> {
  for (const row of rows) if (keep(row)) yield row;
}

function within<R extends Row>(staged: StagedGroup<R>, keep: (id: string) => boolean): StagedGroup<R> {
  if (staged.size === 0) return staged;
  return new Map([...staged].filter(([id]) => keep(id)));
}
