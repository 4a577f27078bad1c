import type { Clock } from '../runtime/index.js';

/** A timer this late means that the event loop stood still, and that renewals may be waiting behind it. */
const STALL_MS = 250;
/** What a lease then gets at most, once. */
const GRACE_MS = 5_000;

interface Lease {
  dueMs: number;
  cancel: () => void;
  graced: boolean;
}

/**
 * Leases: things that lapse unless renewed in time (TTL checks, sessions). Monotonic time only, so a jump of the wall
 * clock ends nothing. Renewing moves the due time and leaves the timer, which on firing early is set again: a lease
 * renewed a thousand times costs a handful of timers. After a stall of the loop a lease gets as long as the stall was
 * before it lapses, so that renewals already received count.
 */
export class Deadlines {
  private readonly leases = new Map<string, Lease>();

  constructor(
    private readonly clock: Clock,
    private readonly onLapsed: (id: string) => void,
  ) {}

  get size(): number {
    return this.leases.size;
  }

  has(id: string): boolean {
    return this.leases.has(id);
  }

  /** Starts the lease, or renews it: due `ms` from now. */
  set(id: string, ms: number): void {
    const dueMs = this.clock.now() + ms;
    const lease = this.leases.get(id);
    if (lease && dueMs >= lease.dueMs) {
      lease.dueMs = dueMs;
      lease.graced = false;
      return;
    }
    lease?.cancel();
    this.arm(id, { dueMs, cancel: () => {}, graced: false });
  }

  delete(id: string): void {
    this.leases.get(id)?.cancel();
    this.leases.delete(id);
  }

  clear(): void {
    for (const lease of this.leases.values()) lease.cancel();
    this.leases.clear();
  }

  private arm(id: string, lease: Lease): void {
    const armedForMs = lease.dueMs;
    this.leases.set(id, lease);
    lease.cancel = this.clock.after(Math.max(0, lease.dueMs - this.clock.now()), () =>
      this.fire(id, lease, armedForMs),
    );
  }

  private fire(id: string, lease: Lease, armedForMs: number): void {
    const nowMs = this.clock.now();
    const stallMs = nowMs - armedForMs;
    if (lease.dueMs > nowMs) return this.arm(id, lease);
    if (stallMs > STALL_MS && !lease.graced) {
      lease.graced = true;
      lease.dueMs = nowMs + Math.min(stallMs, GRACE_MS);
      return this.arm(id, lease);
    }
    this.leases.delete(id);
    this.onLapsed(id);
  }
}
