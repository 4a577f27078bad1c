import { goQuote, invalid, metaComplaint } from '../../model/index.js';
import type { CheckRow, NodeRow, Owned, ServiceRow, StateReader } from '../../model/index.js';
import type { Draft } from './draft.js';
import { sessionsOfCheck } from './session-end.js';

/**
 * What may be written to the catalog and what goes along with it (docs/contract.md section 3.3): renaming a node by its
 * id, checks that go with their service, services that go with their node, sessions that end with their checks. One
 * function for each kind of write, used by registrations and transactions alike. Each throws Consul's complaint without
 * any prefix.
 */

/**
 * Same id and another name renames the node: the old one goes with all it has. The name keeps its first spelling, and
 * the id stays when none is given: a write replaces the other fields only.
 */
export function writeNode(draft: Draft, given: NodeRow): void {
  const existing = draft.state.node(given.node);
  const row: NodeRow = { ...given, node: existing?.node ?? given.node, id: given.id || (existing?.id ?? '') };
  const byId = row.id === '' ? undefined : draft.state.nodeById(row.id);
  if (byId && byId.node.toLowerCase() !== row.node.toLowerCase()) {
    refuseReservedName(draft.state, row, `Error while renaming Node ID: ${goQuote(row.id)} (${row.address}): `, false);
    removeNode(draft, byId.node);
  } else if (row.id !== '' && !byId) {
    refuseReservedName(draft.state, row, `Error while renaming Node ID: ${goQuote(row.id)}: `, true);
  }
  draft.putRow(row, existing);
}

/** A name belongs to a node with another id only while that node is a live member of the cluster. */
function refuseReservedName(state: StateReader, row: NodeRow, prefix: string, mayAdopt: boolean): void {
  const holder = state.node(row.node);
  if (!holder || holder.id === row.id || (mayAdopt && holder.id === '')) return;
  const member = state.check(holder.node, 'serfHealth');
  if (!member || member.status === 'critical') return;
  throw invalid(
    `${prefix}Node name ${row.node} is reserved by node ${holder.id} with name ${holder.node} (${holder.address})`,
  );
}

export function writeService(draft: Draft, row: ServiceRow): void {
  const wrong = row.meta && metaComplaint(row.meta);
  if (wrong) throw invalid(`Invalid Service Meta for node ${row.node} and serviceID ${row.id}: ${wrong}`);
  const node = draft.state.node(row.node);
  if (!node) throw invalid('Missing node registration');
  const existing = draft.state.service(row.node, row.id);
  draft.putRow({ ...row, node: node.node }, existing);
  if (existing && !tellsTheSame(existing, row)) retellChecks(draft, row);
}

/** The service's name and tags are repeated in its checks, which so become its owner's. */
function retellChecks(draft: Draft, { node, id, service, tags, origin, datacenter }: ServiceRow): void {
  for (const check of Array.from(draft.state.checksOfService(node, id))) {
    draft.putRow({ ...check, serviceName: service, serviceTags: tags, origin, datacenter }, check);
  }
}

function tellsTheSame(a: ServiceRow, b: ServiceRow): boolean {
  return a.service === b.service && a.tags.length === b.tags.length && a.tags.every((tag, at) => tag === b.tags[at]);
}

/** Any status word is kept; none is `critical`. */
export function writeCheck(draft: Draft, row: CheckRow): void {
  const node = draft.state.node(row.node);
  if (!node) throw invalid('Missing node registration');
  const service = row.serviceId === '' ? undefined : draft.state.service(row.node, row.serviceId);
  if (row.serviceId !== '' && !service) throw invalid('Missing service registration');
  const status = row.status || 'critical';
  const complete: CheckRow = {
    ...row,
    node: node.node,
    status,
    ...(service && { serviceName: service.service, serviceTags: service.tags }),
  };
  if (status === 'critical') draft.endSessions(sessionsOfCheck(draft.state, row.node, row.checkId));
  draft.putRow(complete, draft.state.check(row.node, row.checkId));
}

/** Whose rows a removal takes along: those of other agents may be theirs to remove. */
export type MayRemove = (row: Owned) => boolean;
const anyRow: MayRemove = () => true;

/**
 * Removing what is not there is no error, and no change. What hangs on it goes also when it is gone itself: it may have
 * been another agent's.
 */
export function removeNode(draft: Draft, name: string, mayRemove: MayRemove = anyRow): void {
  const { state } = draft;
  const node = state.node(name);
  const goes = node !== undefined && mayRemove(node);
  if (goes) draft.endSessions(Array.from(state.sessionsOf(name)));
  for (const check of Array.from(state.checksOf(name))) if (mayRemove(check)) removeCheck(draft, name, check.checkId);
  for (const row of Array.from(state.servicesOf(name))) if (mayRemove(row)) draft.removeRow('service', row.id, name);
  if (goes) draft.removeRow('node', '', name);
}

export function removeService(draft: Draft, node: string, id: string, mayRemove: MayRemove = anyRow): void {
  const service = draft.state.service(node, id);
  for (const check of Array.from(draft.state.checksOfService(node, id))) {
    if (mayRemove(check)) removeCheck(draft, node, check.checkId);
  }
  if (service && mayRemove(service)) draft.removeRow('service', id, node);
}

export function removeCheck(draft: Draft, node: string, checkId: string): void {
  if (!draft.state.check(node, checkId)) return;
  draft.endSessions(sessionsOfCheck(draft.state, node, checkId));
  draft.removeRow('check', checkId, node);
}
