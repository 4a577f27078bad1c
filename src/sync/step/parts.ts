/**
 * The two halves of the step and what each may ask of the other. `Streams` holds what is known, `Members` who is there.
 */
import type { ConflictReport, MemberState, StreamReport } from '../../model/index.js';
import type { Refusal } from '../connection/types.js';
import type { HybridClock } from '../hlc.js';
import type { Held } from '../host.js';
import type { Hash, MemberInfo, Message, Origin, Position, StreamId } from '../messages.js';
import type { SyncSettings } from '../settings.js';
import type { OwnInfo } from './own-info.js';
import type { Effects, StepTime, SyncInput } from './types.js';

/** Handed to every method of a step: when, and where its effects go. */
export interface StepContext extends StepTime {
  readonly out: Effects;
}

export interface MemberView {
  readonly info: MemberInfo;
  readonly state: MemberState;
  /** Why not alive, for people. */
  readonly reason: string;
  readonly isConnected: boolean;
  /** Monotonic ms at which anything was last heard of it; its own word or a monitor's. */
  readonly heardMs: number;
  readonly rttMs: number | undefined;
  readonly localHealth: number;
}

/** Where keys, sessions, events and prepared queries of our datacenter are decided, by configuration alone. */
export interface HomeView {
  /** Node name as configured, or ours when alone; undefined when there is none. */
  readonly node: string | undefined;
  /** The agent of that name, once known; reachable or not. Ours when it is us. */
  readonly origin: Origin | undefined;
  /** Why there is none, for people; '' otherwise. */
  readonly problem: string;
}

export interface MembersPart {
  readonly self: MemberInfo;
  /**
   * Whether an agent may be a peer of ours; undefined = it may. To be asked before its hello is answered, and of a connected
   * one again when a notice `refused` names it.
   */
  admit(peer: MemberInfo): Refusal | undefined;
  of(origin: Origin): MemberView | undefined;
  /** The others, also those that left. */
  all(): Iterable<MemberView>;
  /** Connected members of our datacenter, in order of their origins; not ourselves. */
  peers(): readonly MemberInfo[];
  /** Connected members of other datacenters to which this agent is a gateway now. */
  remotePeers(): readonly MemberInfo[];
  /** Neither dead, left nor forgotten; of any datacenter. SUSPECT counts. True of ourselves. */
  isLive(origin: Origin): boolean;
  /** Members whose connection the loop has to keep up: all of our datacenter, and those gateways call for. */
  wanted(): readonly MemberInfo[];
  /** Protected mode: nothing is expired, answers are marked. `sinceMs` is monotonic, 0 while it is off. */
  protectedMode(): { readonly active: boolean; readonly reason: string; readonly sinceMs: number };
  readonly localHealth: number;
  home(): HomeView;
  /** Over all members that have not left: for summaries, which `message` compares and answers by itself. */
  summaryHash(): Hash;
  /** By the names of docs/sync.md. */
  counters(): Readonly<Record<string, number>>;

  /**
   * The first peer of our datacenter ever is remembered by a *synced* merge of this step: nothing but hellos may be
   * exchanged before it is done.
   */
  connected(peer: MemberInfo, context: StepContext): void;
  disconnected(origin: Origin, evidence: 'hard' | 'soft', context: StepContext): void;
  dialFailed(origin: Origin, evidence: 'hard' | 'soft', context: StepContext): void;
  /** Takes members, beat, opinion, alive, goodbye, summary; anything from a peer is a sign of its life. */
  message(from: Origin, message: Message, context: StepContext): void;
  tick(lagMs: number, context: StepContext): void;
  /** Says `left`; a loop that only stops for a while says `goodbye` to every peer instead. */
  leave(context: StepContext): void;
  /**
   * At its present incarnation it is gone for good, whatever its state; one that lives says otherwise under a larger one.
   * With `prune` it is not in `all()` any more.
   */
  forceLeave(origin: Origin, prune: boolean, context: StepContext): void;
  /** A peer did not let us in, with code `name`: until that is settled we are nobody's home. */
  refused(reason: string, context: StepContext): void;
}

export interface MembersOptions {
  readonly own: OwnInfo;
  readonly settings: SyncSettings;
  readonly held: () => readonly Held[];
  /** To be called in the step in which a member became alive, dead, left or forgotten. */
  readonly changed: (view: MemberView, context: StepContext) => void;
}
export type CreateMembers = (options: MembersOptions) => MembersPart;

export interface StreamsOptions {
  readonly own: OwnInfo;
  readonly settings: SyncSettings;
  readonly held: () => readonly Held[];
  readonly clock: HybridClock;
  readonly members: MembersPart;
}
export type CreateStreams = (options: StreamsOptions) => StreamsPart;

export interface StreamsReport {
  readonly streams: readonly StreamReport[];
  readonly conflicts: readonly ConflictReport[];
  /** Counted since the start, by the names of docs/sync.md. */
  readonly counters: Readonly<Record<string, number>>;
}

export interface StreamsPart {
  local(input: SyncInput & { readonly type: 'local' }, context: StepContext): void;
  connected(peer: MemberInfo, context: StepContext): void;
  disconnected(origin: Origin, context: StepContext): void;
  /** Takes summary, digest, pull, delta, conflict. */
  message(from: Origin, message: Message, context: StepContext): void;
  tick(context: StepContext): void;
  /** A member became alive, dead, left or forgotten: rows are shown, overlaid or dropped, winners chosen anew. */
  memberChanged(view: MemberView, context: StepContext): void;
  /** Up to where a stream is known here. */
  position(stream: StreamId): Position;
  /** The highest version of a stream that anybody claimed to have, for lag. */
  claimed(stream: StreamId): Position;
  report(nowMs: number): StreamsReport;
}
