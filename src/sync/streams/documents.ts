import type { Json, SyncDocument } from '../../model/index.js';
import type { Position, StreamId } from '../messages.js';
import type { Stream } from './stream.js';

const PREFIX = 'stream/';

/** Where a stream stands, committed with the rows that brought it there. `isGone`: of an origin that left. */
export interface Progress extends Position {
  readonly index: number;
  readonly isGone: boolean;
}

export function progressId(stream: StreamId): string {
  return PREFIX + stream;
}

export function progressBody({ inc, ver, index }: Pick<Stream, 'inc' | 'ver' | 'index'>, isGone = false): Json {
  return { inc, ver, index, isGone };
}

/** The stream that a document is of; undefined for any other document. */
export function progressOf({
  id,
  body,
}: SyncDocument): { readonly stream: StreamId; readonly progress: Progress } | undefined {
  if (!id.startsWith(PREFIX)) return undefined;
  return { stream: id.slice(PREFIX.length), progress: body as unknown as Progress };
}
