import type {
  CheckRow,
  ConfigRow,
  EventRow,
  KvRow,
  LocalCheckRow,
  LocalServiceRow,
  NodeRow,
  QueryRow,
  ServiceRow,
  SessionRow,
} from './rows.js';

/**
 * Reads that a decision needs, by identity. Implemented twice: by the catalog (what is committed) and by the head
 * (the catalog plus every change handed to the store and not yet followed). Synchronous: a decision sees one state.
 * Rows in flight have modifyIndex 0.
 */
export interface StateReader {
  node(name: string): NodeRow | undefined;
  nodeById(id: string): NodeRow | undefined;
  nodes(): Iterable<NodeRow>;
  service(node: string, id: string): ServiceRow | undefined;
  servicesOf(node: string): Iterable<ServiceRow>;
  check(node: string, checkId: string): CheckRow | undefined;
  /** Of the node and all its instances: as many as it has. */
  checksOf(node: string): Iterable<CheckRow>;
  /** Of one instance; of the node itself with ''. */
  checksOfService(node: string, serviceId: string): Iterable<CheckRow>;
  localService(id: string): LocalServiceRow | undefined;
  localServices(): Iterable<LocalServiceRow>;
  localCheck(checkId: string): LocalCheckRow | undefined;
  localChecks(): Iterable<LocalCheckRow>;
  kv(key: string): KvRow | undefined;
  /** Sorted by key. */
  kvUnder(prefix: string): Iterable<KvRow>;
  keysHeldBy(sessionId: string): Iterable<KvRow>;
  session(id: string): SessionRow | undefined;
  sessions(): Iterable<SessionRow>;
  sessionsOf(node: string): Iterable<SessionRow>;
  query(id: string): QueryRow | undefined;
  queries(): Iterable<QueryRow>;
  events(): Iterable<EventRow>;
  config(kind: string, name: string): ConfigRow | undefined;
  configs(): Iterable<ConfigRow>;
}
