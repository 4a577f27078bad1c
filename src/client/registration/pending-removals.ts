import { defaults, limits } from '../../model/index.js';
import type { Clock, Random } from '../../runtime/index.js';
import { fullJitterMs, pause } from '../../runtime/index.js';
import type { KeyedQueue } from './keyed-queue.js';
import type { Owner } from './owner.js';
import { isSameOwner } from './owner.js';
import type { RegistrationTarget } from './registration-target.js';

/**
 * Instances that their owner has ended and the registry may still have, because it could not be told. Each is tried
 * again for a quarter of an hour, and left alone once it is gone, is somebody else's, or its id is registered anew here.
 */
export class PendingRemovals {
  private readonly pending = new Map<string, AbortController>();

  constructor(
    private readonly target: RegistrationTarget,
    private readonly writes: KeyedQueue,
    private readonly clock: Clock,
    private readonly random: Random,
  ) {}

  add(id: string, owner: Owner): void {
    if (this.pending.has(id)) return;
    const [oldest] = this.pending.keys();
    if (this.pending.size >= limits.removalsPending && oldest !== undefined) this.forget(oldest);
    const wanted = new AbortController();
    this.pending.set(id, wanted);
    void this.run(id, owner, wanted.signal);
  }

  forget(id: string): void {
    this.pending.get(id)?.abort();
    this.pending.delete(id);
  }

  close(): void {
    for (const id of this.pending.keys()) this.forget(id);
  }

  private async run(id: string, owner: Owner, signal: AbortSignal): Promise<void> {
    const { registrationBackoffMs: baseMs, registrationBackoffCapMs: capMs } = defaults;
    const untilMs = this.clock.now() + limits.removalRetryMs;
    for (let failures = 0; !signal.aborted && this.clock.now() < untilMs; failures++) {
      await pause(this.clock, Math.max(baseMs, fullJitterMs(failures, { baseMs, capMs }, this.random)), signal);
      try {
        await this.writes.run(id, () => this.remove(id, owner, signal));
        break;
      } catch {
        // Its owner was told of the first failure; this one is like it.
      }
    }
    if (!signal.aborted) this.forget(id);
  }

  private async remove(id: string, owner: Owner, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const found = await this.target.read(id, CALL);
    if (signal.aborted || !found || !isSameOwner(found, owner)) return;
    await this.target.deregister(id, CALL);
  }
}

const CALL = { timeoutMs: defaults.registrationTimeoutMs };
