import type { ChangeSet, Snapshot } from '../model/index.js';
import type { ChangeFeed, Place } from './change-feed.js';

/** Everything there is, and the place in the feed from which the changes after it follow. */
export interface Start {
  readonly snapshot: Snapshot;
  readonly place: Place;
}

/**
 * `Store.follow` over a feed: resumes where the history still allows it, else begins with a snapshot, and begins so
 * again when this follower falls out of the history. Ends quietly when aborted or when the store is closed.
 */
export async function* followFeed(
  feed: ChangeFeed,
  from: number,
  signal: AbortSignal,
  start: (signal: AbortSignal) => Promise<Start | undefined>,
): AsyncGenerator<Snapshot | ChangeSet, void, void> {
  let place = from === 0 ? undefined : feed.placeAfter(from);
  while (!signal.aborted) {
    if (place === undefined) {
      const fresh = await start(signal);
      if (!fresh || signal.aborted) return;
      place = fresh.place;
      yield fresh.snapshot;
      continue;
    }
    const next = await feed.at(place, signal);
    if (next === 'ended') return;
    place = next === 'lost' ? undefined : place + 1;
    if (next !== 'lost') yield next;
  }
}
