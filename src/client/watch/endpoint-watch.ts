import type { EndpointSet } from '../../model/index.js';
import { keepAwake, onAbort } from '../../runtime/index.js';
import type { AbortableIteration } from '../../runtime/index.js';
import { sameEndpoints } from '../endpoint-sets.js';
import type { SharedWatch, WatchListener } from './shared-watch.js';

/**
 * Sets for one reader: the present one first, then each later one while the reader keeps up, else the latest. Nothing is
 * queued, so a reader that is slow, or never comes back, costs nothing. Listens from the first `next` on; may be left at
 * any moment.
 */
export type EndpointWatch = AbortableIteration<EndpointSet>;

interface Waiting {
  resolve(result: IteratorResult<EndpointSet, void>): void;
  reject(error: unknown): void;
}

export function endpointWatch(
  join: (listener: WatchListener) => { readonly shared: SharedWatch; readonly leave: () => void },
  signal: AbortSignal | undefined,
  onError: (error: Error) => void,
  background = false,
): EndpointWatch {
  return new LocalWatch(join, signal, onError, background);
}

class LocalWatch implements EndpointWatch {
  private readonly waiting: Waiting[] = [];
  private shared: SharedWatch | undefined;
  private leave = (): void => {};
  private stopListening = (): void => {};
  private given: EndpointSet | undefined;
  /** There may be a set that was not given yet. */
  private unseen = true;
  private end: { readonly error: unknown } | undefined;
  private sleep: (() => void) | undefined;

  constructor(
    private readonly join: (listener: WatchListener) => { readonly shared: SharedWatch; readonly leave: () => void },
    private readonly signal: AbortSignal | undefined,
    private readonly onError: (error: Error) => void,
    private readonly background: boolean,
  ) {}

  next(): Promise<IteratorResult<EndpointSet, void>> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      this.begin();
      this.give();
    });
  }

  return(): Promise<IteratorResult<EndpointSet, void>> {
    this.stop();
    return Promise.resolve(DONE);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    return Promise.resolve();
  }

  private begin(): void {
    if (this.shared || this.end) return;
    if (this.signal?.aborted) return this.stop();
    this.stopListening = onAbort(this.signal, this.stop);
    try {
      const { shared, leave } = this.join({
        onSet: () => {
          this.unseen = true;
          this.give();
        },
        onError: this.onError,
        onEnd: (error) => this.over(error),
      });
      this.shared = shared;
      this.leave = leave;
    } catch (error) {
      this.over(error);
    }
  }

  /** Nothing below keeps the process alive; a reader who waits does. */
  private give(): void {
    this.handOut();
    if (this.background) return;
    if (this.waiting.length > 0) {
      this.sleep ??= keepAwake();
    } else {
      this.sleep?.();
      this.sleep = undefined;
    }
  }

  /** What is unseen, as many times as somebody waits; at the end, the end. */
  private handOut(): void {
    while (this.waiting.length > 0) {
      const set = this.unseen ? this.news() : undefined;
      if (set) {
        this.given = set;
        this.waiting.shift()?.resolve({ done: false, value: set });
      } else if (this.end) {
        const { error } = this.end;
        const waiting = this.waiting.shift();
        if (error === undefined) waiting?.resolve(DONE);
        else waiting?.reject(error);
        // An iteration throws once and is done.
        this.end = { error: undefined };
      } else return;
    }
  }

  /** The present set, unless it is the one given last: it may have gone back while nobody looked. */
  private news(): EndpointSet | undefined {
    const set = this.shared?.present();
    if (set) this.unseen = false;
    return set && !(this.given && isSame(this.given, set)) ? set : undefined;
  }

  /** Given up by its reader: what was not seen yet is not wanted any more. */
  private readonly stop = (): void => {
    this.unseen = false;
    this.end = { error: undefined };
    this.over(undefined);
    this.leave();
  };

  private over(error: unknown): void {
    this.end ??= { error };
    this.stopListening();
    this.give();
  }
}

const DONE = { done: true, value: undefined } as const;

function isSame(a: EndpointSet, b: EndpointSet): boolean {
  return a.stale === b.stale && sameEndpoints(a.endpoints, b.endpoints);
}
