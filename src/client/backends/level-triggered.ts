import type { EndpointSet, WatchOptions } from '../../model/index.js';
import { abortable } from '../../runtime/index.js';
import type { AbortableIteration } from '../../runtime/index.js';
import { sameEndpoints } from '../endpoint-sets.js';

/** What is watched, once its query is found good. */
export interface Level<T = EndpointSet> {
  /** Nothing while nothing is known. */
  look(): T | undefined;
  /** Returns the unsubscribe. */
  subscribe(wake: () => void): () => void;
}

/**
 * Looks, and looks again whenever woken; wake-ups that come while the reader is busy are one. `begin` throws what the query
 * is refused for.
 */
export function whenWoken<T extends object>(begin: () => Level<T>, signal: AbortSignal): AbortableIteration<T> {
  return abortable(signal, async function* (own) {
    let woken = false;
    let resume: (() => void) | undefined;
    const wake = (): void => {
      woken = true;
      resume?.();
    };
    const level = begin();
    const unsubscribe = level.subscribe(wake);
    own.addEventListener('abort', wake);
    try {
      while (!own.aborted) {
        woken = false;
        const seen = level.look();
        if (seen) yield seen;
        if (!woken && !own.aborted) await new Promise<void>((resolve) => void (resume = resolve));
      }
    } finally {
      unsubscribe();
      own.removeEventListener('abort', wake);
    }
  });
}

/** A watch of endpoints in this process. Wake-ups after which everything is as before are confirmations. */
export function levelTriggered(
  begin: () => Level,
  signal: AbortSignal,
  { onConfirmed }: WatchOptions,
): AbortableIteration<EndpointSet> {
  return abortable(signal, async function* (own) {
    let last: EndpointSet | undefined;
    for await (const set of whenWoken(begin, own)) {
      if (last && sameEndpoints(last.endpoints, set.endpoints)) onConfirmed?.(set);
      else yield (last = set);
    }
  });
}
