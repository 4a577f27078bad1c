import type { ServiceEndpoint } from '../model/index.js';
import type { Random } from '../runtime/index.js';
import type { PickHint } from './balancer.js';

/**
 * A way of choosing, for as many balancers as like: `create` makes the state of one group of endpoints. Health,
 * locality, ejection, panic and subsets are done around it; a policy only ever sees what may be used.
 */
export interface Policy {
  readonly name: string;
  /** Narrow large sets to this client's own few before the policy sees them. Default false. */
  readonly narrow?: boolean;
  create(context: PolicyContext): Chooser;
}

export interface PolicyContext {
  readonly random: Random;
}

/** One group of endpoints among which a policy chooses. */
export interface Chooser {
  /**
   * Who may be chosen from now on: never empty, no candidate twice. Called before the first choice and whenever members
   * or weights changed. A candidate is the same object for as long as its endpoint stays in the set, so a WeakMap or
   * Map keeps what a policy learns about it.
   */
  update(candidates: readonly Candidate[]): void;
  /**
   * One of them, without waiting. Where `hint.exclude` is given, preferably none of those (see `isExcluded`); a choice
   * that is excluded or undefined is replaced by the least busy of the others.
   */
  choose(hint: PickHint, nowMs: number): Candidate | undefined;
  /** A request sent to the candidate ended. */
  ended?(candidate: Candidate, result: Result): void;
  /** For `explain`: what the policy thinks of it now, lower is better. */
  score?(candidate: Candidate, nowMs: number): number;
}

/** What a policy may know of an endpoint. */
export interface Candidate {
  /** `endpointKey` of the endpoint. */
  readonly key: string;
  /** The endpoint as the last set has it. */
  readonly endpoint: ServiceEndpoint;
  /** Share in relation to the others, > 0: the endpoint's weight, reduced while it starts slowly. */
  readonly weight: number;
  /** The endpoint's own weight, > 0: what tables that are dear to rebuild go by. */
  readonly baseWeight: number;
  /** Requests picked and not done. */
  readonly inflight: number;
  /** Whether it was ever picked. */
  readonly tried: boolean;
  /**
   * Milliseconds an answer takes: a moving average, kept within a third and three times the median of all, and moving
   * towards it while the endpoint is idle. Without a sample: the median.
   */
  latencyMs(nowMs: number): number;
  /** Milliseconds since the oldest request still waiting was picked; 0 without one. */
  waitingMs(nowMs: number): number;
}

export interface Result {
  readonly ok: boolean;
  /** Measured or told; a failure counts as 5,000. */
  readonly latencyMs: number;
  readonly nowMs: number;
}

export function isExcluded(candidate: Candidate, hint: PickHint): boolean {
  return hint.exclude !== undefined && hint.exclude.has(candidate.key);
}
