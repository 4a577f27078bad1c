import type { Clock, Random } from '../runtime/index.js';

/**
 * Output that changed while the status stayed: shown by the agent at once, in the catalog only 0.5 to 1.5 intervals
 * later (docs/contract.md section 4), so that a check whose text is always new wakes its watchers every few minutes and
 * not each run.
 */
export class OutputSync {
  private readonly pending = new Map<string, () => void>();

  constructor(
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly intervalMs: number,
    private readonly onDue: (checkId: string) => void,
  ) {}

  isPending(checkId: string): boolean {
    return this.pending.has(checkId);
  }

  /** Keeps an earlier date. */
  defer(checkId: string): void {
    if (this.pending.has(checkId)) return;
    const delayMs = this.intervalMs * (0.5 + this.random.next());
    const cancel = this.clock.after(delayMs, () => {
      this.pending.delete(checkId);
      this.onDue(checkId);
    });
    this.pending.set(checkId, cancel);
  }

  cancel(checkId: string): void {
    this.pending.get(checkId)?.();
    this.pending.delete(checkId);
  }

  close(): void {
    for (const cancel of this.pending.values()) cancel();
    this.pending.clear();
  }
}
