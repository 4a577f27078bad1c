import type { MembersOptions } from '../step/parts.js';
import { AttentiveTime } from './attentive-time.js';
import { Beats } from './beats.js';
import { Detector } from './detector.js';
import { Gateways } from './gateways.js';
import { Liveness } from './liveness.js';
import { LocalHealth } from './local-health.js';
import { Member } from './member.js';
import { Membership } from './membership.js';
import { NameDispute } from './name-dispute.js';
import { Opinions } from './opinions.js';
import { Protection } from './protection.js';
import { Monitors } from './rendezvous.js';
import { MemberTable } from './table.js';

/** What members consist of, each with its rules, around one table. */
export interface Pieces {
  readonly time: AttentiveTime;
  readonly health: LocalHealth;
  readonly table: MemberTable;
  readonly membership: Membership;
  readonly liveness: Liveness;
  readonly opinions: Opinions;
  readonly beats: Beats;
  readonly protection: Protection;
  readonly detector: Detector;
  readonly gateways: Gateways;
  readonly nameDispute: NameDispute;
}

export function createPieces({ own, settings, changed }: MembersOptions): Pieces {
  const time = new AttentiveTime();
  const health = new LocalHealth();
  const table = new MemberTable(new Member(own.info, 0, 0));
  const monitors = new Monitors(table, settings.monitors);
  const liveness = new Liveness(table, time, changed);
  const opinions = new Opinions(table, time);
  const protection = new Protection(table, time, settings);
  const judges = { time, health, monitors, opinions, liveness };
  return {
    time,
    health,
    table,
    liveness,
    opinions,
    protection,
    membership: new Membership(table, time, liveness, own),
    beats: new Beats(table, time, health, monitors, settings),
    detector: new Detector(table, judges, protection, settings),
    gateways: new Gateways(table, time, opinions, liveness, settings),
    nameDispute: new NameDispute(table, time),
  };
}
