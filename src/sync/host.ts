/** What sync needs of the registry it spreads: implemented by `registry`, by a few lines in the simulation. */
import type { CatalogView, RegistryCommands, Row, SyncDocument } from '../model/index.js';
import type { HybridClock } from './hlc.js';
import type { LocalChange, Merge, MergeTarget } from './step/types.js';
import type { StreamKind } from './messages.js';

export interface LocalSet {
  readonly kind: StreamKind;
  readonly index: number;
  /** Index space of the catalog with these changes: a restored snapshot begins another. */
  readonly space: string;
  readonly changes: readonly LocalChange[];
}

/** What a target holds, to start from: rows, and the documents that sync keeps beside them in the same store. */
export interface Held {
  readonly target: MergeTarget;
  readonly rows: Iterable<Row>;
  readonly documents: Iterable<SyncDocument>;
}

export interface SyncHost {
  readonly catalog: CatalogView;
  readonly commands: RegistryCommands;
  /** Stamps registrations; sync shows it the stamps of others. */
  readonly clock: HybridClock;
  /** Index space of the local catalog. */
  readonly indexSpace: string;
  /** Every target there is on disk: `local` always, copies of other agents' facts when there are any. */
  held(): readonly Held[];
  /** Resolves once the target's catalog shows it. In order for each target. */
  merge(merge: Merge): Promise<void>;
  /** The committed changes of local commands, in order, in the same turn in which the catalog shows them; not merges. */
  onLocal(listener: (set: LocalSet) => void): () => void;
  /** The catalog of a copy; undefined before the first merge into it. */
  copyOf(target: MergeTarget): { readonly catalog: CatalogView; readonly indexSpace: string } | undefined;
  /** Forgets a copy, on disk too. */
  dropCopy(target: MergeTarget): Promise<void>;
}
