import { topic } from '../../model/index.js';
import type {
  Change,
  ConfigRow,
  EventRow,
  LocalCheckRow,
  LocalServiceRow,
  QueryRow,
  Row,
  RowRef,
  SyncDocument,
} from '../../model/index.js';
import { refOf } from '../../model/index.js';
import { Listings } from '../topology/listings.js';
import { Topology } from '../topology/topology.js';
import { KvTable } from './kv-table.js';
import { PlainTable } from './plain-table.js';
import { SessionTable } from './session-table.js';
import { slimLocalCheck, slimLocalService } from './slim-row.js';
import type { Write } from './write.js';

/** All rows of one datacenter, by kind. A snapshot makes a new one; a change set changes the one there is. */
export class Tables {
  readonly topology: Topology;
  readonly listings: Listings;
  readonly kv: KvTable;
  readonly sessions: SessionTable;
  readonly queries: PlainTable<QueryRow>;
  readonly events: PlainTable<EventRow>;
  readonly configs: PlainTable<ConfigRow>;
  readonly localServices: PlainTable<LocalServiceRow>;
  readonly localChecks: PlainTable<LocalCheckRow>;
  /** Nobody waits for these, and no list has them. */
  readonly documents: PlainTable<SyncDocument>;

  constructor(startIndex: number) {
    this.topology = new Topology(startIndex);
    this.listings = new Listings(this.topology);
    this.kv = new KvTable(startIndex);
    this.sessions = new SessionTable(startIndex);
    this.queries = new PlainTable(startIndex, topic.queries);
    this.events = new PlainTable(startIndex, topic.events);
    this.configs = new PlainTable(startIndex, topic.configs);
    this.localServices = new PlainTable(startIndex, undefined, slimLocalService);
    this.localChecks = new PlainTable(startIndex, undefined, slimLocalCheck);
    this.documents = new PlainTable(startIndex);
  }

  /** Returns the row that was there. */
  apply(change: Change, write: Write): Row | undefined {
    if (change.op === 'delete') return this.delete(change.ref, write);
    if (!change.keepIndexes || write.keepIndexes) return this.put(change.row, write);
    if (change.row.kind === 'kv') this.kv.raiseFloors(write.index);
    return this.put(change.row, { ...write, keepIndexes: true });
  }

  put(row: Row, write: Write): Row | undefined {
    switch (row.kind) {
      case 'node':
        return this.topology.putNode(row, write);
      case 'service':
        return this.topology.putService(row, write);
      case 'check':
        return this.topology.putCheck(row, write);
      case 'kv':
        return this.kv.put(row, write);
      case 'session':
        return this.sessions.put(row.id, row, write);
      case 'query':
        return this.queries.put(row.id, row, write);
      case 'event':
        return this.events.put(refOf(row).id, row, write);
      case 'config':
        return this.configs.put(refOf(row).id, row, write);
      case 'sync':
        return this.documents.put(row.id, row, write);
      case 'local-service':
        write.touched.local(row.id);
        return this.localServices.put(row.id, row, write);
      default:
        return this.putLocalCheck(row, write);
    }
  }

  private delete(ref: RowRef, write: Write): Row | undefined {
    switch (ref.kind) {
      case 'node':
        return this.topology.deleteNode(ref.node, write);
      case 'service':
        return this.topology.deleteService(ref.node, ref.id, write);
      case 'check':
        return this.topology.deleteCheck(ref.node, ref.id, write);
      case 'kv':
        return this.kv.delete(ref.id, write);
      case 'session':
        return this.sessions.delete(ref.id, write);
      case 'query':
        return this.queries.delete(ref.id, write);
      case 'event':
        return this.events.delete(ref.id, write);
      case 'config':
        return this.configs.delete(ref.id, write);
      case 'sync':
        return this.documents.delete(ref.id, write);
      case 'local-service':
        return this.deleteLocalService(ref.id, write);
      default:
        return this.deleteLocalCheck(ref.id, write);
    }
  }

  get(ref: RowRef): Row | undefined {
    const node = this.topology.nodes.get(ref.node);
    switch (ref.kind) {
      case 'node':
        return node?.row;
      case 'service':
        return node?.instances.get(ref.id)?.row;
      case 'check':
        return node?.checks.get(ref.id);
      case 'kv':
        return this.kv.get(ref.id);
      case 'session':
        return this.sessions.get(ref.id);
      case 'query':
        return this.queries.get(ref.id);
      case 'event':
        return this.events.get(ref.id);
      case 'config':
        return this.configs.get(ref.id);
      case 'sync':
        return this.documents.get(ref.id);
      case 'local-service':
        return this.localServices.get(ref.id);
      default:
        return this.localChecks.get(ref.id);
    }
  }

  /** Every row, as references; documents of sync are none that anybody is shown. */
  rows(): Row[] {
    const rows: Row[] = [];
    const add = (some: Iterable<Row>): void => {
      for (const row of some) rows.push(row);
    };
    for (const node of this.topology.nodes.values()) {
      if (node.row) rows.push(node.row);
      for (const instance of node.instances.values()) if (instance.row) rows.push(instance.row);
      add(node.checks.values());
    }
    add(this.kv.under(''));
    for (const table of [
      this.sessions,
      this.queries,
      this.events,
      this.configs,
      this.localServices,
      this.localChecks,
    ]) {
      add(table.values());
    }
    return rows;
  }

  /**
   * A reader of a local service waits for its definition, and for its checks to come and go (docs/contract.md section
   * 1.6).
   */
  private putLocalCheck(row: LocalCheckRow, write: Write): Row | undefined {
    const before = this.localChecks.put(row.checkId, row, write);
    if (before?.serviceId !== row.serviceId) {
      write.touched.local(row.serviceId);
      if (before) write.touched.local(before.serviceId);
    }
    return before;
  }

  private deleteLocalService(id: string, write: Write): Row | undefined {
    const before = this.localServices.delete(id, write);
    if (before) write.touched.local(id);
    return before;
  }

  private deleteLocalCheck(id: string, write: Write): Row | undefined {
    const before = this.localChecks.delete(id, write);
    if (before) write.touched.local(before.serviceId);
    return before;
  }
}
