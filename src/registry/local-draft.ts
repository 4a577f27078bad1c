import type { Decision } from '../catalog/index.js';
import { endSessions, sessionsOfCheck } from '../catalog/index.js';
import type {
  CatalogRow,
  Change,
  CheckRow,
  LocalCheckRow,
  LocalServiceRow,
  Row,
  RowRef,
  SessionRow,
  StateReader,
} from '../model/index.js';
import { isCatalogRow, put, refKey, refOf, remove, sameRow } from '../model/index.js';
import type { CheckOutcome } from './definition-rows.js';
import { checkRowOf, serviceRowOf } from './definition-rows.js';
import type { OwnNode } from './own-node.js';
import type { CheckPlan } from './registration.js';
import { CONSUL_SERVICE, ownRows, SERF_HEALTH } from './own-node.js';

/** What the local checks last said, and which of them belong to a service; kept in memory, in the order of decisions. */
export interface LocalOutcomes {
  outcome(checkId: string): CheckOutcome | undefined;
  checkIdsOf(serviceId: string): Iterable<string>;
}

const NEW_CHECK: CheckOutcome = { status: 'critical', output: '' };

/**
 * One command on our own node's definitions, and the catalog rows that follow from it, as one list of changes: the two
 * families of rows never disagree between commits. Nothing that is already so is written, so a repeated command comes
 * to no change at all.
 */
export class LocalDraft {
  /** Definitions touched by this command, in order; undefined for one that goes. */
  private readonly services = new Map<string, LocalServiceRow | undefined>();
  private readonly checks = new Map<string, LocalCheckRow | undefined>();
  /** Checks that the command registers, new or again, and what a new one says. */
  private readonly registered = new Map<string, CheckPlan>();
  private readonly shown = new Map<string, CheckOutcome>();
  /** Rows to be written though they say what is there already. */
  private readonly saidAgain = new Set<string>();
  private readonly changes: Change[] = [];
  private readonly endangered: CheckRow[] = [];

  constructor(
    private readonly head: StateReader,
    private readonly self: OwnNode,
    private readonly known: LocalOutcomes,
  ) {}

  service(id: string): LocalServiceRow | undefined {
    return this.services.has(id) ? this.services.get(id) : this.head.localService(id);
  }

  check(checkId: string): LocalCheckRow | undefined {
    return this.checks.has(checkId) ? this.checks.get(checkId) : this.head.localCheck(checkId);
  }

  putService(row: LocalServiceRow): void {
    const before = this.service(row.id);
    this.services.set(row.id, row);
    if (before && repeatedInChecks(before, row)) return;
    for (const checkId of this.known.checkIdsOf(row.id)) this.touchCheck(checkId);
  }

  /** With its checks, those included that others attached to its catalog row. */
  removeService(id: string): void {
    this.services.set(id, undefined);
    for (const checkId of this.known.checkIdsOf(id)) this.removeCheck(checkId);
    for (const row of this.head.checksOfService(this.self.name, id)) this.removeCheck(row.checkId);
  }

  /** The plan's outcome is for a check that is new: an existing one keeps what it last said. */
  putCheck(plan: CheckPlan): void {
    const { checkId } = plan.row;
    if (!this.check(checkId)) this.shown.set(checkId, plan.outcome);
    this.registered.set(checkId, plan);
    this.checks.set(checkId, plan.row);
  }

  removeCheck(checkId: string): void {
    this.checks.set(checkId, undefined);
    this.shown.delete(checkId);
    this.registered.delete(checkId);
  }

  /** Writes a row anew from its definition. */
  touchService(row: LocalServiceRow): void {
    if (!this.services.has(row.id)) this.services.set(row.id, row);
  }

  /** The same for a check; `outcome` is what its row shows, else what the check says. */
  touchCheck(checkId: string, outcome?: CheckOutcome): void {
    const row = this.check(checkId);
    if (!row) return;
    this.checks.set(checkId, row);
    if (outcome) this.shown.set(checkId, outcome);
  }

  /** Writes a catalog row of ours even when it is as it should be. One that nothing of ours stands for is left alone. */
  sayAgain(ref: RowRef): void {
    this.saidAgain.add(refKey(ref));
    const service = ref.kind === 'service' ? this.service(ref.id) : undefined;
    if (service) this.touchService(service);
    else if (ref.kind === 'check' && this.check(ref.id)) this.touchCheck(ref.id);
    else this.touchOwnRows();
  }

