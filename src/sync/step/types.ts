/**
 * The step: everything sync decides, without sockets, timers, files or chance of its own. `step(state, input, time)`
 * changes `state` in place (a copy of 100,000 records for each message would be waste) and returns what its loop has to
 * do; the same inputs in the same order give the same state and effects, bit for bit, and a simulation relies on it.
 */
import type { Change, Row, RowRef } from '../../model/index.js';
import type { Random } from '../../runtime/index.js';
import type { MemberInfo, Message, Origin, Priority, StreamKind } from '../messages.js';

/** When a step happens, and its source of chance. */
export interface StepTime {
  /** Monotonic milliseconds. */
  readonly now: number;
  /** Wall-clock milliseconds: for hybrid logical clocks only. */
  readonly wall: number;
  readonly random: Random;
}

export type SyncInput =
  /** Rows of a command of this agent are committed: of its own origin, or deletions of a dead one's. */
  | {
      readonly type: 'local';
      readonly kind: StreamKind;
      readonly index: number;
      /** Index space of the catalog with these changes: a restored snapshot begins another. */
      readonly space: string;
      readonly changes: readonly LocalChange[];
    }
  /** Both ends have introduced themselves. */
  | { readonly type: 'connected'; readonly peer: MemberInfo }
  | { readonly type: 'disconnected'; readonly origin: Origin; readonly evidence: 'hard' | 'soft' }
  /** A peer did not let us in because our node name is another agent's (refusal code `name`). */
  | { readonly type: 'refused'; readonly reason: string }
  /** Nobody answered where that member should be. */
  | { readonly type: 'dial-failed'; readonly origin: Origin; readonly evidence: 'hard' | 'soft' }
  | { readonly type: 'message'; readonly from: Origin; readonly message: Message }
  /** Every `tickMs`; `lagMs` is by how much it came late. Messages that waited have been handed over before. */
  | { readonly type: 'tick'; readonly lagMs: number }
  /** An operator's word. */
  | { readonly type: 'leave' }
  | { readonly type: 'force-leave'; readonly origin: Origin; readonly prune: boolean };

/**
 * `after` is absent for a deletion, `before` too when a row of ours is withdrawn in whose place the catalog shows
 * another's. Rows as committed, with their indexes.
 */
export interface LocalChange {
  readonly ref: RowRef;
  readonly before?: Row;
  readonly after?: Row;
}

export interface Send {
  readonly to: Origin;
  readonly message: Message;
  readonly priority: Priority;
}

/** Where merged rows belong. */
export type MergeTarget =
  /** The catalog of this datacenter. */
  | { readonly type: 'local' }
  /** The copy of the home's state; `space` is the home's index space: another one begins anew. */
  | { readonly type: 'state'; readonly home: Origin; readonly space: string }
  | { readonly type: 'datacenter'; readonly datacenter: string };

export interface Merge {
  readonly target: MergeTarget;
  readonly changes: readonly Change[];
  /**
   * Copies of state: the home's index, above that of the merge before. At the same index nothing but documents may be
   * merged, so a delta is cut between the home's indexes.
   */
  readonly at?: number;
  /** `lazy`: records of peers. `volatile`: a view of liveness, never on disk. `synced`: what must not be forgotten. */
  readonly durability: 'synced' | 'lazy' | 'volatile';
}

/** What people and metrics are told of. */
export type Notice =
  | {
      readonly type: 'member';
      readonly origin: Origin;
      readonly node: string;
      readonly state: 'alive' | 'suspect' | 'dead' | 'left' | 'forgotten';
      readonly evidence: string;
    }
  | {
      readonly type: 'conflict';
      readonly ref: RowRef;
      readonly winner: Origin;
      readonly loser: Origin;
      readonly sameAddress: boolean;
    }
  /** Another origin's record won over ours. `yield` = same address: our row is to be withdrawn; else it stays, shadowed. */
  | { readonly type: 'lost'; readonly ref: RowRef; readonly winner: Origin; readonly yield: boolean }
  /** A row of our own node was claimed by another: it must be said again under a larger clock. */
  | { readonly type: 'reclaim'; readonly ref: RowRef }
  | { readonly type: 'reset'; readonly stream: string; readonly reason: 'behind' | 'incarnation' | 'corrupt' }
  | { readonly type: 'protected'; readonly active: boolean; readonly reason: string }
  | { readonly type: 'refused'; readonly origin: Origin; readonly node: string; readonly reason: string }
  /** Two homes are configured, or none: for the log. */
  | { readonly type: 'home'; readonly problem: string };

/** In the order in which they happen; merges before the sends of the same step. */
export interface Effects {
  readonly merges: Merge[];
  readonly sends: Send[];
  readonly notices: Notice[];
}
