import type { CallOptions, ServiceDiscoveryError } from '../../model/index.js';
import { asDiscoveryError, defaults, ServiceDiscoveryError as DiscoveryError } from '../../model/index.js';
import type { Clock } from '../../runtime/index.js';

/**
 * Why a draining instance is in maintenance. Who registers its id again ends a maintenance of this reason alone: an
 * operator's stays.
 */
export const DRAINING = 'draining: this instance is about to stop';

export interface Unseeing {
  readonly clock: Clock;
  /** On the clock's `now`. */
  readonly dueAt: number;
  readonly signal: AbortSignal | undefined;
  readonly what: string;
  isOver(): boolean;
  isServing(call: CallOptions): Promise<boolean>;
  onError(error: ServiceDiscoveryError): void;
}

/**
 * Waits until those who ask the registry for healthy instances are not given this one any more, and a moment longer, or
 * until `dueAt`. What is known then: every question asked from now on gets an answer without it, and, with our agent,
 * every standing question was answered before ours was, because one change wakes them all at once. What is not known: when
 * those answers are acted upon, hence the moment longer; and caches that ask by the clock (DNS answers with a TTL, a client
 * without a watch) learn of it only when they ask again.
 */
export async function untilUnseen(unseeing: Unseeing): Promise<void> {
  const { clock, dueAt } = unseeing;
  let gapMs: number = defaults.drainLookMs;
  while (!unseeing.isOver() && clock.now() < dueAt) {
    if (!(await isStillSeen(unseeing))) {
      await rest(unseeing, defaults.drainSettleMs);
      return;
    }
    await rest(unseeing, gapMs);
    gapMs = Math.min(gapMs * 2, defaults.drainLookCapMs);
  }
}

async function isStillSeen({ clock, dueAt, signal, isServing, onError, what }: Unseeing): Promise<boolean> {
  const timeoutMs = Math.max(1, dueAt - clock.now());
  try {
    return await isServing({ timeoutMs, ...(signal ? { signal } : {}) });
  } catch (error) {
    if (signal?.aborted) throw aborted(what, signal);
    onError(asDiscoveryError(error, what));
    return true;
  }
}

/** Somebody waits for this, so it keeps the process alive. */
async function rest({ clock, dueAt, signal, what }: Unseeing, ms: number): Promise<void> {
  try {
    await clock.sleep(Math.max(0, Math.min(ms, dueAt - clock.now())), signal);
  } catch {
    throw aborted(what, signal);
  }
}

function aborted(what: string, signal: AbortSignal | undefined): ServiceDiscoveryError {
  return new DiscoveryError('ABORTED', `${what} was aborted`, { cause: signal?.reason });
}
