import type { SyncDocument } from '../../model/index.js';
import type { Held, SyncHost } from '../host.js';
import { putDocument, removeDocument } from '../step/documents.js';
import { OWN_DOCUMENT, ownDocument, storedIncarnation } from '../step/own-info.js';

const DEPARTED = 'departed';

/** About this agent alone. Every other document speaks of others. */
export function isLifeDocument({ id }: SyncDocument): boolean {
  return id === OWN_DOCUMENT || id === DEPARTED;
}

/** What the documents of this agent's own store say of its former life. */
export interface FormerLife {
  readonly inc: number;
  /** It left for good, and has met nobody since. */
  readonly hasLeft: boolean;
}

export function formerLife(held: readonly Held[]): FormerLife {
  const documents = held.flatMap(({ target, documents: all }) => (target.type === 'local' ? [...all] : []));
  return { inc: storedIncarnation(documents), hasLeft: documents.some(({ id }) => id === DEPARTED) };
}

/** Later than any former one, as far as this disk knows; on disk before anybody hears of it. */
export async function beginIncarnation(host: SyncHost, former: FormerLife, wallMs: number): Promise<number> {
  const inc = Math.max(former.inc + 1, Math.floor(wallMs));
  await host.merge({ target: { type: 'local' }, changes: [ownDocument(inc)], durability: 'synced' });
  return inc;
}

export function rememberLeaving(host: SyncHost): Promise<void> {
  const changes = [putDocument(DEPARTED, {})];
  return host.merge({ target: { type: 'local' }, changes, durability: 'synced' });
}

export function forgetLeaving(host: SyncHost): Promise<void> {
  return host.merge({ target: { type: 'local' }, changes: [removeDocument(DEPARTED)], durability: 'lazy' });
}
