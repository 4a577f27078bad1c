import type { Clock } from './clock.js';
import { onAbort } from './on-abort.js';

/**
 * Resolves after `ms`, or at once when the signal aborts; never rejects. Unlike `Clock.sleep` it does not keep the process
 * alive, so background loops may wait with it.
 */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0 || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      cancel();
      ignore();
      resolve();
    };
    const cancel = clock.after(ms, end);
    const ignore = onAbort(signal, end);
  });
}
