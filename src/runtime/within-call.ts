import type { CallOptions } from '../model/index.js';
import { ServiceDiscoveryError } from '../model/index.js';
import type { Clock } from './clock.js';
import { onAbort } from './on-abort.js';

/** What a call under way may know of its bounds. */
export interface CallBounds {
  /** Aborted with the reason the call rejects with, when its time is up or its caller gives up. */
  readonly signal: AbortSignal;
  /** Of the whole call's time, ms, >= 0. */
  leftMs(): number;
}

/**
 * Runs `work` within what `options` allow: rejects with ABORTED when the caller's signal fires (its reason is the cause)
 * and with TIMEOUT after `timeoutMs`, at once, whatever the work does then; it is told through `signal`. One controller
 * and one timer for each call, both let go at its end: timers of combined signals get lost on Node 20.
 */
export async function withinCall<T>(
  clock: Clock,
  what: string,
  { signal, timeoutMs }: CallOptions & { readonly timeoutMs: number },
  work: (bounds: CallBounds) => Promise<T>,
): Promise<T> {
  if (signal?.aborted) throw aborted(what, signal);
  const dueMs = clock.now() + timeoutMs;
  const controller = new AbortController();
  const ended = new Promise<never>((_, reject) => {
    controller.signal.addEventListener('abort', () => reject(controller.signal.reason as Error), { once: true });
  });
  ended.catch(() => {});
  const ignore = onAbort(signal, () => controller.abort(aborted(what, signal)));
  const cancel = clock.after(timeoutMs, () =>
    controller.abort(new ServiceDiscoveryError('TIMEOUT', `${what} did not end within ${Math.round(timeoutMs)} ms`)),
  );
  try {
    const result = work({ signal: controller.signal, leftMs: () => Math.max(0, dueMs - clock.now()) });
    return await Promise.race([result, ended]);
  } finally {
    cancel();
    ignore();
  }
}

function aborted(what: string, signal: AbortSignal | undefined): ServiceDiscoveryError {
  return new ServiceDiscoveryError('ABORTED', `${what} was aborted`, { cause: signal?.reason });
}
