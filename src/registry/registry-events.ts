import type { AppliedChange, IsPrivate } from '../catalog/index.js';
import { redactMeta } from '../catalog/index.js';
import type { CheckRow, ServiceDiscoveryError, ServiceRow, SessionRow } from '../model/index.js';
import { refOf } from '../model/index.js';
import type { EventHub } from '../runtime/index.js';
import type { ExpiryMarks, ExpiryReason } from './expiry-marks.js';

/** What happened to instances and their health, with the row before and after. Told once the catalog shows it. */
export interface RegistryEvents {
  registered: { readonly index: number; readonly after: ServiceRow };
  changed: { readonly index: number; readonly before: ServiceRow; readonly after: ServiceRow };
  deregistered: { readonly index: number; readonly before: ServiceRow };
  /** A check's status changed; `before` is absent for a new check, `after` for one that went. */
  healthChanged: { readonly index: number; readonly before?: CheckRow; readonly after?: CheckRow };
  /** Nobody renewed it in time: told beside the event for what follows from that. */
  expired: {
    readonly index: number;
    readonly reason: ExpiryReason;
    readonly before: ServiceRow | CheckRow | SessionRow;
    readonly after?: CheckRow;
  };
  /** The store failed: nothing more is accepted, the process should end. */
  fatal: ServiceDiscoveryError;
}

export type RegistryEventName = keyof RegistryEvents;
/** Tells what a change set did. Metadata keys marked private are kept out. */
export class EventTeller {
  constructor(
    private readonly hub: EventHub<RegistryEvents>,
    private readonly marks: ExpiryMarks,
    private readonly isPrivate: IsPrivate,
  ) {}

  tell(applied: readonly AppliedChange[]): void {
    const silent = this.hub.isSilent;
    for (const { index, before, after } of applied) {
      const row = after ?? before;
      const reason = row && this.marks.take(refOf(row));
      if (silent) continue;
      if (before?.kind === 'service' || after?.kind === 'service') {
        this.tellService(index, asService(before), asService(after), reason);
      } else if (before?.kind === 'check' || after?.kind === 'check') {
        this.tellCheck(index, asCheck(before), asCheck(after), reason);
      } else if (before?.kind === 'session' && !after && reason) {
        this.hub.emit('expired', { index, reason, before });
      }
    }
  }

  private tellService(index: number, was?: ServiceRow, is?: ServiceRow, reason?: ExpiryReason): void {
    const before = was && this.shown(was);
    const after = is && this.shown(is);
    if (before && after) this.hub.emit('changed', { index, before, after });
    else if (after) this.hub.emit('registered', { index, after });
    else if (before) {
      if (reason) this.hub.emit('expired', { index, reason, before });
      this.hub.emit('deregistered', { index, before });
    }
  }

  private tellCheck(index: number, before?: CheckRow, after?: CheckRow, reason?: ExpiryReason): void {
    if (before?.status === after?.status) return;
    const lapsed = before && after?.status === 'critical';
    if (reason && lapsed) this.hub.emit('expired', { index, reason, before, after });
    this.hub.emit('healthChanged', { index, ...(before && { before }), ...(after && { after }) });
  }

  private shown(row: ServiceRow): ServiceRow {
    const meta = redactMeta(row.meta, this.isPrivate);
    return meta === row.meta ? row : { ...row, meta };
  }
}

function asService(row: AppliedChange['after']): ServiceRow | undefined {
  return row?.kind === 'service' ? row : undefined;
}

function asCheck(row: AppliedChange['after']): CheckRow | undefined {
  return row?.kind === 'check' ? row : undefined;
}
