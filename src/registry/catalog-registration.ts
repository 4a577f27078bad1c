import type { Decision } from '../catalog/index.js';
import {
  checkRowFrom,
  decision,
  Draft,
  isUuid,
  nodeRowFrom,
  serviceRowFrom,
  writeCheck,
  writeNode,
  writeService,
} from '../catalog/index.js';
import type {
  CatalogCheck,
  CatalogRegistration,
  CatalogService,
  CheckRow,
  NodeRow,
  StateReader,
} from '../model/index.js';
import { goQuote, invalid, isAnyAddress, isDiscoveryError } from '../model/index.js';
import type { Owners } from './owners.js';
import type { OwnNode } from './own-node.js';

/**
 * catalog/register (docs/contract.md section 3.3): a node, perhaps an instance on it, perhaps checks, in one commit or
 * not at all.
 */
export interface CatalogPlan {
  readonly node: string;
  readonly body: CatalogRegistration;
  readonly service: CatalogService | undefined;
  readonly checks: readonly CatalogCheck[];
}

/** What can be judged without the catalog, in the contract's order. */
export function planCatalog(body: CatalogRegistration): CatalogPlan {
  const node = body.Node ?? '';
  if (node === '') throw invalid('Must provide node');
  if (!body.Address && !body.SkipNodeUpdate) throw invalid('Must provide address if SkipNodeUpdate is not set');
  requireNodeId(body.ID ?? '');
  const service = body.Service ?? undefined;
  if (service && !service.Service)
    throw invalid('Must provide service name (Service.Service) when service ID is provided');
  if (isAnyAddress(service?.Address ?? '')) throw invalid('Invalid service address');
  const checks = [...(body.Check ? [body.Check] : []), ...(body.Checks ?? [])].map(named);
  for (const check of checks) requireSameNode(check, node);
  return { node, body, service, checks };
}

export function decideCatalogRegistration(
  head: StateReader,
  plan: CatalogPlan,
  self: OwnNode,
  owners: Owners,
): Decision<undefined> {
  const draft = new Draft(head, (row) => owners.isAbandoned(row));
  const node = nodeRow(head, plan, self);
  if (!head.node(plan.node) || !plan.body.SkipNodeUpdate) inserting('node', () => writeNode(draft, node));
  if (plan.service) {
    const row = serviceRowFrom(plan.service, node.node, self.owner);
    inserting('service', () => writeService(draft, row));
  }
  for (const check of plan.checks) {
    const row = checkRow(draft.state, check, node.node, self);
    inserting('check', () => writeCheck(draft, row));
  }
  return decision(undefined, draft.changes, draft.lockDelays);
}

function inserting(what: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    throw isDiscoveryError(error, 'INVALID_ARGUMENT') ? invalid(`failed inserting ${what}: ${error.message}`) : error;
  }
}

/** The name keeps its first spelling, and the id stays when none is given: a write replaces the other fields only. */
function nodeRow(head: StateReader, { node, body }: CatalogPlan, self: OwnNode): NodeRow {
  const existing = head.node(node);
  const ID = body.ID || existing?.id;
  const row = nodeRowFrom({ ...body, ID, Node: existing?.node ?? node, Meta: body.NodeMeta }, self.owner);
  refuseOwnId(self, row);
  return row;
}

/** Nobody renames the node that this agent lives on. */
function refuseOwnId(self: OwnNode, row: NodeRow): void {
  if (row.id !== self.id.toLowerCase() || row.node.toLowerCase() === self.name.toLowerCase()) return;
  throw invalid(
    `failed inserting node: Error while renaming Node ID: ${goQuote(row.id)}: ` +
      `Node name ${row.node} is reserved by node ${self.id} with name ${self.name} (${self.address})`,
  );
}

function checkRow(state: StateReader, body: CatalogCheck, node: string, self: OwnNode): CheckRow {
  const serviceId = body.ServiceID ?? '';
  if (serviceId !== '' && !state.service(node, serviceId))
    throw invalid(`Unknown service ID '${serviceId}' for check ID '${body.CheckID ?? ''}'`);
  return checkRowFrom({ ...body, Node: node }, self.owner);
}

/** A check's id and its name stand for each other. */
function named(check: CatalogCheck): CatalogCheck {
  return { ...check, CheckID: check.CheckID || check.Name || '' };
}

function requireSameNode(check: CatalogCheck, node: string): void {
  const given = check.Node ?? '';
  if (given === '' || given.toLowerCase() === node.toLowerCase()) return;
  throw invalid(`Node '${given}' for check '${check.CheckID ?? ''}' doesn't match register request node '${node}'`);
}

const UUID_CHARS = 36;

function requireNodeId(id: string): void {
  if (id === '') return;
  if (id.length !== UUID_CHARS) throw invalid('Bad node ID: uuid string is wrong length');
  if (!isUuid(id)) throw invalid('Bad node ID: uuid is improperly formatted');
}
