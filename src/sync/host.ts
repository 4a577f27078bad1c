/** What sync needs of the registry it spreads: implemented by `registry`, by a few lines in the simulation. */
import type { CatalogView, RegistryCommands, Row, RowRef, SyncDocument } from '../model/index.js';
import type { LocalChange, Merge, MergeTarget } from './step/types.js';
import type { HybridClock } from './hlc.js';
import type { Origin, StreamKind } from './messages.js';

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
  /** Of its catalog. */
  readonly index: number;
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
  /**
   * Resolves once the target's catalog shows it. In order for each target. At the home of sessions those end whose check
   * turned critical or went, or whose node went: that is a change of ours, told as one of `state`.
   */
  merge(merge: Merge): Promise<void>;
  /**
   * The committed changes of local commands, in order, in the same turn in which the catalog shows them; not merges. A
   * deletion may be of another origin's row, and a row may replace another origin's: taken over.
   */
  onLocal(listener: (set: LocalSet) => void): () => void;
  /**
   * Asked within commands: rows of an origin that is neither ours nor live are taken over by a repeated registration and
   * replaced by a restore; those of a live one are not. Before the first call every origin of which there is a document
   * `member/ORIGIN` is held to be live.
   */
  judgeOrigins(isLive: (origin: Origin) => boolean): void;
  /** Says a row of our own node again under a larger clock. Does nothing for one that nothing of ours stands for. */
  reclaim(ref: RowRef): Promise<void>;
  /**
   * Withdraws a row of ours that lost against another origin's. Told as a deletion of ours, whether the catalog still
   * shows our row or the winner's already, which then stays.
   */
  yieldRow(ref: RowRef): Promise<void>;
  /**
   * The catalog of a copy; undefined before the first merge into it. A state copy's index space is the home's; there is
   * one at most: a merge into another one, of another home or space, forgets it, on disk too.
   */
  copyOf(target: MergeTarget): { readonly catalog: CatalogView; readonly indexSpace: string } | undefined;
}
