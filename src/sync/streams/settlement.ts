import type { StepContext } from '../step/parts.js';
import type { Conflicts } from './conflicts.js';
import type { Overlay } from './overlay.js';
import type { SyncedRecord } from './record.js';
import { shadowBody, shadowFor, shadowId } from './shadow-document.js';
import type { Space } from './space.js';
import type { IsLive } from './standing.js';
import { winnerOf } from './standing.js';
import type { StepMerges } from './step-merges.js';

/**
 * Brings each target to what its records say: of every identity that changed, one row is shown, and everything else that
 * streams hold of it stands in a document beside it, so that rows and documents together are always the whole content of
 * the streams at the positions that are kept with them.
 */
export class Settlement {
  constructor(
    private readonly isLive: IsLive,
    private readonly merges: StepMerges,
    private readonly overlay: Overlay,
    private readonly conflicts: Conflicts,
  ) {}

  settle(space: Space, context: StepContext): void {
    if (space.unsettled.size === 0) return;
    const keys = [...space.unsettled];
    space.unsettled.clear();
    const checks = new Set<string>();
    // Nodes and services first: their checks go by them.
    for (const key of keys) {
      if (isCheck(key)) checks.add(key);
      else this.settleHead(space, key, checks, context);
    }
    for (const key of checks) this.decide(space, key, context);
  }

  /** No longer held: what is kept of it goes, unless another holder's is put in its place. */
  release(space: Space, record: SyncedRecord): void {
    if (record.kept === 'row') this.merges.remove(space, record.ref);
    else if (record.kept === 'shadow') this.merges.removeDocument(space, shadowId(shadowFor(record)));
    record.kept = 'nowhere';
    space.remove(record);
  }

  private settleHead(space: Space, key: string, checks: Set<string>, context: StepContext): void {
    for (const check of space.checksOf(key)) checks.add(check.key);
    this.decide(space, key, context);
    for (const check of space.checksOf(key)) checks.add(check.key);
  }

  private decide(space: Space, key: string, context: StepContext): void {
    const winner = winnerOf(space, key, this.isLive);
    let isHidden = false;
    for (const record of space.holders(key)) {
      if (record === winner) continue;
      isHidden ||= record.isContent;
      this.hide(space, record);
    }
    if (winner) this.show(space, winner);
    const isContested = isHidden || space.first(key)?.rival !== undefined;
    space.contest(key, isContested);
    if (space.target.type !== 'local') return;
    if (isHidden) this.conflicts.consider(space, key, winner, context);
    else this.conflicts.forget(key);
  }

  private show(space: Space, record: SyncedRecord): void {
    const { row, kept } = record;
    if (!row) return;
    if (kept === 'shadow') this.merges.removeDocument(space, shadowId(shadowFor(record)));
    if (kept !== 'row' || record.isFresh) {
      this.merges.put(space, row);
      const seen = this.overlay.over(record);
      if (seen) this.merges.showOnly(space, seen);
    }
    record.kept = 'row';
    record.isFresh = false;
  }

  private hide(space: Space, record: SyncedRecord): void {
    if (record.kept === 'row') this.merges.remove(space, record.ref);
    const isKept = record.kept === 'shadow';
    if (record.isContent && (!isKept || record.isFresh)) {
      this.merges.putDocument(space, shadowId(shadowFor(record)), shadowBody(shadowFor(record)));
    }
    if (!record.isContent && isKept) this.merges.removeDocument(space, shadowId(shadowFor(record)));
    record.kept = record.isContent ? 'shadow' : 'nowhere';
    record.isFresh = false;
  }
}

function isCheck(key: string): boolean {
  return key.startsWith('check');
}
