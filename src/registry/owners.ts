import type { Catalog } from '../catalog/index.js';
import type { Owned } from '../model/index.js';

/**
 * Whose rows are still spoken for: ours, and those of other agents that live. What nobody speaks for any more may be
 * taken over by whoever is asked to write it (docs/sync.md).
 */
export class Owners {
  private isLive: (origin: string) => boolean;

  constructor(
    private readonly self: string,
    catalog: Pick<Catalog, 'document'>,
  ) {
    // Before sync says who lives: everybody that it ever knew.
    this.isLive = (origin) => catalog.document(`member/${origin}`) !== undefined;
  }

  judge(isLive: (origin: string) => boolean): void {
    this.isLive = isLive;
  }

  /** Of another agent that lives. */
  isLiveOther({ origin }: Pick<Owned, 'origin'>): boolean {
    return origin !== this.self && this.isLive(origin);
  }

  /** Of nobody that lives. */
  isAbandoned({ origin }: Pick<Owned, 'origin'>): boolean {
    return origin !== this.self && !this.isLive(origin);
  }
}
