import { refKey, type RowRef } from '../../model/index.js';
import type { Logger } from '../../runtime/index.js';
import type { SyncHost } from '../host.js';
import type { Origin } from '../messages.js';
import type { Notice } from '../step/types.js';

export interface NoticesOptions {
  readonly logger: Logger;
  readonly host: Pick<SyncHost, 'reclaim' | 'yieldRow'>;
  readonly nameOf: (origin: Origin) => string;
  /** A connected agent that may not be a peer of ours. */
  readonly refused: (origin: Origin) => void;
}

/** What the step noticed: for the log, and what has to be done about our own rows. */
export class Notices {
  constructor(private readonly options: NoticesOptions) {}

  take(notice: Notice): void {
    const { logger, host, nameOf } = this.options;
    switch (notice.type) {
      case 'member':
        return this.member(notice);
      case 'conflict': {
        const { ref, winner, loser, sameAddress } = notice;
        const between = { row: nameOfRow(notice), winner: nameOf(winner), loser: nameOf(loser), sameAddress };
        logger.warn({ kind: ref.kind, ...between }, 'sync.conflict');
        return;
      }
      case 'lost':
        logger.warn(
          { kind: notice.ref.kind, row: nameOfRow(notice), winner: nameOf(notice.winner), withdrawn: notice.yield },
          'sync.row_lost_to_another_agent',
        );
        if (notice.yield) this.unattended(host.yieldRow(notice.ref), 'sync.row_not_withdrawn');
        return;
      case 'reclaim':
        logger.info({ kind: notice.ref.kind, row: nameOfRow(notice) }, 'sync.row_claimed_back');
        return this.unattended(host.reclaim(notice.ref), 'sync.row_not_claimed_back');
      case 'reset':
        logger.info({ stream: notice.stream, reason: notice.reason }, 'sync.stream_begun_anew');
        return;
      case 'protected':
        if (notice.active) logger.warn({ reason: notice.reason }, 'sync.protected_mode_entered');
        else logger.info({ reason: notice.reason }, 'sync.protected_mode_left');
        return;
      case 'refused':
        logger.warn({ node: notice.node, reason: notice.reason }, 'sync.peer_refused');
        return this.options.refused(notice.origin);
      case 'home':
        if (notice.problem === '') logger.info({}, 'sync.home_agreed');
        else logger.warn({ problem: notice.problem }, 'sync.no_home');
    }
  }

  private member({ node, state, evidence }: Notice & { readonly type: 'member' }): void {
    const fields = { node, ...(evidence === '' ? {} : { evidence }) };
    const level = state === 'suspect' || state === 'dead' ? 'warn' : 'info';
    this.options.logger[level](fields, `sync.member_${state}`);
  }

  private unattended(work: Promise<void>, event: string): void {
    work.catch((error: unknown) => this.options.logger.error({ error }, event));
  }
}

function nameOfRow({ ref }: { readonly ref: RowRef }): string {
  return refKey(ref).split('\0').slice(1).join(' ').trim();
}
