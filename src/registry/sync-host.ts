import { decision } from '../catalog/index.js';
import type { CatalogView, Change, RegistryCommands, RowRef, StateReader } from '../model/index.js';
import type { Held, HybridClock, LocalSet, Merge, MergeTarget, SyncHost } from '../sync/index.js';
import type { Core } from './core.js';
import type { Feed } from './feed.js';
import type { LocalNode } from './local-node.js';
import type { LocalTeller } from './local-teller.js';
import { endedBy } from './merge-rules.js';
import type { Replicas } from './replicas.js';
import type { LockDelays } from './sessions.js';

export interface SyncHostParts {
  readonly core: Core;
  readonly feed: Feed;
  readonly node: LocalNode;
  readonly delays: LockDelays;
  readonly local: LocalTeller;
  readonly replicas: Replicas;
}

/** The registry as sync sees it: facts of other agents in, facts of this one out. */
export class RegistrySyncHost implements SyncHost {
  readonly catalog: CatalogView;
  readonly clock: HybridClock;

  constructor(
    readonly commands: RegistryCommands,
    private readonly parts: SyncHostParts,
  ) {
    this.catalog = parts.feed.catalog;
    this.clock = parts.core.hlc;
  }

  get indexSpace(): string {
    return this.parts.feed.store.indexSpace;
  }

  held(): readonly Held[] {
    const { catalog } = this.parts.feed;
    const local: Held = { target: { type: 'local' }, ...catalog.rows(), documents: catalog.documents() };
    return [local, ...this.parts.replicas.held()];
  }

  merge(merge: Merge): Promise<void> {
    const { target } = merge;
    return target.type === 'local' ? this.mergeLocal(merge) : this.parts.replicas.merge(target, merge);
  }

  onLocal(listener: (set: LocalSet) => void): () => void {
    return this.parts.local.on(listener);
  }

  judgeOrigins(isLive: (origin: string) => boolean): void {
    this.parts.core.owners.judge(isLive);
  }

  reclaim(ref: RowRef): Promise<void> {
    return this.parts.node.change((draft) => draft.sayAgain(ref));
  }

  async yieldRow(ref: RowRef): Promise<void> {
    const { core, local } = this.parts;
    const { result, index } = await core.decide((head) => {
      const isOurs = ownerOf(head, ref) === core.self.id;
      return decision(isOurs, isOurs ? [{ op: 'delete', ref }] : []);
    });
    if (!result) local.tellWithdrawn(ref, index);
  }

  copyOf(target: MergeTarget): { readonly catalog: CatalogView; readonly indexSpace: string } | undefined {
    return target.type === 'local' ? this : this.parts.replicas.get(target);
  }

  /**
   * Sessions end with what is merged, in the same commit, which is then written like any end of a session. A view of
   * liveness is never written, so the sessions that end with it do so in a commit of their own, decided in the same step.
   */
  private async mergeLocal({ changes, durability }: Merge): Promise<void> {
    const { feed, delays } = this.parts;
    const isVolatile = durability === 'volatile';
    let ends: readonly Change[] = [];
    const merged = feed.writer.decide((head) => {
      const ended = endedBy(head, changes);
      ends = ended.changes;
      delays.start(ended.lockDelays);
      const all = isVolatile ? changes : [...changes, ...ends];
      const isSynced = !isVolatile && ends.length > 0;
      return { ...decision(undefined, all), source: 'merge', durability: isSynced ? 'synced' : durability };
    });
    const followed = isVolatile && ends.length > 0 && feed.writer.decide(() => decision(undefined, ends));
    await Promise.all([merged, followed]);
  }
}

function ownerOf(head: StateReader, { kind, node, id }: RowRef): string | undefined {
  if (kind === 'node') return head.node(node)?.origin;
  return kind === 'service' ? head.service(node, id)?.origin : head.check(node, id)?.origin;
}
