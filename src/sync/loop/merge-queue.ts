import { isDiscoveryError } from '../../model/index.js';
import type { Logger } from '../../runtime/index.js';
import type { SyncHost } from '../host.js';
import type { Merge, MergeTarget } from '../step/types.js';

/** Merges on their way into catalogs, handed on in order. A step goes on from them at once; readers see them once shown. */
export class MergeQueue {
  failed = 0;
  private last: Promise<void> = Promise.resolve();

  constructor(
    private readonly host: Pick<SyncHost, 'merge'>,
    private readonly logger: Logger,
    /** Called when the target's catalog shows it. */
    private readonly shown: (target: MergeTarget) => void,
  ) {}

  push(merge: Merge): Promise<void> {
    const done = this.host.merge(merge).then(
      () => this.shown(merge.target),
      (error: unknown) => this.fail(merge, error),
    );
    this.last = Promise.all([this.last, done]).then(() => {});
    return done;
  }

  /** Resolves when everything pushed so far is shown. Never rejects. */
  settled(): Promise<void> {
    return this.last;
  }

  /** A store that failed is told of by the registry, once, and ends the agent. */
  private fail({ target }: Merge, error: unknown): void {
    this.failed++;
    if (isDiscoveryError(error, 'CLOSED') || isDiscoveryError(error, 'UNAVAILABLE')) return;
    this.logger.error({ target, error }, 'sync.merge_failed');
  }
}
