import type { OpinionMessage, Origin } from '../messages.js';

export type Vote = Pick<OpinionMessage, 'inc' | 'beat' | 'verdict' | 'evidence'>;

/**
 * What others, and we, think of one agent. Of one agent's opinions the greater is kept – by incarnation, by the last beat
 * it heard, by severity – so that late and repeated ones do no harm.
 */
export class Votes {
  /** How many do not say `alive`. To have said nothing is as good. */
  accusations = 0;
  private readonly votes = new Map<Origin, Vote>();

  get(by: Origin): Vote | undefined {
    return this.votes.get(by);
  }

  accuses(by: Origin): boolean {
    return isAccusation(this.votes.get(by));
  }

  *accusers(): Iterable<Origin> {
    for (const [by, vote] of this.votes) if (isAccusation(vote)) yield by;
  }

  /** Whether that is news. */
  take(by: Origin, given: Vote): boolean {
    const vote: Vote = given.verdict === 'alive' ? { ...given, evidence: 'silence' } : given;
    const before = this.votes.get(by);
    if (before && compareVotes(vote, before) <= 0) return false;
    this.votes.set(by, vote);
    this.accusations += Number(isAccusation(vote)) - Number(isAccusation(before));
    return true;
  }

  drop(by: Origin): void {
    this.accusations -= Number(this.accuses(by));
    this.votes.delete(by);
  }

  /** Of earlier lives. */
  dropBefore(inc: number): void {
    for (const [by, vote] of this.votes) if (vote.inc < inc) this.drop(by);
  }
}

export function severity({ verdict, evidence }: Pick<Vote, 'verdict' | 'evidence'>): number {
  if (verdict === 'alive') return 0;
  return (verdict === 'dead' ? 3 : 1) + (evidence === 'hard' ? 1 : 0);
}

function compareVotes(a: Vote, b: Vote): number {
  return a.inc - b.inc || a.beat - b.beat || severity(a) - severity(b);
}

function isAccusation(vote: Vote | undefined): boolean {
  return vote !== undefined && vote.verdict !== 'alive';
}
