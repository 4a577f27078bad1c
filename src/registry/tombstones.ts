import type { Catalog } from '../catalog/index.js';
import { defaults } from '../model/index.js';
import type { Clock } from '../runtime/index.js';

/** Deletions are spoken of for 15 to 30 minutes, so that the index of a list does not fall while anybody waits on it. */
export class TombstonePruner {
  private seenIndex = 0;
  private cancelTimer: () => void = () => {};

  constructor(
    private readonly catalog: Catalog,
    private readonly clock: Clock,
  ) {}

  start(): void {
    this.cancelTimer = this.clock.after(defaults.tombstoneTtlMs, () => {
      this.catalog.pruneTombstones(this.seenIndex);
      this.seenIndex = this.catalog.index;
      this.start();
    });
  }

  close(): void {
    this.cancelTimer();
  }
}
