import type { Op } from './engine.js';

/** What volatile commits left of records, as followers were shown it: laid over what is on disk in later snapshots. */
export class VolatileRows {
  /** Undefined: deleted. */
  private readonly texts = new Map<string, string | undefined>();

  /** A commit that followers are shown. One that is written replaces what volatile ones left. */
  show(ops: readonly Op[], isVolatile: boolean): void {
    if (!isVolatile && this.texts.size === 0) return;
    for (const [key, text] of ops) {
      if (isVolatile) this.texts.set(key, text);
      else this.texts.delete(key);
    }
  }

  /** As of now, whatever is shown later. */
  copy(): ReadonlyMap<string, string | undefined> {
    return new Map(this.texts);
  }
}
