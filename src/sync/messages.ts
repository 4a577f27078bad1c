/**
 * What agents say to each other, as values. How they look as bytes is `wire/` and docs/peer-protocol.md; docs/sync.md is the specification.
 *
 * A *stream* is the ordered facts of one origin (ALGORITHMS of Scuttlebutt, van Renesse et al. 2008): each fact has a
 * dense version, only the origin raises it, and of a stream one knows all up to some version or nothing of it. Each
 * origin has a `catalog` stream (nodes, services, checks accepted by it) and, when it is the home of its datacenter, a
 * `state` stream (keys, sessions, queries, events, configuration).
 */
import type { Row, RowRef } from '../model/index.js';

/** UUID of an agent. */
export type Origin = string;
export type StreamKind = 'catalog' | 'state';
/** `ORIGIN` for its catalog, `ORIGIN/state` for its state. */
export type StreamId = string;

export function streamId(origin: Origin, kind: StreamKind): StreamId {
  return kind === 'catalog' ? origin : `${origin}/state`;
}

export function streamOrigin(stream: StreamId): Origin {
  return stream.endsWith('/state') ? stream.slice(0, -'/state'.length) : stream;
}

export function streamKind(stream: StreamId): StreamKind {
  return stream.endsWith('/state') ? 'state' : 'catalog';
}

/**
 * A fact as its origin last said it. Without `row` it is a tombstone: the fact is gone. An ordinary one has `hlc` 0 and
 * is spoken of until everybody knows. One with a clock also deletes what other origins hold under this identity and
 * registered before: it is content like a row, until nobody holds such a record any more.
 */
export interface SyncRecord {
  readonly ref: RowRef;
  /** Dense within the stream and incarnation; the highest is the stream's version. */
  readonly ver: number;
  /**
   * Hybrid logical clock of the registration (see hlc.ts): decides between two origins. That of the row where it has
   * one; 0 for checks and in state streams.
   */
  readonly hlc: number;
  readonly row?: Row;
}

/** Up to where a stream is known. Positions of different incarnations cannot be compared. */
export interface Position {
  /** Of the origin: later is larger, never reused. 0 = nothing known. */
  readonly inc: number;
  readonly ver: number;
}

/** Two unsigned 32-bit halves. */
export type Hash = readonly [number, number];

/** Send me this stream from here on: `inc` and `ver` are what I have. */
export interface Want extends Position {
  readonly stream: StreamId;
  /** `ver` is how far I have got of a transfer that you began anew, not what I show. */
  readonly staged: boolean;
}

export interface DigestEntry extends Position {
  readonly stream: StreamId;
  /** XOR over the hashes of its rows and of tombstones with a clock: equal positions must have equal content. */
  readonly hash: Hash;
  /**
   * What the stream was when the incarnation began: versions 1..ver were given to its records. Who held exactly that
   * content under an older incarnation goes on from here without a transfer. Version 0 also when not known.
   */
  readonly base: { readonly ver: number; readonly hash: Hash };
  /** The sender is the stream's origin or connected to one who knows best: where contents differ, the other is wrong. */
  readonly firsthand: boolean;
}

/** Who is in the mesh. Of two infos of one origin the larger incarnation wins, then `left`. */
export interface MemberInfo {
  readonly origin: Origin;
  readonly inc: number;
  readonly node: string;
  readonly datacenter: string;
  readonly host: string;
  readonly port: number;
  /** Versions of the peer protocol it speaks. */
  readonly protocol: { readonly min: number; readonly max: number };
  /** Of this package. */
  readonly build: string;
  /** Node name of the home as configured; '' = none. */
  readonly primary: string;
  /** Index space of its own catalog: of its state stream's indexes. */
  readonly space: string;
  /** Origins whose node name it took over: they are gone for good. */
  readonly succeeds: readonly Origin[];
  /** Gone for good: by its own word, or declared so of a dead one. */
  readonly left: boolean;
}

