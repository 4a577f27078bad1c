import type { AppliedChange, LockDelay } from '../catalog/index.js';
import { decideSessionDestroy, decision } from '../catalog/index.js';
import { parseDuration, refOf } from '../model/index.js';
import type { SessionRow } from '../model/index.js';
import type { Clock } from '../runtime/index.js';
import type { Core } from './core.js';
import { Deadlines } from './deadlines.js';

/** A session without renewal ends after more than one TTL and within two (docs/contract.md section 3.6). */
const TTL_FACTOR = 1.8;

/**
 * The leases of sessions with a TTL. Renewals stay in memory: after a restart every session has its full time again.
 */
export class SessionLeases {
  private readonly leases: Deadlines;

  constructor(private readonly core: Core) {
    this.leases = new Deadlines(core.clock, (id) => this.lapse(id));
  }

  /** Those that were there before we were. */
  start(): void {
    for (const row of this.core.catalog.sessions()) this.renew(row);
  }

  renew(row: SessionRow): void {
    const ttlMs = parseDuration(row.ttl) ?? 0;
    if (ttlMs > 0) this.leases.set(row.id, ttlMs * TTL_FACTOR);
  }

  follow(applied: readonly AppliedChange[]): void {
    for (const { before, after } of applied) {
      if (after?.kind === 'session' && !before) this.renew(after);
      if (before?.kind === 'session' && !after) this.leases.delete(before.id);
    }
  }

  close(): void {
    this.leases.clear();
  }

  private lapse(id: string): void {
    this.core
      .decide((head) => {
        const session = head.session(id);
        if (!session) return decision(undefined);
        this.core.marks.mark(refOf(session), 'session-ttl');
        return decideSessionDestroy(head, id);
      })
      .catch((error: unknown) => this.core.logger.warn({ session: id, error }, 'registry.session_not_ended'));
  }
}

/** Above this many keys the expired ones are swept. */
const SWEEP_AT = 1024;

/** Keys that nobody may acquire yet. In memory, as in Consul: a restart forgets them. */
export class LockDelays {
  private readonly until = new Map<string, number>();

  constructor(private readonly clock: Clock) {}

  start(delays: readonly LockDelay[]): void {
    const nowMs = this.clock.now();
    for (const { key, delayMs } of delays) this.until.set(key, nowMs + delayMs);
    if (this.until.size > SWEEP_AT)
      for (const [key, untilMs] of this.until) if (untilMs <= nowMs) this.until.delete(key);
  }

  isDelayed(key: string): boolean {
    return (this.until.get(key) ?? -Infinity) > this.clock.now();
  }
}
