import { decision, Draft, removeNode } from '../catalog/index.js';
import type { Change, CheckRow, Delete, LocalCheckRow, Row } from '../model/index.js';
import { isCheckStatus, refKey, refOf } from '../model/index.js';
import type { CheckPlan } from './registration.js';
import type { LocalNode } from './local-node.js';
import { CONSUL_SERVICE, SERF_HEALTH } from './own-node.js';

/**
 * Replaces everything by the rows of an archive, in one commit. What the agent says of itself (its node, `serfHealth`,
 * `consul`) is not the archive's to say. Local definitions come from an archive of this node; one of another node
 * brings its catalog, and ours stay what they are.
 */
export async function restoreRows(node: LocalNode, rows: Iterable<Row>): Promise<void> {
  const { self, catalog } = node.core;
  const incoming = Array.from(rows).filter(({ kind }) => kind !== 'sync');
  const ownName = self.name.toLowerCase();
  const isOwnArchive = incoming.some((row) => row.kind === 'node' && row.node.toLowerCase() === ownName);
  const stays = (row: Row): boolean => isAgents(row, ownName) || (!isOwnArchive && isDefined(row, ownName));
  await node.core.decide(() => {
    const wanted = incoming.filter((row) => !stays(row));
    const keys = new Set(wanted.map((row) => refKey(refOf(row))));
    const gone = catalog.rows().rows.filter((row) => !stays(row) && !keys.has(refKey(refOf(row))));
    const deletes = gone.map((row): Delete => ({ op: 'delete', ref: refOf(row) }));
    const puts = wanted.map((row): Change => ({ op: 'put', row, keepIndexes: true }));
    if (isOwnArchive) node.replaceChecks(archivedPlans(wanted, ownName));
    return decision(undefined, [...deletes, ...puts]);
  });
}

/** At start: what the store knows of us becomes what we know, under the name that we have now. */
export async function takeOver(node: LocalNode): Promise<void> {
  const { catalog, self, decide } = node.core;
  const former = catalog.nodeById(self.id)?.node ?? self.name;
  node.replaceChecks(plansOf(catalog.localChecks(), (checkId) => catalog.check(former, checkId)));
  if (former.toLowerCase() === self.name.toLowerCase()) return;
  await decide((head) => {
    const draft = new Draft(head);
    removeNode(draft, former);
    return decision(undefined, draft.changes, draft.lockDelays);
  });
}

function archivedPlans(rows: readonly Row[], ownName: string): readonly CheckPlan[] {
  const definitions = rows.filter((row) => row.kind === 'local-check');
  const said = new Map<string, CheckRow>();
  for (const row of rows) {
    if (row.kind === 'check' && row.node.toLowerCase() === ownName) said.set(row.checkId, row);
  }
  return plansOf(definitions, (checkId) => said.get(checkId));
}

/** Each check with the status of its row, to be run soon. */
function plansOf(
  definitions: Iterable<LocalCheckRow>,
  rowOf: (checkId: string) => CheckRow | undefined,
): readonly CheckPlan[] {
  return Array.from(definitions, (row) => {
    const { status = 'critical', output = '' } = rowOf(row.checkId) ?? {};
    return { row, outcome: { status: isCheckStatus(status) ? status : 'critical', output }, firstRun: 'soon' };
  });
}

function isAgents(row: Row, ownName: string): boolean {
  if (row.kind === 'node') return row.node.toLowerCase() === ownName;
  if (row.kind === 'service') return row.node.toLowerCase() === ownName && row.id === CONSUL_SERVICE;
  return row.kind === 'check' && row.node.toLowerCase() === ownName && row.checkId === SERF_HEALTH;
}

/** Our definitions, and the rows they stand for. */
function isDefined(row: Row, ownName: string): boolean {
  if (row.kind === 'local-service' || row.kind === 'local-check') return true;
  return (row.kind === 'service' || row.kind === 'check') && row.node.toLowerCase() === ownName;
}
