import { limits } from '../../model/index.js';
import type { Hash, Message, OpinionMessage } from '../messages.js';
import type { StepContext } from '../step/parts.js';
import { isNumber } from './member-info.js';
import type { Member } from './member.js';
import type { Pieces } from './pieces.js';

/** What peers say, taken to whom it concerns. */
export class Incoming {
  constructor(private readonly pieces: Pieces) {}

  take(from: Member, message: Message, context: StepContext): void {
    switch (message.type) {
      case 'members':
        return this.takeMembers(from, message, context);
      case 'summary':
        if (!isSameHash(message.members, this.pieces.table.hash)) this.pieces.membership.sendAll(from, true, context);
        return;
      case 'beat':
        return this.pieces.beats.heard(from, message, context.now);
      case 'opinion':
        return this.takeOpinion(from, message, context);
      case 'alive':
        if (message.inc === from.info.inc && isNumber(message.beat, from.beat)) from.beat = message.beat;
        return;
      case 'goodbye':
        if (message.inc === from.info.inc) from.saidGoodbye = true;
        return;
      default:
    }
  }

  private takeMembers(from: Member, message: Message & { type: 'members' }, context: StepContext): void {
    const sound = message.members
      .slice(0, limits.membersPerMessage)
      .filter((info) => this.pieces.membership.isSound(info));
    for (const info of sound) this.pieces.membership.learn(info, from.info.origin, context);
    this.pieces.membership.correct(from, sound, message.answer, context);
  }

  private takeOpinion(from: Member, message: OpinionMessage, context: StepContext): void {
    const self = this.pieces.table.self.info;
    if (from.info.datacenter !== self.datacenter || !isOpinion(message)) return;
    if (message.about === self.origin) return this.takeDoubt(from, message, context);
    const about = this.pieces.table.get(message.about);
    if (!about || !this.pieces.opinions.take(from.info.origin, message, about) || message.verdict !== 'alive') return;
    about.heardMs = context.now;
    if (isAfter(message, about.diedWith)) about.isSeenAgain = true;
  }

  private takeDoubt(from: Member, { inc, verdict }: OpinionMessage, context: StepContext): void {
    const self = this.pieces.table.self.info;
    if (inc > self.inc) this.pieces.membership.claimLaterLife(inc, context);
    else if (inc === self.inc && verdict !== 'alive' && !self.left) this.pieces.beats.doubted(from, context);
  }
}

function isSameHash(a: Hash, b: Hash): boolean {
  return a[0] === b[0] && a[1] === b[1];
}

function isOpinion({ inc, beat, verdict, evidence }: OpinionMessage): boolean {
  const isKnown = verdict === 'alive' || verdict === 'suspect' || verdict === 'dead';
  return isKnown && (evidence === 'hard' || evidence === 'silence') && isNumber(inc, 1) && isNumber(beat, 0);
}

function isAfter(opinion: OpinionMessage, end: Member['diedWith']): boolean {
  if (!end) return false;
  return opinion.inc > end.inc || (opinion.inc === end.inc && opinion.beat > end.beat);
}
