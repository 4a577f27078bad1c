import { defaults, isDiscoveryError } from '../../model/index.js';
import {
  fullJitterMs,
  pause,
  type Clock,
  type ConnectionEvidence,
  type NetworkAddress,
  type Random,
} from '../../runtime/index.js';
import type { MemberInfo, Origin } from '../messages.js';
import { refusalOf } from './refusals.js';

export interface DialerOptions {
  readonly self: Origin;
  readonly clock: Clock;
  readonly random: Random;
  readonly isLinked: (origin: Origin) => boolean;
  /** Resolves with who was met, connected. Rejects as `Network.dial` does, or with what the other side refused. */
  readonly reach: (address: NetworkAddress, signal: AbortSignal) => Promise<Origin>;
  readonly failed: (member: MemberInfo, evidence: 'hard' | 'soft', error: unknown) => void;
}

/** A member without a connection, and when it is tried again. */
interface Try {
  member: MemberInfo;
  failures: number;
  isDialled: boolean;
  /** It was connected before: whether anybody listens there is evidence, and wanted soon. */
  readonly wasLost: boolean;
  readonly stop: AbortController;
}

const BACKOFF = { baseMs: defaults.peerBackoffMs, capMs: defaults.peerBackoffCapMs };
/** After the first refusal following a loss: two in a row are hard evidence. */
const SECOND_LOOK_MS = 100;
/** The agent with the larger origin leaves it to the other one to dial first. */
const COURTESY_MS = 200;

/** Keeps a connection to every wanted member: tries until there is one, with full jitter, at once after a loss. */
export class Dialer {
  private readonly tries = new Map<Origin, Try>();
  private isClosed = false;

  constructor(private readonly options: DialerOptions) {}

  /** Members without a connection, and whether one is being made at the moment. */
  *pending(): Generator<{ readonly member: MemberInfo; readonly isDialled: boolean }> {
    for (const { member, isDialled } of this.tries.values()) yield { member, isDialled };
  }

  /** Begins with those that are newly wanted and gives up those that no longer are. */
  reconcile(wanted: readonly MemberInfo[]): void {
    const names = new Set<Origin>();
    for (const member of wanted) {
      names.add(member.origin);
      const known = this.tries.get(member.origin);
      if (known) known.member = member;
      else if (!this.options.isLinked(member.origin)) this.begin(member, false);
    }
    for (const origin of this.tries.keys()) if (!names.has(origin)) this.end(origin);
  }

  lost(member: MemberInfo): void {
    this.end(member.origin);
    this.begin(member, true);
  }

  met(origin: Origin): void {
    this.end(origin);
  }

  close(): void {
    this.isClosed = true;
    for (const origin of this.tries.keys()) this.end(origin);
  }

  private begin(member: MemberInfo, wasLost: boolean): void {
    if (this.isClosed) return;
    const attempt: Try = { member, failures: 0, isDialled: false, wasLost, stop: new AbortController() };
    this.tries.set(member.origin, attempt);
    const { self, random } = this.options;
    const waitMs = wasLost || self < member.origin ? 0 : COURTESY_MS * (1 + random.next());
    void this.go(attempt, waitMs);
  }

  private end(origin: Origin): void {
    const attempt = this.tries.get(origin);
    if (!attempt) return;
    this.tries.delete(origin);
    attempt.stop.abort(new Error('no longer wanted'));
  }

  private async go(attempt: Try, waitMs: number): Promise<void> {
    const { member, stop } = attempt;
    await pause(this.options.clock, waitMs, stop.signal);
    if (stop.signal.aborted) return;
    attempt.isDialled = true;
    try {
      const met = await this.options.reach(attempt.member, stop.signal);
      if (met !== member.origin) throw new SomebodyElse(met);
      this.end(member.origin);
    } catch (error) {
      if (!stop.signal.aborted) this.failed(attempt, error);
    }
  }

  private failed(attempt: Try, error: unknown): void {
    attempt.isDialled = false;
    attempt.failures++;
    if (refusalOf(error)?.code !== 'duplicate') {
      this.options.failed(attempt.member, isHard(error) ? 'hard' : 'soft', error);
    }
    if (attempt.stop.signal.aborted) return;
    const soon = attempt.wasLost && attempt.failures === 1;
    void this.go(attempt, soon ? SECOND_LOOK_MS : fullJitterMs(attempt.failures, BACKOFF, this.options.random));
  }
}

/** Where that member was, another agent answered: nobody of that name is there. */
class SomebodyElse extends Error {
  constructor(readonly origin: Origin) {
    super(`agent ${origin} answers there`);
  }
}

/** Nobody listens where that member was. */
function isHard(error: unknown): boolean {
  if (error instanceof SomebodyElse) return true;
  const evidence = isDiscoveryError(error) ? (error.details['evidence'] as ConnectionEvidence | undefined) : undefined;
  return evidence === 'refused' || evidence === 'reset';
}
