import { Catalog } from '../../../src/catalog/index.js';
import type { AppliedChange } from '../../../src/catalog/index.js';
import type { Change, CommitOptions } from '../../../src/model/index.js';
import { copyName } from '../../../src/registry/copy-stores.js';
import type { Held, MergeTarget } from '../../../src/sync/index.js';
import type { Disk } from '../world/disk.js';

/** Where the rows of a target live from one life to the next. */
export interface Shelf {
  readonly target: MergeTarget;
  readonly disk: Disk;
  /** Index space of its catalog. */
  readonly space: string;
}

/** As the registry names the directories of copies. */
export function shelfName(target: MergeTarget): string {
  return target.type === 'local' ? 'local' : copyName(target);
}

/** One target in one life: what is committed reaches the disk, then the catalog, in one turn. */
export class OpenShelf {
  readonly catalog: Catalog;

  constructor(
    readonly shelf: Shelf,
    datacenter: string,
  ) {
    this.catalog = new Catalog({ datacenter });
    this.catalog.apply({ type: 'snapshot', index: shelf.disk.lastIndex, rows: shelf.disk.held() });
  }

  commit(changes: readonly Change[], options: CommitOptions): readonly AppliedChange[] {
    const { durability } = options;
    // A copy of a home's state has no index of its own: documents alone go to the one before.
    const at = options.at ?? (this.shelf.target.type === 'state' ? this.catalog.index : undefined);
    const index = this.shelf.disk.commit(changes, { durability, at });
    return this.catalog.apply({ type: 'changes', index, changes, ...(at !== undefined && { keepIndexes: true }) });
  }

  held(): Held {
    const { index } = this.catalog;
    return { target: this.shelf.target, index, rows: this.catalog.rows().rows, documents: this.catalog.documents() };
  }
}
