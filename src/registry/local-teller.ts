import type { AppliedChange } from '../catalog/index.js';
import type { RowKind, RowRef, Store } from '../model/index.js';
import { refOf } from '../model/index.js';
import type { Logger } from '../runtime/index.js';
import { EventHub } from '../runtime/index.js';
import type { LocalChange, LocalSet, StreamKind } from '../sync/index.js';
import type { Source } from './writer.js';

const KINDS: Readonly<Partial<Record<RowKind, StreamKind>>> = {
  node: 'catalog',
  service: 'catalog',
  check: 'catalog',
  kv: 'state',
  session: 'state',
  query: 'state',
  event: 'state',
  config: 'state',
};

/**
 * Tells sync what this agent's own commands changed, set by set. What sync itself merged is no news to it; but a session
 * that ended with it is.
 */
export class LocalTeller {
  private readonly hub: EventHub<{ readonly local: LocalSet }>;

  constructor(
    private readonly store: Pick<Store, 'indexSpace'>,
    logger: Logger,
  ) {
    this.hub = new EventHub(logger, 'registry.listener_failed');
  }

  on(listener: (set: LocalSet) => void): () => void {
    return this.hub.on('local', listener);
  }

  tell(applied: readonly AppliedChange[], source: Source | undefined): void {
    const index = applied[0]?.index;
    if (source === undefined || index === undefined || this.hub.isSilent) return;
    if (source === 'command') this.tellOf('catalog', index, applied);
    this.tellOf('state', index, applied);
  }

  /** That a row is ours no longer, though the catalog may show another's in its place. */
  tellWithdrawn(ref: RowRef, index: number): void {
    this.emit('catalog', index, [{ ref }]);
  }

  private tellOf(kind: StreamKind, index: number, applied: readonly AppliedChange[]): void {
    const changes = applied.flatMap((change) => changeOf(change, kind) ?? []);
    if (changes.length > 0) this.emit(kind, index, changes);
  }

  private emit(kind: StreamKind, index: number, changes: readonly LocalChange[]): void {
    this.hub.emit('local', { kind, index, space: this.store.indexSpace, changes });
  }
}

function changeOf({ before, after }: AppliedChange, kind: StreamKind): LocalChange | undefined {
  const row = after ?? before;
  if (!row || KINDS[row.kind] !== kind) return undefined;
  return { ref: refOf(row), ...(before && { before }), ...(after && { after }) };
}
