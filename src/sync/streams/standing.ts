/**
 * Which of several origins' records of one identity is shown. The same records and the same origins alive give the same
 * answer everywhere:
 *
 *  1. a row that a tombstone with a larger clock deletes is out, whoever lives;
 *  2. a check is out when the node or service of its own origin that it belongs to is not the one shown; otherwise it has
 *     that one's clock, so that an instance and its checks are one origin's;
 *  3. of the rest a live origin's goes before a dead one's, then the larger clock, incarnation, origin.
 */
import type { Origin } from '../messages.js';
import type { SyncedRecord } from './record.js';
import type { Space } from './space.js';
import { headOf } from './space.js';

export type IsLive = (origin: Origin) => boolean;

export function winnerOf(space: Space, key: string, isLive: IsLive): SyncedRecord | undefined {
  const deletedUpTo = deletion(space, key);
  let best: SyncedRecord | undefined;
  let bestClock = 0;
  for (const record of space.holders(key)) {
    const clock = clockOf(space, record, isLive);
    if (clock === undefined || clock < deletedUpTo) continue;
    if (best && !outranks(record, clock, best, bestClock, isLive)) continue;
    best = record;
    bestClock = clock;
  }
  return best;
}

/** The largest clock of a tombstone that has one. */
export function deletion(space: Space, key: string): number {
  let largest = 0;
  for (const { row, hlc } of space.holders(key)) if (!row) largest = Math.max(largest, hlc);
  return largest;
}

/** The clock a row competes with; undefined when it does not. */
export function clockOf(space: Space, record: SyncedRecord, isLive: IsLive): number | undefined {
  if (record.row?.kind !== 'check') return record.row && record.hlc;
  const key = headOf(record.row);
  const head = space.find(key, record.stream);
  if (!head?.row) return record.hlc;
  return isAlone(space, key) || winnerOf(space, key, isLive) === head ? head.hlc : undefined;
}

function isAlone(space: Space, key: string): boolean {
  return space.first(key)?.rival === undefined;
}

function outranks(a: SyncedRecord, clockA: number, b: SyncedRecord, clockB: number, isLive: IsLive): boolean {
  const liveA = isLive(a.stream.origin);
  if (liveA !== isLive(b.stream.origin)) return liveA;
  if (clockA !== clockB) return clockA > clockB;
  if (a.stream.inc !== b.stream.inc) return a.stream.inc > b.stream.inc;
  return a.stream.origin > b.stream.origin;
}
