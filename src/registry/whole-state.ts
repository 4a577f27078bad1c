import { decision, Draft, removeNode } from '../catalog/index.js';
import type { Change, CheckRow, Delete, LocalCheckRow, Row } from '../model/index.js';
import { isCatalogRow, isCheckStatus, refKey, refOf } from '../model/index.js';
import type { CheckPlan } from './registration.js';
import type { LocalNode } from './local-node.js';
import type { OwnNode } from './own-node.js';
import { CONSUL_SERVICE, SERF_HEALTH } from './own-node.js';

/**
 * Replaces everything by the rows of an archive, in one commit. What the agent says of itself (its node, `serfHealth`,
 * `consul`) is not the archive's to say, and what other agents say that live is theirs: it stays as it is, and what the
 * archive holds of it is left out. All else is ours from then on. Local definitions come from an archive of this agent;
 * that of another brings its catalog, and ours stay what they are.
 *
 * `archivedBy`: name of the node whose agent made it. Default: ours when our node is in it.
 */
export async function restoreRows(node: LocalNode, rows: Iterable<Row>, archivedBy?: string): Promise<void> {
  const { self, catalog, owners } = node.core;
  const incoming = Array.from(rows).filter(({ kind }) => kind !== 'sync');
  const ownName = self.name.toLowerCase();
  const isOwnArchive = archivedBy === undefined ? holdsNode(incoming, ownName) : archivedBy.toLowerCase() === ownName;
  const isTheirs = (row: Row): boolean => isCatalogRow(row) && owners.isLiveOther(row);
  const stays = (row: Row): boolean =>
    isAgents(row, ownName) || (!isOwnArchive && isDefined(row, ownName)) || isTheirs(row);
  await node.core.decide(() => {
    const current = catalog.rows().rows;
    const theirs = new Set(current.filter(isTheirs).map(keyOf));
    const wanted = incoming.filter((row) => !stays(row) && !theirs.has(keyOf(row)));
    const keys = new Set(wanted.map(keyOf));
    const gone = current.filter((row) => !stays(row) && !keys.has(keyOf(row)));
    const deletes = gone.map((row): Delete => ({ op: 'delete', ref: refOf(row) }));
    const puts = wanted.map((row): Change => ({ op: 'put', row: ownedBy(self, row), keepIndexes: true }));
    if (isOwnArchive) node.replaceChecks(archivedPlans(wanted, ownName));
    return decision(undefined, [...deletes, ...puts]);
  });
}

function keyOf(row: Row): string {
  return refKey(refOf(row));
}

function holdsNode(rows: readonly Row[], name: string): boolean {
  return rows.some((row) => row.kind === 'node' && row.node.toLowerCase() === name);
}

function ownedBy({ owner }: OwnNode, row: Row): Row {
  return isCatalogRow(row) ? { ...row, ...owner } : row;
}

/** At start: what the store knows of us becomes what we know, under the name that we have now. */
export async function takeOver(node: LocalNode): Promise<void> {
  const { catalog, self, owners, decide } = node.core;
  const former = catalog.nodeById(self.id)?.node ?? self.name;
  node.replaceChecks(plansOf(catalog.localChecks(), (checkId) => catalog.check(former, checkId)));
  if (former.toLowerCase() === self.name.toLowerCase()) return;
  await decide((head) => {
    const draft = new Draft(head);
    removeNode(draft, former, (row) => !owners.isLiveOther(row));
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
