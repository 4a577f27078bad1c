import type { AppliedChange } from '../catalog/index.js';
import { withFlip } from '../checks/index.js';
import type { CheckRow, HealthFlip } from '../model/index.js';
import { refKey, refOf, remove } from '../model/index.js';

/** The last flips of every check that changed while we watched; in memory, gone with its check. */
export class HealthHistory {
  private readonly flips = new Map<string, readonly HealthFlip[]>();

  constructor(private readonly wall: () => number) {}

  of(node: string, checkId: string): readonly HealthFlip[] {
    return this.flips.get(refKey(remove('check', checkId, node).ref)) ?? [];
  }

  note(applied: readonly AppliedChange[]): void {
    for (const { before, after } of applied) {
      if (before?.kind !== 'check') continue;
      if (after?.kind !== 'check') this.flips.delete(refKey(refOf(before)));
      else if (before.status !== after.status) this.add(before, after);
    }
  }

  private add(before: CheckRow, after: CheckRow): void {
    const key = refKey(refOf(after));
    const flip = { at: this.wall(), from: before.status, to: after.status, output: after.output };
    this.flips.set(key, withFlip(this.flips.get(key) ?? [], flip));
  }
}
