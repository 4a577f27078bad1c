import { defaults, ServiceDiscoveryError } from '../../model/index.js';
import type { EndpointSet, Resolver, ServiceQuery } from '../../model/index.js';
import { realClock } from '../../runtime/index.js';
import type { Clock } from '../../runtime/index.js';
import { queryKey } from '../query.js';
import { asError, EndpointEventFace } from './endpoint-events.js';
import type { EndpointEvents } from './endpoint-events.js';
import { endpointWatch } from './endpoint-watch.js';
import type { EndpointWatch } from './endpoint-watch.js';
import { SharedWatch } from './shared-watch.js';
import type { WatchListener, WatchPace } from './shared-watch.js';

export interface SharedWatchesOptions {
  readonly resolver: Resolver;
  /** Time, for tests. */
  readonly clock?: Clock;
  /** How long a watch that nobody holds goes on, ms. Default 30 s. Its timer keeps no process alive. */
  readonly lingerMs?: number;
  /** Told of every set of every watch, stale ones too, before the watchers are. */
  readonly onSet?: (query: ServiceQuery, set: EndpointSet) => void;
  /** Told of every failed attempt, of callbacks that threw, and of what ended a watch. */
  readonly onError?: (query: ServiceQuery, error: Error) => void;
}

/** For one watcher. Watchers of one query and one pace share one watch. */
export interface LocalWatchOptions extends WatchPace {
  /** Ends it, without an error. */
  readonly signal?: AbortSignal;
  /** Nobody waits for it: it does not keep the process alive. Default false. */
  readonly background?: boolean;
  /** Told of every failed attempt; `subscribe` also tells of a callback that threw. Must not throw. */
  readonly onError?: (error: Error) => void;
}

export type SetCallback = (set: EndpointSet) => unknown;

/** A watch that calls back. */
export interface SetSubscription extends AsyncDisposable {
  /** Resolves when it has ended; rejects with what trying again cannot mend, of which nobody needs to take note. */
  readonly finished: Promise<void>;
  /** No callback begins afterwards. Does not wait for one that runs. */
  close(): Promise<void>;
}

/**
 * The watches of one client: one of the backend however many watch the same query, kept for a while after the last one
 * left. What trying again cannot mend (INVALID_ARGUMENT, UNSUPPORTED) ends the watchers with that error; nothing else does.
 */
export class SharedWatches implements AsyncDisposable {
  /** By query; those of one query differ in their pace, and are hardly ever more than one. */
  private readonly shared = new Map<string, SharedWatch[]>();
  private closed = false;

  constructor(private readonly options: SharedWatchesOptions) {}

  /** Watches of the backend now. */
  get size(): number {
    let size = 0;
    for (const watches of this.shared.values()) size += watches.length;
    return size;
  }

  /** Full sets, the present one first. Begins with the first `next`; leaving the loop lets go at once. */
  watch(query: ServiceQuery, options: LocalWatchOptions = {}): EndpointWatch {
    const { signal, background, onError = ignore } = options;
    const onFailure = (error: Error): void => guarded(() => onError(error), ignore);
    return endpointWatch((listener) => this.join(query, options, listener), signal, onFailure, background);
  }

  /**
   * Calls back with every set, the present one first; the promise of a callback is awaited before the next call, which is
   * with the latest set. A throw is told to `onError` and ends nothing.
   */
  subscribe(query: ServiceQuery, callback: SetCallback, options: LocalWatchOptions = {}): SetSubscription {
    const tell = this.teller(query, options);
    const sets = this.watch(query, options);
    const close = async (): Promise<void> => void (await sets.return());
    const finished = callBack(sets, callback, tell);
    finished.catch(() => {});
    return { finished, close, [Symbol.asyncDispose]: close };
  }

  /** What came, went and changed. */
  events(query: ServiceQuery, options: LocalWatchOptions = {}): EndpointEvents {
    const face = new EndpointEventFace();
    const tell = this.teller(query, options);
    const sets = this.watch(query, {
      ...options,
      onError: (error) => {
        face.failed(error);
        options.onError?.(error);
      },
    });
    const close = async (): Promise<void> => void (await sets.return());
    const ended = (error: Error): void => {
      tell(error);
      face.failed(error);
    };
    // Later, so that listeners attached in this turn miss nothing.
    setImmediate(() => void callBack(sets, (set) => face.take(set), ended).catch(() => {}));
    return { on: (event, listener) => face.on(event, listener), close, [Symbol.asyncDispose]: close };
  }

  /** The last set of the query, with its age, while it is watched. */
  current(query: ServiceQuery): EndpointSet | undefined {
    for (const watch of this.shared.get(queryKey(query)) ?? []) {
      const set = watch.present();
      if (set) return set;
    }
    return undefined;
  }

  /** Ends every watch; iterations are done, without an error. Harmless twice. */
  close(): Promise<void> {
    this.closed = true;
    for (const watches of this.shared.values()) for (const watch of watches) watch.close();
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  private join(query: ServiceQuery, pace: WatchPace, listener: WatchListener) {
    if (this.closed) throw new ServiceDiscoveryError('CLOSED', 'the watches are closed');
    const shared = this.find(query, pace) ?? this.open(query, pace);
    return { shared, leave: shared.join(listener) };
  }

  private find(query: ServiceQuery, { waitMs, intervalMs }: WatchPace): SharedWatch | undefined {
    const watches = this.shared.get(queryKey(query));
    return watches?.find((watch) => watch.waitMs === waitMs && watch.intervalMs === intervalMs);
  }

  private open(query: ServiceQuery, { waitMs, intervalMs }: WatchPace): SharedWatch {
    const { resolver, clock = realClock, lingerMs = defaults.watchLingerMs, onSet, onError } = this.options;
    const key = queryKey(query);
    const watch: SharedWatch = new SharedWatch({
      resolver,
      query,
      clock,
      lingerMs,
      waitMs,
      intervalMs,
      onSet: (set) => guarded(() => onSet?.(query, set), this.teller(query, {})),
      onError: (error) => guarded(() => onError?.(query, error), ignore),
      onEnd: () => this.forget(key, watch),
    });
    this.shared.set(key, [...(this.shared.get(key) ?? []), watch]);
    return watch;
  }

  private forget(key: string, watch: SharedWatch): void {
    const left = (this.shared.get(key) ?? []).filter((one) => one !== watch);
    if (left.length > 0) this.shared.set(key, left);
    else this.shared.delete(key);
  }

  private teller(query: ServiceQuery, { onError }: LocalWatchOptions): (error: Error) => void {
    return (error) => {
      guarded(() => onError?.(error), ignore);
      guarded(() => this.options.onError?.(query, error), ignore);
    };
  }
}

async function callBack(sets: EndpointWatch, callback: SetCallback, tell: (error: Error) => void): Promise<void> {
  try {
    for await (const set of sets) {
      try {
        await callback(set);
      } catch (error) {
        tell(asError(error));
      }
    }
  } catch (error) {
    tell(asError(error));
    throw error;
  }
}

/** Somebody else's function, whose throw must not end the watch that calls it. */
function guarded(call: () => void, onThrow: (error: Error) => void): void {
  try {
    call();
  } catch (error) {
    onThrow(asError(error));
  }
}

function ignore(): void {}
