import { decision } from '../catalog/index.js';
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
  const incoming = [...rows];
  const ownName = self.name.toLowerCase();
  const isOwnArchive = incoming.some((row) => row.kind === 'node' && row.node.toLowerCase() === ownName);
  const stays = (row: Row): boolean => isAgents(row, ownName) || (!isOwnArchive && isDefined(row, ownName));
  await node.core.decide(() => {
    const wanted = incoming.filter((row) => !stays(row));
    const keys = new Set(wanted.map((row) => refKey(refOf(row))));
    const gone = catalog.rows().rows.filter((row) => !stays(row) && !keys.has(refKey(refOf(row))));
    const deletes = gone.map((row): Delete => ({ op: 'delete', ref: refOf(row) }));
    const puts = wanted.map((row): Change => ({ op: 'put', row, keepIndexes: true }));
    if (isOwnArchive) node.replaceChecks(plansOf(wanted, self.name));
    return decision(undefined, [...deletes, ...puts]);
  });
}

/** Checks as an archive or a store last knew them: each with the status of its row. */
export function plansOf(rows: readonly Row[], nodeName: string): readonly CheckPlan[] {
  const ownName = nodeName.toLowerCase();
  const isOwn = (row: Row): row is CheckRow => row.kind === 'check' && row.node.toLowerCase() === ownName;
  const said = new Map(rows.filter(isOwn).map((row) => [row.checkId, row]));
  return rows
    .filter((row): row is LocalCheckRow => row.kind === 'local-check')
    .map((row) => {
      const { status = 'critical', output = '' } = said.get(row.checkId) ?? {};
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
