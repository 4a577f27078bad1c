import type {
  CheckStatus,
  CheckDefinition,
  EventRow,
  KvRow,
  LocalCheckRow,
  LocalServiceRow,
  PreparedService,
  QueryRow,
  Row,
  SessionRow,
} from './rows.js';
import type {
  CatalogDeregistration,
  CatalogRegistration,
  CheckRegistration,
  QueryRequest,
  ServiceRegistration,
  SessionRequest,
  TxnOperation,
} from './wire/index.js';
import type { CatalogView, InstanceView } from './view.js';

/** Who asks. The policy is consulted with the token; '' is anonymous. */
export interface Caller {
  readonly token: string;
}

/** A check of this agent as it is now: the definition, and the live result that may be newer than the catalog's row. */
export interface LocalCheckState {
  readonly row: LocalCheckRow;
  readonly status: CheckStatus;
  readonly output: string;
  readonly serviceName: string;
  readonly serviceTags: readonly string[];
  /** Damped: kept critical because it changed too often (off by default). */
  readonly flapping: boolean;
  /** When it last ran, or its owner last spoke, wall-clock ms; undefined before the first time since the start. */
  readonly lastResultAt: number | undefined;
}

/** One change of a check's status. `at` is wall-clock milliseconds. */
export interface HealthFlip {
  readonly at: number;
  readonly from: string;
  readonly to: string;
  readonly output: string;
}

export interface KvWrite {
  readonly key: string;
  /** Base64. */
  readonly value: string;
  readonly flags: bigint;
  readonly mode:
    | { readonly type: 'set' }
    | { readonly type: 'cas'; readonly index: number }
    | { readonly type: 'acquire'; readonly session: string }
    | { readonly type: 'release'; readonly session: string };
}

export interface KvDelete {
  readonly key: string;
  readonly mode:
    | { readonly type: 'key' }
    | { readonly type: 'prefix' }
    | { readonly type: 'cas'; readonly index: number };
}

export type TxnResult =
  | { readonly type: 'kv'; readonly row: KvRow; readonly withValue: boolean }
  | { readonly type: 'node' | 'service' | 'check'; readonly row: Row };

export type TxnOutcome =
  | { readonly ok: true; readonly results: readonly TxnResult[]; readonly index: number }
  | { readonly ok: false; readonly errors: readonly { readonly opIndex: number; readonly what: string }[] };

export interface QueryExecution {
  readonly query: QueryRow;
  /** After template expansion. */
  readonly service: PreparedService;
  readonly name: string;
  readonly nodes: readonly InstanceView[];
  readonly datacenter: string;
  readonly failovers: number;
}

export interface ExecuteOptions {
  readonly limit?: number;
  /** Node name to sort by distance from; '' = shuffled. */
  readonly near?: string;
  readonly connect?: boolean;
  /** Whose instances; '' = our own datacenter's, the default. NOT_FOUND `No path to datacenter` for one not known. */
  readonly datacenter?: string;
}

/**
 * Every write, and the reads that are the agent's own rather than the catalog's. Implemented by registry/.
 *
 * A command is decided synchronously in call order, answers once the catalog shows its result, and rejects with a
 * ServiceDiscoveryError whose message is the contract's text:
 * INVALID_ARGUMENT (the API answers 400 for agent/…, 500 behind catalog, session, kv and query, as docs/contract.md
 * section 3 says; `details.status` overrides where one text departs from its family), NOT_FOUND, CONFLICT,
 * PERMISSION_DENIED,
 * UNAVAILABLE (the store failed). An idempotent repetition commits nothing and moves no index.
 */
export interface RegistryCommands {
  readonly nodeName: string;
  readonly nodeId: string;

  // ---- this agent's own node (docs/contract.md sections 3.1, 3.2, 4)
  registerService(
    body: ServiceRegistration,
    options?: { replaceExistingChecks?: boolean; fromConfig?: boolean } & Partial<Caller>,
  ): Promise<void>;
  deregisterService(id: string, caller?: Caller): Promise<void>;
  registerCheck(body: CheckRegistration, options?: { fromConfig?: boolean } & Partial<Caller>): Promise<void>;
  deregisterCheck(checkId: string, caller?: Caller): Promise<void>;
  /** pass, warn, fail and update of a TTL check. */
  updateTtl(checkId: string, status: CheckStatus, output: string, caller?: Caller): Promise<void>;
  setServiceMaintenance(id: string, enable: boolean, reason: string, caller?: Caller): Promise<void>;
  setNodeMaintenance(enable: boolean, reason: string, caller?: Caller): Promise<void>;
  /**
   * Runs a check of ours at once. NOT_FOUND when there is none; false when its kind cannot be run (ttl, maintenance).
   */
  runCheckNow(checkId: string, caller?: Caller): Promise<boolean>;
  localServices(): ReadonlyMap<string, LocalServiceRow>;
  localChecks(): ReadonlyMap<string, LocalCheckState>;
  localCheck(checkId: string): LocalCheckState | undefined;
  /** The checks that count for one of our instances: its own, then the node's. */
  localChecksOf(serviceId: string): readonly LocalCheckState[];
  /** Newest last, bounded; of any check this agent runs or has seen change in the catalog. Key: node, check id. */
  checkHistory(node: string, checkId: string): readonly HealthFlip[];

  // ---- the catalog, whoever runs the node (docs/contract.md section 3.3)
  registerCatalog(body: CatalogRegistration, caller?: Caller): Promise<void>;
  deregisterCatalog(body: CatalogDeregistration, caller?: Caller): Promise<void>;

  // ---- key-values, sessions, transactions, events, queries (docs/contract.md sections 3.5–3.10)
  kvPut(write: KvWrite, caller?: Caller): Promise<boolean>;
  kvDelete(request: KvDelete, caller?: Caller): Promise<boolean>;
  createSession(body: SessionRequest, caller?: Caller): Promise<string>;
  destroySession(id: string, caller?: Caller): Promise<void>;
  renewSession(id: string, caller?: Caller): Promise<SessionRow>;
  transaction(operations: readonly TxnOperation[], caller?: Caller): Promise<TxnOutcome>;
  fireEvent(
    event: { name: string; payload: string; node: string; service: string; tag: string },
    caller?: Caller,
  ): Promise<EventRow>;
  createQuery(body: QueryRequest, caller?: Caller): Promise<string>;
  updateQuery(id: string, body: QueryRequest, caller?: Caller): Promise<void>;
  deleteQuery(id: string, caller?: Caller): Promise<void>;
  /** NOT_FOUND `Query not found`. */
  executeQuery(nameOrId: string, options?: ExecuteOptions): QueryExecution;
  explainQuery(nameOrId: string): QueryRow;
  /** A small named document: coordinates, autopilot configuration, later config entries. */
  putConfig(kind: string, name: string, body: import('./rows.js').Json, cas?: number): Promise<boolean>;

  // ---- whole state
  /**
   * Replaces everything but what other live agents say, all or nothing, in one commit. `archivedBy`: name of the node
   * whose agent made the archive; only its own archive brings an agent its definitions. Default: ours when our node is in it.
   */
  restore(rows: Iterable<Row>, caller?: Caller, archivedBy?: string): Promise<void>;
  /** Compares rows with definitions now rather than at the next minute. */
  reconcile(): Promise<void>;
}

/** Both halves an agent is made of, as HTTP, DNS and the CLI see them. */
export interface RegistryHandle {
  readonly catalog: CatalogView;
  readonly registry: RegistryCommands;
}

export type { CheckDefinition };
