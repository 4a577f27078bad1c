import type { Json, SyncDocument } from '../../model/index.js';
import type { Hash, Position, StreamId } from '../messages.js';
import type { Stream } from './stream.js';

type Standing = Pick<Stream, 'inc' | 'ver' | 'index' | 'hash0' | 'hash1'>;

const PREFIX = 'stream/';

/** Where a stream stands, committed with the rows that brought it there. `isGone`: of an origin that left. */
export interface Progress extends Position {
  readonly index: number;
  /** Of its content there. What is found may be another: a command may write over it while nobody syncs. */
  readonly hash: Hash;
  readonly isGone: boolean;
}

export function progressId(stream: StreamId): string {
  return PREFIX + stream;
}

export function progressBody({ inc, ver, index, hash0, hash1 }: Standing, isGone = false): Json {
  return { inc, ver, index, hash: [hash0, hash1], isGone };
}

/** The stream that a document is of; undefined for any other document. */
export function progressOf({
  id,
  body,
}: SyncDocument): { readonly stream: StreamId; readonly progress: Progress } | undefined {
  if (!id.startsWith(PREFIX)) return undefined;
  return { stream: id.slice(PREFIX.length), progress: body as unknown as Progress };
}