export type Message =
  /** One number for all records one knows, an equal one ends the exchange; and one for who is there. */
  | { readonly type: 'summary'; readonly hash: Hash; readonly members: Hash }
  /**
   * All that one knows. An `answer` is only of the streams in question: nothing follows from those that it does not name.
   */
  | { readonly type: 'digest'; readonly entries: readonly DigestEntry[]; readonly answer: boolean }
  | { readonly type: 'pull'; readonly wants: readonly Want[] }
  | DeltaMessage
  /** Members that the receiver may not know. With `answer` it sends what it knows better; nobody answers an answer. */
  | { readonly type: 'members'; readonly members: readonly MemberInfo[]; readonly answer: boolean }
  | BeatMessage
  /** What a monitor thinks of an origin it watches. */
  | OpinionMessage
  /** I am well: to those who think otherwise. */
  | { readonly type: 'alive'; readonly inc: number; readonly beat: number }
  /** Nothing new: that the connection still carries. Sent on one that would be silent otherwise. */
  | { readonly type: 'ping' }
  /** I stop, and mean to come back: not a crash. */
  | { readonly type: 'goodbye'; readonly inc: number }
  /** Your record lost against another origin's. */
  | {
      readonly type: 'conflict';
      readonly stream: StreamId;
      readonly ref: RowRef;
      readonly winner: Origin;
      readonly hlc: number;
      readonly sameAddress: boolean;
    }
  /** Do this for me: a command on facts of yours. Answered in any order. */
  | { readonly type: 'call'; readonly id: number; readonly method: string; readonly args: unknown }
  | AnswerMessage
  /** The whole ring and when an operator last changed it, in wall-clock ms: the later one is taken over. */
  | { readonly type: 'keyring'; readonly keys: readonly string[]; readonly primary: string; readonly at: number };

/**
 * Latest records of (`prev`, `to`] in version order. Whoever is at `prev` or beyond, in this incarnation, may apply it.
 * With `prev` 0 it begins the stream anew for whoever cannot use a later one; `end` is where the sender's stream ended
 * then, so that a stream sent in pieces is shown when it is whole.
 */
export interface DeltaMessage {
  readonly type: 'delta';
  readonly stream: StreamId;
  readonly inc: number;
  readonly prev: number;
  readonly to: number;
  readonly end: number;
  /** Deletions up to here are no longer spoken of. */
  readonly gc: number;
  /** State streams: the home's index at `to`. 0 otherwise. */
  readonly index: number;
  readonly records: readonly SyncRecord[];
}

export interface BeatMessage {
  readonly type: 'beat';
  readonly inc: number;
  /** Counts up; a higher one refutes older opinions. */
  readonly beat: number;
  /** The sender's local health, 0..8. */
  readonly health: number;
  /**
   * For round trips: the sender's monotonic ms; and the receiver's last one, plus for how long it was held: the round trip
   * is what has passed since `echoMs`, however late the echo. 0 = none. Whole milliseconds.
   */
  readonly sentMs: number;
  readonly echoMs: number;
}

export interface OpinionMessage {
  readonly type: 'opinion';
  readonly about: Origin;
  readonly inc: number;
  /** The last beat heard of it. */
  readonly beat: number;
  readonly verdict: 'alive' | 'suspect' | 'dead';
  readonly evidence: 'silence' | 'hard';
}

export interface AnswerMessage {
  readonly type: 'answer';
  readonly id: number;
  readonly ok: boolean;
  /** The result, or `{ code, message, details }` of the error. */
  readonly value: unknown;
  /** Where the effects can be seen: the caller answers once it has them. */
  readonly seen: readonly (Position & { readonly stream: StreamId })[];
}

/** Classes of traffic on one connection, most urgent first (ALGORITHMS: tombstone > health > registration > metadata). */
export const priorities = ['control', 'tombstone', 'health', 'registration', 'metadata', 'bulk'] as const;
export type Priority = (typeof priorities)[number];
