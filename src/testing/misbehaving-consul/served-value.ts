import type { Behaviour } from './fault-schedule.js';

/**
 * One blocking-capable value of a fake agent: its index and space, and who waits for a newer one. Times are the caller's
 * matter.
 */
export class ServedValue<T> {
  private serial = 0;
  private current: { readonly value: T; readonly index: number };
  private readonly waiters = new Set<() => void>();

  constructor(
    value: T,
    /** Of spaces: `prefix-0` and so on. */
    private readonly prefix: string,
  ) {
    this.current = { value, index: FIRST_INDEX };
  }

  get value(): T {
    return this.current.value;
  }

  get index(): number {
    return this.current.index;
  }

  get space(): string {
    return `${this.prefix}-${this.serial}`;
  }

  /** Wakes whoever waits. */
  set(value: T): void {
    this.current = { value, index: this.current.index + 1 };
    this.wake();
  }

  /** As after a restart without memory, or a restored snapshot. */
  beginAnew(): void {
    this.serial += 1;
    this.current = { value: this.current.value, index: 1 };
    this.wake();
  }

  /** Called back once, at the next change; the return is the leaving. */
  wait(then: () => void): () => void {
    this.waiters.add(then);
    return () => void this.waiters.delete(then);
  }

  private wake(): void {
    const waiting = [...this.waiters];
    this.waiters.clear();
    for (const then of waiting) then();
  }
}

const FIRST_INDEX = 100;

/** The index that an answer shows when its server does that wrong. */
export function shownIndex(behaviour: Behaviour, asked: number, index: number): number {
  switch (behaviour) {
    case 'same-index':
      return asked > 0 ? asked : index;
    case 'index-back':
      return Math.max(1, Math.floor(Math.min(asked || index, index) / 2));
    case 'index-zero':
      return 0;
    default:
      return index;
  }
}
