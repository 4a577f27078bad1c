import type { EndpointSet, WatchOptions } from '../../model/index.js';
import { abortable } from '../../runtime/index.js';
import type { AbortableIteration } from '../../runtime/index.js';
import { sameEndpoints } from '../endpoint-sets.js';

/** What is watched, once its query is found good. */
export interface Level {
  /** Nothing while nothing is known. */
  look(): EndpointSet | undefined;
  /** Returns the unsubscribe. */
  subscribe(wake: () => void): () => void;
}

/**
 * A watch of something in this process: look, and look again whenever woken. Wake-ups that come while the reader is busy are
 * one, and those after which everything is as before are confirmations. `begin` throws what the query is refused for.
 */
export function levelTriggered(
  begin: () => Level,
  signal: AbortSignal,
  { onConfirmed }: WatchOptions,
): AbortableIteration<EndpointSet> {
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
      let last: EndpointSet | undefined;
      while (!own.aborted) {
        woken = false;
        const set = level.look();
        if (set && last && sameEndpoints(last.endpoints, set.endpoints)) onConfirmed?.(set);
        else if (set) yield (last = set);
        if (!woken && !own.aborted) await new Promise<void>((resolve) => void (resume = resolve));
      }
    } finally {
      unsubscribe();
      own.removeEventListener('abort', wake);
    }
  });
}
