import type { Change } from '../../model/index.js';

/** A key that nobody may acquire for a while, because the session that held it ended against its will. */
export interface LockDelay {
  readonly key: string;
  readonly delayMs: number;
}

/** What a command comes to: what changes, what the caller is told, and which keys go under lock delay with it. */
export interface Decision<T> {
  readonly changes: readonly Change[];
  readonly result: T;
  readonly lockDelays: readonly LockDelay[];
}

export function decision<T>(
  result: T,
  changes: readonly Change[] = [],
  lockDelays: readonly LockDelay[] = [],
): Decision<T> {
  return { changes, result, lockDelays };
}
