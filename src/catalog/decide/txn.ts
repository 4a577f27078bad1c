import { isDiscoveryError, limits, ServiceDiscoveryError } from '../../model/index.js';
import type { Owned, StateReader, TxnOperation, TxnOutcome, TxnResult } from '../../model/index.js';
import { type Decision, decision } from './decision.js';
import { Draft } from './draft.js';
import type { KvContext } from './kv.js';
import { checkStep, nodeStep, refuseCatalogStep, serviceStep } from './txn-catalog.js';
import { kvStep, refuseKvStep } from './txn-kv.js';

/**
 * PUT txn (docs/contract.md section 3.7): operations in order, each seeing those before it, all of them or none. First
 * every operation is judged by itself; only if none is refused they are run, and every one that fails is told, not only
 * the first: a failed operation changes nothing and those after it are judged as if it had not been there.
 */
export interface TxnContext extends KvContext, Owned {
  /** See Draft. Default: no row is. */
  isAbandoned?(row: Owned): boolean;
}

/** The outcome without the index, which is known only once the changes are committed: see `outcomeAt`. */
export type TxnVerdict =
  | { readonly ok: true; readonly results: readonly TxnResult[] }
  | { readonly ok: false; readonly errors: TxnErrors };

type TxnErrors = Extract<TxnOutcome, { ok: false }>['errors'];

export function decideTxn(
  state: StateReader,
  operations: readonly TxnOperation[],
  context: TxnContext,
): Decision<TxnVerdict> {
  refuseTooMany(operations);
  const refused = eachOperation(operations, (operation) => refuse(operation, context));
  if (refused.errors.length > 0) return decision({ ok: false, errors: refused.errors });
  const draft = new Draft(state, context.isAbandoned?.bind(context));
  const { errors, results } = eachOperation(operations, (operation) => run(draft, operation, context));
  if (errors.length > 0) return decision({ ok: false, errors });
  return decision({ ok: true, results }, draft.changes, draft.lockDelays);
}

/** The rows of a committed transaction, those that it wrote carrying the index of the commit. */
export function outcomeAt(verdict: TxnVerdict, index: number): TxnOutcome {
  if (!verdict.ok) return verdict;
  return { ok: true, results: verdict.results.map((result) => stamped(result, index)), index };
}

function stamped(result: TxnResult, index: number): TxnResult {
  const { row } = result;
  if (row.modifyIndex !== 0) return result;
  const indexes = { createIndex: row.createIndex || index, modifyIndex: index };
  return result.type === 'kv'
    ? { ...result, row: { ...result.row, ...indexes } }
    : { ...result, row: { ...row, ...indexes } };
}

function eachOperation(
  operations: readonly TxnOperation[],
  step: (operation: TxnOperation) => readonly TxnResult[],
): { readonly results: readonly TxnResult[]; readonly errors: TxnErrors } {
  const results: TxnResult[] = [];
  const errors: { opIndex: number; what: string }[] = [];
  for (const [opIndex, operation] of operations.entries()) {
    try {
      results.push(...step(operation));
    } catch (error) {
      if (!isDiscoveryError(error, 'INVALID_ARGUMENT')) throw error;
      errors.push({ opIndex, what: error.message });
    }
  }
  return { results, errors };
}

function refuse({ KV, Node, Service, Check }: TxnOperation, context: TxnContext): readonly TxnResult[] {
  if (KV) refuseKvStep(KV, context);
  else refuseCatalogStep({ Node, Service, Check });
  return [];
}

/** An operation of no kind is no operation. */
function run(draft: Draft, { KV, Node, Service, Check }: TxnOperation, context: TxnContext): readonly TxnResult[] {
  const owned: Owned = { datacenter: context.datacenter, origin: context.origin };
  if (KV) return kvStep(draft, KV);
  if (Node) return nodeStep(draft, Node, owned);
  if (Service) return serviceStep(draft, Service, owned);
  return Check ? checkStep(draft, Check, owned) : [];
}

function refuseTooMany(operations: readonly TxnOperation[]): void {
  const count = operations.length;
  if (count <= limits.txnOperations) return;
  const text = `Transaction contains too many operations (${count} > ${limits.txnOperations})`;
  throw new ServiceDiscoveryError('TOO_LARGE', text);
}
