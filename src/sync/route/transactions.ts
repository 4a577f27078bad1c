import type { CatalogView, TxnOperation, TxnOutcome } from '../../model/index.js';
import type { Origin } from '../messages.js';

/**
 * Where a transaction is decided: keys at the home, catalog rows at their owner, all or nothing at one agent. What
 * cannot be decided there is refused as the transaction's own errors are.
 */
export interface TransactionPlan {
  /** Keys are touched, so only the home can do it. */
  readonly needsHome: boolean;
  /** The owner of the existing catalog rows that would be written, of each operation that writes one. */
  readonly owners: ReadonlyMap<number, Origin>;
  /** Operations that compare a catalog index, which means something only where it was read. */
  readonly comparing: readonly number[];
}

export function planTransaction(catalog: CatalogView, operations: readonly TxnOperation[]): TransactionPlan {
  const owners = new Map<number, Origin>();
  const comparing: number[] = [];
  for (const [at, operation] of operations.entries()) {
    const verb = operation.Node?.Verb ?? operation.Service?.Verb ?? operation.Check?.Verb ?? '';
    const origin = isWrite(verb) ? originOf(catalog, operation) : undefined;
    if (origin !== undefined) owners.set(at, origin);
    if (verb === 'cas' || verb === 'delete-cas') comparing.push(at);
  }
  return { needsHome: operations.some(({ KV }) => KV), owners, comparing };
}

/** Refused as a whole; each operation that stands in the way is named. */
export function refusedAt(operations: Iterable<number>, what: (opIndex: number) => string): TxnOutcome {
  return { ok: false, errors: Array.from(operations, (opIndex) => ({ opIndex, what: what(opIndex) })) };
}

function isWrite(verb: string): boolean {
  return verb === 'set' || verb === 'cas' || verb === 'delete' || verb === 'delete-cas';
}

function originOf(catalog: CatalogView, { Node, Service, Check }: TxnOperation): Origin | undefined {
  if (Node) return catalog.node(Node.Node?.Node ?? '')?.origin;
  if (Service) {
    const { Node: node = '', Service: service } = Service;
    const row = catalog.service(node, service?.ID || service?.Service || '');
    return (row ?? catalog.node(node))?.origin;
  }
  const { Node: node = '', CheckID, Name } = Check?.Check ?? {};
  return (catalog.check(node, CheckID || Name || '') ?? catalog.node(node))?.origin;
}
