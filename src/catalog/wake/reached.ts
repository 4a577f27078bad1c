import { ServiceDiscoveryError } from '../../model/index.js';

interface Waiting {
  readonly index: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Promises for "the catalog shows index N", in order of N. Commands wait here for their own write. */
export class Reached {
  private waiting: Waiting[] = [];
  private closed = false;

  /** `current` is the largest index applied. */
  async wait(index: number, current: number): Promise<void> {
    if (index <= current) return;
    if (this.closed) throw closedError();
    await new Promise<void>((resolve, reject) => {
      this.insert({ index, resolve, reject });
    });
  }

  advance(current: number): void {
    let done = 0;
    while (done < this.waiting.length && (this.waiting[done] as Waiting).index <= current) done++;
    if (done > 0) for (const waiter of this.waiting.splice(0, done)) waiter.resolve();
  }

  close(): void {
    this.closed = true;
    for (const waiter of this.waiting.splice(0)) waiter.reject(closedError());
  }

  /** Indexes are handed out in order, so the place is nearly always the end. */
  private insert(waiter: Waiting): void {
    let at = this.waiting.length;
    while (at > 0 && (this.waiting[at - 1] as Waiting).index > waiter.index) at--;
    this.waiting.splice(at, 0, waiter);
  }
}

function closedError(): ServiceDiscoveryError {
  return new ServiceDiscoveryError('CLOSED', 'the catalog was closed');
}
