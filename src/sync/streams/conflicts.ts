import type { ConflictReport, Row, RowRef } from '../../model/index.js';
import { limits } from '../../model/index.js';
import { hlcWallMs } from '../hlc.js';
import type { Origin } from '../messages.js';
import type { MembersPart, StepContext } from '../step/parts.js';
import type { StreamCounters } from './counters.js';
import type { SyncedRecord } from './record.js';
import type { Space } from './space.js';
import { headOf } from './space.js';
import type { IsLive } from './standing.js';
import { clockOf, deletion, winnerOf } from './standing.js';

interface Conflict {
  /** Who holds what: the same is told once. */
  readonly signature: string;
  /** Ours is deleted, whoever's is shown. */
  readonly isDeleted: boolean;
  readonly ref: RowRef;
  readonly winner: Origin;
  readonly losers: readonly Origin[];
  readonly reason: string;
}

/** Rows that are held and not shown: who is told of it, and what is to be done about our own. */
export class Conflicts {
  private readonly known = new Map<string, Conflict>();

  constructor(
    private readonly members: MembersPart,
    private readonly isLive: IsLive,
    private readonly counters: StreamCounters,
  ) {}

  /** Names of nodes; an instance and its checks are one conflict. */
  *report(): Iterable<ConflictReport> {
    for (const { ref, winner, losers, reason } of this.known.values()) {
      if (ref.kind === 'check') continue;
      for (const loser of losers) {
        yield { node: ref.node, id: ref.id, winner: this.nameOf(winner), loser: this.nameOf(loser), reason };
      }
    }
  }

  /** How many rows are held and not shown. */
  get shadowed(): number {
    let count = 0;
    for (const { losers } of this.known.values()) count += losers.length;
    return count;
  }

  forget(key: string): void {
    this.known.delete(key);
  }

  consider(space: Space, key: string, winner: SyncedRecord | undefined, context: StepContext): void {
    const losers = [...space.holders(key)].filter((record) => record.row && record !== winner);
    const victor = winner ?? deleterOf(space, key);
    if (losers.length === 0) return this.forget(key);
    const signature = [victor, ...losers].map((record) => `${record?.stream.origin}@${record?.hlc}`).join(' ');
    const own = losers.find(({ stream }) => stream.origin === this.members.self.origin);
    // It may have lost to a row long before it is known that it was deleted, which changes what is to be done.
    const isDeleted = own !== undefined && this.isDeleted(space, this.lostWith(space, own));
    const known = this.known.get(key);
    const isNews = known?.signature !== signature;
    if (!isNews && known.isDeleted === isDeleted) return;
    const ref = (losers[0] as SyncedRecord).ref;
    const origins = losers.map(({ stream }) => stream.origin);
    const reason = reasonOf(victor, losers[0] as SyncedRecord, this.isLive);
    this.known.set(key, { signature, isDeleted, ref, winner: victor?.stream.origin ?? '', losers: origins, reason });
    if (isNews && winner && ref.kind !== 'check') for (const loser of losers) this.tell(winner, loser, context);
    if (own) this.lose(space, own, victor, context);
  }

  private tell(winner: SyncedRecord, loser: SyncedRecord, { out }: StepContext): void {
    const { ref, hlc } = winner;
    const [won, lost] = [winner.stream.origin, loser.stream.origin];
    const sameAddress = areAtOneAddress(winner.row, loser.row);
    this.counters.conflicts++;
    out.notices.push({ type: 'conflict', ref, winner: won, loser: lost, sameAddress });
    if (won !== this.members.self.origin || !this.members.of(lost)?.isConnected) return;
    const message = { type: 'conflict', stream: loser.stream.id, ref, winner: won, hlc, sameAddress } as const;
    out.sends.push({ to: lost, message, priority: 'control' });
  }

  /** Our own node's rows are said again; others go when they are the same instance, or were deleted. */
  private lose(space: Space, own: SyncedRecord, victor: SyncedRecord | undefined, context: StepContext): void {
    const head = this.headOf(space, own);
    const isOfOwnNode = own.ref.node === this.members.self.node.toLowerCase();
    if (isOfOwnNode) {
      const isSaidByHead = head !== undefined && head.winner !== head.own;
      if (!isSaidByHead && canExceed(victor, context))
        context.out.notices.push({ type: 'reclaim', ref: head?.own.ref ?? own.ref });
      return;
    }
    const [won, lost] = head && head.winner !== head.own ? [head.winner, head.own] : [victor, own];
    const isYielded = !won?.row || areAtOneAddress(won.row, lost.row) || this.isDeleted(space, lost);
    const winner = (won ?? own).stream.origin;
    context.out.notices.push({ type: 'lost', ref: own.ref, winner, yield: isYielded });
  }

  /** Another agent deleted it: it will not be shown again, whoever else's row is shown now. */
  private isDeleted(space: Space, lost: SyncedRecord): boolean {
    return (clockOf(space, lost, this.isLive) ?? lost.hlc) < deletion(space, lost.key);
  }

  /** What decides: for a check whose node or service lost, that. */
  private lostWith(space: Space, own: SyncedRecord): SyncedRecord {
    const head = this.headOf(space, own);
    return head && head.winner !== head.own ? head.own : own;
  }

  /** For a check: the record of its own origin that it belongs to, and who is shown there. */
  private headOf(space: Space, { row, stream }: SyncedRecord) {
    if (row?.kind !== 'check') return undefined;
    const key = headOf(row);
    const own = space.find(key, stream);
    return own && { own, winner: winnerOf(space, key, this.isLive) ?? deleterOf(space, key) };
  }

  private nameOf(origin: Origin): string {
    return (
      this.members.of(origin)?.info.node ?? (origin === this.members.self.origin ? this.members.self.node : origin)
    );
  }
}

/**
 * Whether ours can be said again under a larger clock. One that is further ahead than clocks may differ is not followed:
 * saying ours again and again would change nothing; the registry does so once a minute, until our time has come.
 */
function canExceed(victor: SyncedRecord | undefined, { wall }: StepContext): boolean {
  return victor === undefined || hlcWallMs(victor.hlc) <= wall + limits.clockSkewMs;
}

function deleterOf(space: Space, key: string): SyncedRecord | undefined {
  let last: SyncedRecord | undefined;
  for (const record of space.holders(key)) {
    if (!record.row && record.hlc > (last?.hlc ?? 0)) last = record;
  }
  return last;
}

function reasonOf(winner: SyncedRecord | undefined, loser: SyncedRecord, isLive: IsLive): string {
  if (!winner) return 'belongs to a registration that lost';
  if (!winner.row) return 'deleted by another agent';
  if (isLive(winner.stream.origin) && !isLive(loser.stream.origin)) return 'its owner is not there';
  if (winner.hlc !== loser.hlc) return 'registered later';
  return winner.stream.inc === loser.stream.inc ? 'larger id' : 'larger incarnation';
}

/** Whether two rows of one identity are of one instance. */
export function areAtOneAddress(a: Row | undefined, b: Row | undefined): boolean {
  if (a?.kind === 'node' && b?.kind === 'node') return a.address === b.address;
  if (a?.kind === 'service' && b?.kind === 'service') return a.address === b.address && a.port === b.port;
  return a?.kind === 'check' && b?.kind === 'check';
}
