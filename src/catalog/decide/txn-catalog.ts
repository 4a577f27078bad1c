import { goQuote, invalid, isAnyAddress } from '../../model/index.js';
import type { CheckRow, NodeRow, Owned, ServiceRow, TxnOperation, TxnResult } from '../../model/index.js';
import { checkRowFrom, nodeRowFrom, serviceRowFrom } from './catalog-rows.js';
import { removeCheck, removeNode, removeService, writeCheck, writeNode, writeService } from './catalog-rules.js';
import type { Draft } from './draft.js';
import { isAt } from './kv-rules.js';
import { isUuid } from './uuid.js';

/**
 * The node, service and check verbs of a transaction (docs/contract.md section 3.7): get, set, cas, delete, delete-cas.
 */
type NodeOperation = NonNullable<TxnOperation['Node']>;
type ServiceOperation = NonNullable<TxnOperation['Service']>;
type CheckOperation = NonNullable<TxnOperation['Check']>;

/** What can be said of an operation before any is run. A get is never refused. */
export function refuseCatalogStep({ Node, Service }: TxnOperation): void {
  if (Node && Node.Verb !== 'get') refuseNode(Node);
  if (Service && Service.Verb !== 'get') refuseService(Service);
}

function refuseNode({ Node }: NodeOperation): void {
  if (!Node?.Node) throw invalid('Must provide node');
  const id = Node.ID ?? '';
  if (id !== '' && id.length !== 36) throw invalid('Bad node ID: uuid string is wrong length');
  if (id !== '' && !isUuid(id)) throw invalid('Bad node ID: uuid is improperly formatted');
}

function refuseService({ Service }: ServiceOperation): void {
  if (Service?.ID && !Service.Service) {
    throw invalid('Must provide service name (Service.Service) when service ID is provided');
  }
  if (isAnyAddress(Service?.Address ?? '')) throw invalid('Invalid service address');
}

export function nodeStep(draft: Draft, { Verb = '', Node }: NodeOperation, owned: Owned): readonly TxnResult[] {
  const body = Node ?? {};
  const name = body.Node ?? '';
  return step('Node', Verb, {
    name: `node ${goQuote(name)}`,
    index: body.ModifyIndex ?? 0,
    find: () => (body.ID ? draft.state.nodeById(body.ID) : draft.state.node(name)),
    current: () => draft.state.node(name),
    write: () => writeNode(draft, nodeRowFrom(body, owned)),
    remove: () => removeNode(draft, name),
  });
}

export function serviceStep(
  draft: Draft,
  { Verb = '', Node = '', Service }: ServiceOperation,
  owned: Owned,
): readonly TxnResult[] {
  const row = serviceRowFrom(Service ?? {}, Node, owned);
  const find = (): ServiceRow | undefined => draft.state.service(Node, row.id);
  return step('Service', Verb, {
    name: `service ${goQuote(row.id)} on node ${goQuote(Node)}`,
    index: Service?.ModifyIndex ?? 0,
    find,
    current: find,
    write: () => writeService(draft, row),
    remove: () => removeService(draft, Node, row.id),
  });
}

export function checkStep(draft: Draft, { Verb = '', Check }: CheckOperation, owned: Owned): readonly TxnResult[] {
  const row = checkRowFrom(Check ?? {}, owned);
  const find = (): CheckRow | undefined => draft.state.check(row.node, row.checkId);
  return step('Check', Verb, {
    name: `check ${goQuote(row.checkId)} on node ${goQuote(row.node)}`,
    index: Check?.ModifyIndex ?? 0,
    find,
    current: find,
    write: () => writeCheck(draft, row),
    remove: () => removeCheck(draft, row.node, row.checkId),
  });
}

interface Target {
  /** As complaints name it. */
  readonly name: string;
  readonly index: number;
  /** What a get shows: for a node with an id, whatever its name. */
  find(): NodeRow | ServiceRow | CheckRow | undefined;
  /** What cas compares. */
  current(): NodeRow | ServiceRow | CheckRow | undefined;
  write(): void;
  remove(): void;
}

function step(kind: 'Node' | 'Service' | 'Check', verb: string, target: Target): readonly TxnResult[] {
  switch (verb) {
    case 'get':
      return [found(kind, target)];
    case 'cas':
      if (!fits(target)) throw invalid(`failed to set ${target.name}, index is stale`);
      target.write();
      return [found(kind, target)];
    case 'set':
      target.write();
      return [found(kind, target)];
    case 'delete-cas':
      if (!isAt(target.current(), target.index)) throw invalid(`failed to delete ${target.name}, index is stale`);
      target.remove();
      return [];
    case 'delete':
      target.remove();
      return [];
    default:
      throw invalid(`unknown ${kind} verb ${goQuote(verb)}`);
  }
}

/** Index 0: only if there is none. */
function fits({ index, current }: Target): boolean {
  const row = current();
  return index === 0 ? row === undefined : isAt(row, index);
}

function found(kind: 'Node' | 'Service' | 'Check', target: Target): TxnResult {
  const row = target.find();
  if (!row) throw invalid(`${target.name} doesn't exist`);
  return { type: kind.toLowerCase() as 'node' | 'service' | 'check', row };
}
