import type { RowRef } from '../model/index.js';
import { refKey } from '../model/index.js';

export type ExpiryReason = 'ttl' | 'critical-too-long' | 'session-ttl';

/** Which rows under way change because a lease lapsed, from the decision until its change is followed. */
export class ExpiryMarks {
  private readonly reasons = new Map<string, ExpiryReason>();

  mark(ref: RowRef, reason: ExpiryReason): void {
    this.reasons.set(refKey(ref), reason);
  }

  take(ref: RowRef): ExpiryReason | undefined {
    if (this.reasons.size === 0) return undefined;
    const key = refKey(ref);
    const reason = this.reasons.get(key);
    this.reasons.delete(key);
    return reason;
  }
}
