import type { PickHint } from './balancer.js';
import { narrowed, subsetSize } from './layers/narrowing.js';
import type { Member } from './member.js';
import { type Chooser, isExcluded } from './policy.js';

/** One chooser and the members it chooses among. */
export class Pool {
  /** Those of them that this client uses. */
  members: readonly Member[] = [];
  private all: readonly Member[] = [];
  private weights: readonly number[] = [];
  private size: number;

  constructor(
    private readonly chooser: Chooser,
    private readonly smallest: number,
  ) {
    this.size = smallest;
  }

  update(all: readonly Member[]): void {
    this.all = all;
    const members = narrowed(all, this.size);
    const same =
      members.length === this.members.length &&
      members.every((member, at) => member === this.members[at] && member.weight === this.weights[at]);
    if (same) return;
    this.members = members;
    this.weights = members.map(({ weight }) => weight);
    this.chooser.update(members);
  }

  /** Makes the subset larger or smaller as that many requests in flight suggest. */
  resize(inflight: number): void {
    if (this.smallest === Infinity) return;
    const size = subsetSize(this.size, inflight, this.smallest);
    if (size === this.size) return;
    this.size = size;
    this.update(this.all);
  }

  choose(hint: PickHint, nowMs: number): Member | undefined {
    const chosen = this.chooser.choose(hint, nowMs) as Member | undefined;
    if (chosen !== undefined && !isExcluded(chosen, hint)) return chosen;
    return leastBusy(this.members, hint);
  }

  ended(member: Member, ok: boolean, latencyMs: number, nowMs: number): void {
    this.chooser.ended?.(member, { ok, latencyMs, nowMs });
  }

  score(member: Member, nowMs: number): number | undefined {
    return this.chooser.score?.(member, nowMs);
  }
}

export function leastBusy(members: readonly Member[], hint: PickHint): Member | undefined {
  let best: Member | undefined;
  for (const member of members) {
    if (isExcluded(member, hint)) continue;
    if (!best || member.inflight / member.weight < best.inflight / best.weight) best = member;
  }
  return best;
}
