/** I12: a registration's clock is never further ahead of true time than the guard allows and wall clocks ever were. */
import type { AppliedChange } from '../../../src/catalog/index.js';
import { limits } from '../../../src/model/index.js';
import { hlcWallMs } from '../../../src/sync/index.js';
import type { Life } from '../agent/life.js';
import type { Watcher } from '../agent/watcher.js';
import { require } from './violation.js';

export class ClockJudge implements Watcher {
  /** The furthest that the wall clock of each agent ever showed. */
  private readonly furthest = new Map<number, number>();

  beforeStep(life: Life): void {
    this.look(life);
  }

  committed(life: Life, applied: readonly AppliedChange[]): void {
    const bound = this.look(life) + limits.clockSkewMs;
    for (const { after } of applied) {
      if (!after || !('hlc' in after) || after.hlc === undefined || after.origin !== life.origin) continue;
      const { hlc } = after;
      require(hlcWallMs(hlc) <= bound, 'I12', () =>
        `${life.self.name} stamped ${hlcWallMs(hlc) - bound} ms too far ahead`);
    }
  }

  private look(life: Life): number {
    const furthest = Math.max(life.wallMs, this.furthest.get(life.slot) ?? 0);
    this.furthest.set(life.slot, furthest);
    return furthest;
  }
}
