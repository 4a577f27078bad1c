import type { MembersOptions, StepContext } from '../step/parts.js';
import type { Notice } from '../step/types.js';
import type { AttentiveTime } from './attentive-time.js';
import { persistMember } from './member-documents.js';
import type { Member } from './member.js';
import type { MemberTable } from './table.js';

type Told = (Notice & { readonly type: 'member' })['state'];

/** The states of a member and what follows from entering one: who is told, what is kept, what is void. */
export class Liveness {
  readonly counts = { suspects: 0, returns: 0, deathsHard: 0, deathsSilence: 0 };

  constructor(
    private readonly table: MemberTable,
    private readonly time: AttentiveTime,
    private readonly changed: MembersOptions['changed'],
  ) {}

  joined(member: Member, context: StepContext): void {
    this.table.changed();
    this.tell(member, 'alive', 'joined', context);
    this.changed(member, context);
  }

  /** A later incarnation: alive, with full grace. */
  begunAnew(member: Member, context: StepContext): void {
    member.heardAt = this.time.ms;
    member.saidGoodbye = false;
    member.isPruned = false;
    if (member.state !== 'alive' || member.deadWallMs !== 0) this.alive(member, 'a later incarnation', context);
  }

  alive(member: Member, evidence: string, context: StepContext): void {
    const wasGone = member.state === 'dead' || member.state === 'left';
    const wasStored = member.deadWallMs !== 0;
    member.clear('alive');
    this.table.changed();
    if (wasStored) persistMember(member, context);
    this.tell(member, 'alive', evidence, context);
    if (!wasGone) return;
    this.counts.returns++;
    this.changed(member, context);
  }

  suspect(member: Member, reason: string, context: StepContext): void {
    member.reason = reason;
    if (member.state === 'suspect') return;
    member.state = 'suspect';
    member.lostAt ??= this.time.ms;
    this.counts.suspects++;
    this.table.changed();
    this.tell(member, 'suspect', reason, context);
  }

  /** Dead already when this agent last ran: that time counts. */
  dead(member: Member, evidence: 'hard' | 'silence', reason: string, context: StepContext): void {
    member.state = 'dead';
    member.reason = reason;
    member.lostAt ??= this.time.ms;
    member.deadWallMs ||= context.wall;
    member.deadAt = this.time.ms - Math.max(0, context.wall - member.deadWallMs);
    if (evidence === 'hard') this.counts.deathsHard++;
    else this.counts.deathsSilence++;
    this.table.changed();
    persistMember(member, context);
    this.tell(member, 'dead', reason, context);
    this.changed(member, context);
  }

  left(member: Member, reason: string, told: 'left' | 'forgotten', context: StepContext): void {
    member.clear('left');
    member.reason = reason;
    member.leftAtMs = context.now;
    for (const other of this.table.all()) other.votes.drop(member.info.origin);
    this.table.changed();
    this.tell(member, told, reason, context);
    this.changed(member, context);
  }

  private tell({ info }: Member, state: Told, evidence: string, { out }: StepContext): void {
    out.notices.push({ type: 'member', origin: info.origin, node: info.node, state, evidence });
  }
}
