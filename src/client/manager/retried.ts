import { isDiscoveryError, ServiceDiscoveryError, type CallOptions, type ErrorCode } from '../../model/index.js';
import { fullJitterMs, type Clock, type Random } from '../../runtime/index.js';

export interface RetryRule {
  readonly attempts: number;
  readonly clock: Clock;
  readonly random: Random;
}

/** What may be different the next time: nobody there, too slow, not ready, a server's own failure. */
const WORTH_IT: ReadonlySet<ErrorCode> = new Set(['UNAVAILABLE', 'TIMEOUT', 'NOT_READY', 'RATE_LIMITED', 'INTERNAL']);
const BACKOFF = { baseMs: 50, capMs: 1_000 };

/**
 * Tries again what may be different the next time, within the time of the whole call, with full jitter in between.
 * Rejects with the last error; `details.attempts` has the messages of all.
 */
export async function retried<T>(
  attempt: (options: CallOptions & { readonly timeoutMs: number }) => Promise<T>,
  { signal, timeoutMs }: { readonly signal?: AbortSignal | undefined; readonly timeoutMs: number },
  { attempts, clock, random }: RetryRule,
): Promise<T> {
  const deadline = clock.now() + timeoutMs;
  const failures: string[] = [];
  for (;;) {
    try {
      return await attempt({ signal, timeoutMs: Math.max(1, deadline - clock.now()) });
    } catch (error) {
      if (signal?.aborted === true || !isDiscoveryError(error) || !WORTH_IT.has(error.code)) throw error;
      const pauseMs = Math.max(askedMs(error), fullJitterMs(failures.length, BACKOFF, random));
      failures.push(error.message);
      if (failures.length >= attempts || clock.now() + pauseMs >= deadline) throw withAttempts(error, failures);
      await wait(pauseMs, clock, signal);
    }
  }
}

/** A server that says when to come back (Retry-After) is not asked before. */
function askedMs({ details: { retryAfterMs } }: ServiceDiscoveryError): number {
  return typeof retryAfterMs === 'number' ? retryAfterMs : 0;
}

function withAttempts(error: ServiceDiscoveryError, failures: readonly string[]): ServiceDiscoveryError {
  if (failures.length === 1) return error;
  const details = { ...error.details, attempts: failures };
  return new ServiceDiscoveryError(error.code, error.message, { cause: error, details });
}

/** A caller waits for it, so it may keep the process alive. */
async function wait(ms: number, clock: Clock, signal: AbortSignal | undefined): Promise<void> {
  try {
    await clock.sleep(ms, signal);
  } catch (error) {
    throw new ServiceDiscoveryError('ABORTED', 'stopped by the caller', { cause: error });
  }
}
