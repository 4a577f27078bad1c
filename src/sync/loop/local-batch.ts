import type { Clock } from '../../runtime/index.js';
import type { LocalSet } from '../host.js';
import type { SyncInput } from '../step/types.js';

type LocalInput = SyncInput & { readonly type: 'local' };

/** A row and what goes with it, about; exact sizes cost more than they save. */
const CHANGE_BYTES = 200;

/**
 * Changes of our own on their way to the peers. The first of a series goes at once; those that follow wait a little to
 * travel together. Sets of the state stream stay apart: each is one index of the home, which copies show as it was.
 */
export class LocalBatch {
  private waiting: LocalInput[] = [];
  private waitingBytes = 0;
  private cancel: (() => void) | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly settings: { readonly flushMs: number; readonly flushBytes: number },
    private readonly take: (input: LocalInput) => void,
  ) {}

  add(set: LocalSet): void {
    this.append({ type: 'local', ...set });
    this.waitingBytes += set.changes.length * CHANGE_BYTES;
    if (!this.cancel || this.waitingBytes >= this.settings.flushBytes) this.flush();
  }

  /** Hands on what waits: before anybody is told where our streams stand. */
  flush(): void {
    const inputs = this.waiting;
    this.waiting = [];
    this.waitingBytes = 0;
    if (inputs.length > 0) this.startWaiting();
    for (const input of inputs) this.take(input);
  }

  close(): void {
    this.cancel?.();
    this.cancel = undefined;
  }

  private append(input: LocalInput): void {
    const last = this.waiting.at(-1);
    if (input.kind === 'catalog' && last?.kind === 'catalog' && last.space === input.space) {
      this.waiting[this.waiting.length - 1] = { ...input, changes: [...last.changes, ...input.changes] };
    } else this.waiting.push(input);
  }

  private startWaiting(): void {
    this.cancel?.();
    this.cancel = undefined;
    if (this.settings.flushMs <= 0) return;
    this.cancel = this.clock.after(this.settings.flushMs, () => {
      this.cancel = undefined;
      this.flush();
    });
  }
}
