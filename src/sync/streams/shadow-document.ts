import type { Json, Row, RowRef } from '../../model/index.js';
import { refKey } from '../../model/index.js';
import type { Origin } from '../messages.js';
import type { SyncedRecord } from './record.js';

const PREFIX = 'shadow/';

/** What a shadow remembers: a record that is held and not shown; without `row` a tombstone with a clock. */
export interface Shadow {
  readonly origin: Origin;
  readonly ref: RowRef;
  readonly hlc: number;
  readonly row: Row | undefined;
}

export function shadowId({ origin, ref }: Pick<Shadow, 'origin' | 'ref'>): string {
  return `${PREFIX}${origin}/${refKey(ref)}`;
}

export function shadowFor({ ref, hlc, row, stream }: SyncedRecord): Shadow {
  return { origin: stream.origin, ref, hlc, row };
}

export function shadowBody({ origin, ref, hlc, row }: Shadow): Json {
  const body = { origin, ref: { ...ref }, hlc, row: row ?? null };
  // Rows of the catalog are JSON already; only those of state hold anything else, and have no rivals.
  return body as unknown as Json;
}

export function isShadowId(id: string): boolean {
  return id.startsWith(PREFIX);
}

export function shadowOf(body: Json): Shadow {
  const { origin, ref, hlc, row } = body as unknown as Omit<Shadow, 'row'> & { readonly row: Row | null };
  return { origin, ref, hlc, row: row ?? undefined };
}
