import { defaults } from '../../model/index.js';
import type { Message, OpinionMessage, Origin } from '../messages.js';
import type { StepContext } from '../step/parts.js';
import type { AttentiveTime } from './attentive-time.js';
import type { Member, Vote } from './member.js';
import type { MemberTable } from './table.js';

interface Said {
  vote: Vote;
  /** Told again then, and after twice as long the next time: a message may be lost with its connection. */
  nextAt: number;
  gapMs: number;
}

/**
 * What agents think of each other. Of one agent's opinions about another the greater counts – by incarnation, by the last
 * beat it heard, by severity – so that late or repeated ones do no harm; it takes an accusation back once it has heard a
 * later beat. Opinions go to everybody, first of all to the one they are about, who may say otherwise.
 */
export class Opinions {
  private readonly said = new Map<Member, Said>();

  constructor(
    private readonly table: MemberTable,
    private readonly time: AttentiveTime,
  ) {}

  ofSelf(about: Member): Vote | undefined {
    return about.votes.get(this.table.self.info.origin);
  }

  /** What is not greater than what we said before is not said. */
  say(about: Member, vote: Vote, context: StepContext): void {
    if (!keepGreater(about, this.table.self.info.origin, vote)) return;
    const gapMs = defaults.membership.opinionRepeatMs;
    this.said.set(about, { vote, nextAt: this.time.ms + gapMs, gapMs });
    for (const peer of this.table.localPeers) this.send(peer, about, vote, context);
  }

  /** Accusations are repeated as long as they stand, retractions a few times. */
  repeat(context: StepContext): void {
    for (const [about, said] of this.said) {
      if (this.time.ms < said.nextAt) continue;
      said.gapMs = Math.min(2 * said.gapMs, defaults.membership.opinionRepeatCapMs);
      said.nextAt = this.time.ms + said.gapMs;
      if (this.isOver(about, said)) this.said.delete(about);
      else for (const peer of this.table.localPeers) this.send(peer, about, said.vote, context);
    }
  }

  /** For a peer that was not connected when they were said. */
  greet(peer: Member, context: StepContext): void {
    for (const [about, { vote }] of this.said) if (vote.verdict !== 'alive') this.send(peer, about, vote, context);
  }

  /** Tells the accused, whom its accusers may not reach. */
  relay(about: Member, context: StepContext): void {
    const [inc, beat] = [about.info.inc, about.beat];
    this.send(about, about, { inc, beat, verdict: 'suspect', evidence: 'silence' }, context);
  }

  /** Whether that is news. */
  take(from: Origin, { inc, beat, verdict, evidence }: OpinionMessage, about: Member): boolean {
    return inc >= about.info.inc && keepGreater(about, from, { inc, beat, verdict, evidence });
  }

  private isOver(about: Member, { vote, gapMs }: Said): boolean {
    if (about.info.left || vote.inc < about.info.inc) return true;
    return vote.verdict === 'alive' && gapMs > 4 * defaults.membership.opinionRepeatMs;
  }

  private send(to: Member, about: Member, vote: Vote, { out }: StepContext): void {
    const message: Message = { type: 'opinion', about: about.info.origin, ...vote };
    out.sends.push({ to: to.info.origin, message, priority: 'control' });
  }
}

function keepGreater(about: Member, by: Origin, vote: Vote): boolean {
  const before = about.votes.get(by);
  if (before && compareVotes(vote, before) <= 0) return false;
  about.votes.set(by, vote);
  return true;
}

function compareVotes(a: Vote, b: Vote): number {
  return a.inc - b.inc || a.beat - b.beat || severity(a) - severity(b);
}

export function severity({ verdict, evidence }: Pick<Vote, 'verdict' | 'evidence'>): number {
  if (verdict === 'alive') return 0;
  return (verdict === 'dead' ? 3 : 1) + (evidence === 'hard' ? 1 : 0);
}
