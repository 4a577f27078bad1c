import {
  decideKvDelete,
  decideKvPut,
  decideSessionCreate,
  decideSessionDestroy,
  decideTxn,
  decision,
  outcomeAt,
} from '../catalog/index.js';
import type {
  Caller,
  Change,
  ConfigRow,
  EventRow,
  Json,
  KvDelete,
  KvWrite,
  Owned,
  SessionRequest,
  SessionRow,
  TxnOperation,
  TxnOutcome,
  TxnResult,
} from '../model/index.js';
import { notFound, put, refKey, refOf, sameRow } from '../model/index.js';
import type { Core } from './core.js';
import { authorize } from './core.js';
import type { LockDelays, SessionLeases } from './sessions.js';
import type { EventRequest } from './user-events.js';
import { decideEvent, validateEvent } from './user-events.js';

/** Key-values, sessions, transactions, user events and small documents (docs/contract.md section 3.5 to 3.8). */
export class StateCommands {
  constructor(
    private readonly core: Core,
    private readonly leases: SessionLeases,
    private readonly delays: LockDelays,
    private readonly sessionTtlMinMs: number | undefined,
  ) {}

  async kvPut(write: KvWrite, caller?: Caller): Promise<boolean> {
    authorize(this.core, caller, 'key', write.key);
    const { result } = await this.core.decide((head) => decideKvPut(head, write, this.keyContext));
    return result;
  }

  async kvDelete(request: KvDelete, caller?: Caller): Promise<boolean> {
    authorize(this.core, caller, 'key', request.key);
    const { result } = await this.core.decide((head) => decideKvDelete(head, request));
    return result;
  }

  async createSession(body: SessionRequest, caller?: Caller): Promise<string> {
    const { self, newId } = this.core;
    authorize(this.core, caller, 'session', body.Node || self.name);
    const context = { nodeName: self.name, newId, ttlMinMs: this.sessionTtlMinMs };
    const { result } = await this.core.decide((head) => decideSessionCreate(head, body, context));
    return result.id;
  }

  async destroySession(id: string, caller?: Caller): Promise<void> {
    authorize(this.core, caller, 'session', this.core.catalog.session(id)?.node ?? this.core.self.name);
    await this.core.decide((head) => decideSessionDestroy(head, id));
  }

  /** In memory only: a session that nobody renews is known by its lease, not by its row. */
  async renewSession(id: string, caller?: Caller): Promise<SessionRow> {
    const { result } = await this.core.decide((head) => decision(head.session(id)));
    if (!result) throw notFound(`Session id '${id}' not found`);
    authorize(this.core, caller, 'session', result.node);
    this.leases.renew(result);
    return this.core.catalog.session(id) ?? result;
  }

  async transaction(operations: readonly TxnOperation[], caller?: Caller): Promise<TxnOutcome> {
    for (const operation of operations) this.authorizeOperation(operation, caller);
    for (const operation of operations) this.judge(operation, operations);
    const isAbandoned = (row: Owned): boolean => this.core.owners.isAbandoned(row);
    const context = { ...this.keyContext, ...this.core.self.owner, isAbandoned };
    let found: readonly Promise<TxnResult>[] = [];
    const { result, index } = await this.core.decide((head) => {
      const decided = decideTxn(head, operations, context);
      if (decided.result.ok) found = decided.result.results.map((one) => this.withComingIndex(one, decided.changes));
      return decided;
    });
    return outcomeAt(result.ok ? { ok: true, results: await Promise.all(found) } : result, index);
  }

  async fireEvent(event: EventRequest, caller?: Caller): Promise<EventRow> {
    authorize(this.core, caller, 'event', event.name);
    validateEvent(event);
    const { self, newId } = this.core;
    const id = newId();
    const { result } = await this.core.decide((head) => decideEvent(head, event, id, self.name));
    return result;
  }

  async putConfig(kind: string, name: string, body: Json, cas?: number): Promise<boolean> {
    const { result } = await this.core.decide((head) => {
      const existing = head.config(kind, name);
      if (cas !== undefined && cas !== (existing?.modifyIndex ?? 0)) return decision(false);
      const row: ConfigRow = { kind: 'config', configKind: kind, name, body, createIndex: 0, modifyIndex: 0 };
      return decision(true, sameRow(row, existing) ? [] : [put(row)]);
    });
    return result;
  }

  private readonly keyContext = { lockDelayed: (key: string): boolean => this.delays.isDelayed(key) };

  /** A row that the transaction found in flight, as it wanted it, has the index of the commit that brings it. */
  private async withComingIndex(result: TxnResult, changes: readonly Change[]): Promise<TxnResult> {
    const { row } = result;
    const key = refKey(refOf(row));
    if (row.modifyIndex !== 0 || changes.some((change) => changeKey(change) === key)) return result;
    const modifyIndex = await this.core.comingIndex(refOf(row));
    const indexes = { modifyIndex, createIndex: row.createIndex || modifyIndex };
    return result.type === 'kv'
      ? { ...result, row: { ...result.row, ...indexes } }
      : { ...result, row: { ...row, ...indexes } };
  }

  /** A transaction registers too. The checks of an instance are those that stand beside it. */
  private judge({ Service }: TxnOperation, operations: readonly TxnOperation[]): void {
    const service = Service?.Service;
    if (!service || (Service.Verb !== 'set' && Service.Verb !== 'cas')) return;
    const id = service.ID || service.Service;
    const checks = operations.filter(({ Check }) => Check?.Check?.ServiceID === id);
    this.core.registrationPolicy.check({ ...service, Name: service.Service, Checks: checks });
  }

  private authorizeOperation({ KV, Node, Service, Check }: TxnOperation, caller?: Caller): void {
    if (KV) authorize(this.core, caller, 'key', KV.Key ?? '', actionOf(KV.Verb));
    if (Node) authorize(this.core, caller, 'node', Node.Node?.Node ?? '', actionOf(Node.Verb));
    if (Service) authorize(this.core, caller, 'service', Service.Service?.Service ?? '', actionOf(Service.Verb));
    if (Check) authorize(this.core, caller, 'node', Check.Check?.Node ?? '', actionOf(Check.Verb));
  }
}

function changeKey(change: Change): string {
  return refKey(change.op === 'put' ? refOf(change.row) : change.ref);
}

function actionOf(verb = ''): 'read' | 'write' {
  return verb.startsWith('get') || verb.startsWith('check-') ? 'read' : 'write';
}
