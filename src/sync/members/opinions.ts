import { defaults } from '../../model/index.js';
import type { Message, OpinionMessage, Origin } from '../messages.js';
import type { StepContext } from '../step/parts.js';
import type { AttentiveTime } from './attentive-time.js';
import type { Member } from './member.js';
import type { MemberTable } from './table.js';
import type { Vote } from './votes.js';

interface Said {
  vote: Vote;
  /** Told again then, and after twice as long the next time: a message may be lost with its connection. */
  nextAt: number;
  gapMs: number;
}

/**
 * What agents tell each other about each other (votes.ts): it goes to everybody, first of all to the one it is about, who
 * may say otherwise. Accusations stand until they are taken back, which takes a later beat.
 */
export class Opinions {
  private readonly said = new Map<Member, Said>();

  constructor(
    private readonly table: MemberTable,
    private readonly time: AttentiveTime,
  ) {}

  /** What is not greater than what we said before is not said. */
  say(about: Member, vote: Vote, context: StepContext): void {
    if (!about.votes.take(this.table.self.info.origin, vote)) return;
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
    return inc >= about.info.inc && about.votes.take(from, { inc, beat, verdict, evidence });
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