  /** The agent's own rows, as they should be; a definition that takes the id of one stands for it. */
  touchOwnRows(): void {
    for (const row of ownRows(this.self)) {
      const isDefined =
        (row.kind === 'service' && this.service(row.id)) || (row.kind === 'check' && this.check(row.checkId));
      if (!isDefined) this.write(row, this.stored(row));
    }
  }

  /** What became of the checks: the plan of one registered, undefined for one that went. */
  *settledChecks(): Iterable<readonly [string, CheckPlan | undefined]> {
    for (const [checkId, row] of this.checks) {
      const plan = this.registered.get(checkId);
      if (!row || plan) yield [checkId, plan];
    }
  }

  /** Definitions and the rows they stand for, in an order in which each names only what stands before it. */
  finish(): Omit<Decision<undefined>, 'result'> {
    const isOwnTouched = this.services.has(CONSUL_SERVICE) || this.checks.has(SERF_HEALTH);
    if (!this.head.node(this.self.name)) this.touchOwnRows();
    for (const [id, row] of this.services) this.writeService(id, row);
    for (const [checkId, row] of this.checks) this.writeCheck(checkId, row);
    if (isOwnTouched) this.touchOwnRows();
    const { changes, lockDelays } = endSessions(this.head, this.endangeredSessions());
    return { changes: [...this.changes, ...changes], lockDelays };
  }

  private writeService(id: string, row: LocalServiceRow | undefined): void {
    const { name } = this.self;
    if (!row) {
      if (this.head.localService(id)) this.changes.push(remove('local-service', id));
      if (this.head.service(name, id)) this.changes.push(remove('service', id, name));
      return;
    }
    this.write(row, this.head.localService(id));
    this.write(serviceRowOf(this.self, row), this.head.service(name, id));
  }

  private writeCheck(checkId: string, row: LocalCheckRow | undefined): void {
    const { name } = this.self;
    const stored = this.head.check(name, checkId);
    if (!row) {
      if (this.head.localCheck(checkId)) this.changes.push(remove('local-check', checkId));
      if (!stored) return;
      this.changes.push(remove('check', checkId, name));
      this.endangered.push(stored);
      return;
    }
    this.write(row, this.head.localCheck(checkId));
    const service = row.serviceId === '' ? undefined : this.service(row.serviceId);
    this.restoreService(service);
    const wanted = checkRowOf(this.self, row, this.outcomeOf(checkId), service);
    this.write(wanted, stored);
    if (stored && wanted.status === 'critical' && stored.status !== 'critical') this.endangered.push(stored);
  }

  /** A check row beside a service row that was removed from outside would stand for nothing. */
  private restoreService(service: LocalServiceRow | undefined): void {
    if (!service || this.services.has(service.id) || this.head.service(this.self.name, service.id)) return;
    this.changes.push(put(serviceRowOf(this.self, service)));
    this.services.set(service.id, service);
  }

  /** Sessions that rest on a check which turned critical or went. */
  private endangeredSessions(): readonly SessionRow[] {
    return this.endangered.flatMap((check) => sessionsOfCheck(this.head, this.self.name, check.checkId));
  }

  private outcomeOf(checkId: string): CheckOutcome {
    return this.shown.get(checkId) ?? this.known.outcome(checkId) ?? NEW_CHECK;
  }

  private write<R extends Row>(row: R, stored: R | undefined): void {
    // What stands for our definitions is ours to say, so one that another agent wrote is written anew.
    const isOurs = !isCatalogRow(row) || (stored && isCatalogRow(stored) && stored.origin === row.origin);
    if (isOurs && sameRow(row, stored) && !this.saidAgain.has(refKey(refOf(row)))) return;
    this.changes.push(put(row));
  }

  private stored(row: CatalogRow): Row | undefined {
    if (row.kind === 'service') return this.head.service(row.node, row.id);
    return row.kind === 'check' ? this.head.check(row.node, row.checkId) : this.head.node(row.node);
  }
}

/** A check row repeats its service's name and tags; as long as these stay, it does too. */
function repeatedInChecks(before: LocalServiceRow, after: LocalServiceRow): boolean {
  return (
    before.service === after.service &&
    before.tags.length === after.tags.length &&
    before.tags.every((tag, at) => tag === after.tags[at])
  );
}
