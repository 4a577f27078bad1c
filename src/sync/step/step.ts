import type { Held } from '../host.js';
import type { HybridClock } from '../hlc.js';
import type { MemberInfo, Message } from '../messages.js';
import type { SyncSettings } from '../settings.js';
import { OwnInfo } from './own-info.js';
import type { CreateMembers, CreateStreams, MembersPart, MemberView, StepContext, StreamsPart } from './parts.js';
import type { Effects, StepTime, SyncInput } from './types.js';

export interface SyncStateOptions {
  /**
   * What this agent says of itself. `inc` is chosen by the caller: max(storedIncarnation(documents) + 1, wall-clock ms),
   * and `ownDocument(inc)` is committed before the first step.
   */
  readonly self: MemberInfo;
  readonly settings: SyncSettings;
  /** Asked at once for documents, and for rows when the first peer connects: a lone agent keeps none twice. */
  readonly held: () => readonly Held[];
  /** The one that the registry stamps registrations with: it learns here of those of others. */
  readonly clock: HybridClock;
}

export interface SyncState {
  readonly own: OwnInfo;
  readonly members: MembersPart;
  readonly streams: StreamsPart;
}

export function createSyncState(
  options: SyncStateOptions,
  parts: { readonly members: CreateMembers; readonly streams: CreateStreams },
): SyncState {
  const own = new OwnInfo(options.self);
  const shared = { own, settings: options.settings, held: options.held };
  let streams: StreamsPart | undefined = undefined;
  const changed = (view: MemberView, context: StepContext): void => streams?.memberChanged(view, context);
  const members = parts.members({ ...shared, changed });
  streams = parts.streams({ ...shared, clock: options.clock, members });
  return { own, members, streams };
}

export function step(state: SyncState, input: SyncInput, time: StepTime): Effects {
  const out: Effects = { merges: [], sends: [], notices: [] };
  take(state, input, { now: time.now, wall: time.wall, random: time.random, out });
  return out;
}

function take({ members, streams }: SyncState, input: SyncInput, context: StepContext): void {
  switch (input.type) {
    case 'local':
      return streams.local(input, context);
    case 'connected':
      members.connected(input.peer, context);
      return streams.connected(input.peer, context);
    case 'disconnected':
      members.disconnected(input.origin, input.evidence, context);
      return streams.disconnected(input.origin, context);
    case 'dial-failed':
      return members.dialFailed(input.origin, input.evidence, context);
    case 'refused':
      return members.refused(input.reason, context);
    case 'message':
      members.message(input.from, input.message, context);
      if (isOfStreams(input.message)) streams.message(input.from, input.message, context);
      return;
    case 'tick':
      members.tick(input.lagMs, context);
      return streams.tick(context);
    case 'leave':
      return members.leave(context);
    case 'force-leave':
      return members.forceLeave(input.origin, input.prune, context);
  }
}

function isOfStreams({ type }: Message): boolean {
  return type === 'summary' || type === 'digest' || type === 'pull' || type === 'delta' || type === 'conflict';
}
