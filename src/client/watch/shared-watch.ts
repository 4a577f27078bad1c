import { limits, ServiceDiscoveryError } from '../../model/index.js';
import type { EndpointSet, Resolver, ServiceQuery } from '../../model/index.js';
import type { Clock } from '../../runtime/index.js';

/** What differs between watches of one query. */
export interface WatchPace {
  /** Longest wait of one standing request, ms. Push resolvers only. */
  readonly waitMs?: number;
  /** Time between two looks, ms. Poll resolvers only. */
  readonly intervalMs?: number;
}

/** Who is told by a shared watch. None of these may throw. */
export interface WatchListener {
  /** There is another set, in `present()`. */
  onSet(): void;
  /** An attempt failed. */
  onError(error: Error): void;
  /** Nothing more will come: closed, or ended by what trying again cannot mend. */
  onEnd(error: unknown): void;
}

export interface SharedWatchOptions extends WatchPace {
  readonly resolver: Resolver;
  readonly query: ServiceQuery;
  readonly clock: Clock;
  /** How long it goes on with nobody listening. */
  readonly lingerMs: number;
  readonly onSet: (set: EndpointSet) => void;
  readonly onError: (error: Error) => void;
  /** It is over: whoever comes next needs a new one. */
  readonly onEnd: () => void;
}

/**
 * One watch of the backend for everybody in this process who watches the same query. Begins with the first listener and
 * ends a while after the last one left, so that short-lived watches one after another are one, too.
 */
export class SharedWatch {
  private readonly listeners = new Set<WatchListener>();
  private readonly abort = new AbortController();
  private known: { readonly set: EndpointSet; readonly confirmedAt: number } | undefined;
  private state: 'idle' | 'running' | 'over' = 'idle';
  private cancelLinger = (): void => {};

  constructor(private readonly options: SharedWatchOptions) {}

  get waitMs(): number | undefined {
    return this.options.waitMs;
  }

  get intervalMs(): number | undefined {
    return this.options.intervalMs;
  }

  /** The last set, with the age it has now. */
  present(): EndpointSet | undefined {
    if (!this.known) return undefined;
    const { set, confirmedAt } = this.known;
    const { resolver, clock } = this.options;
    const isLive = resolver.supports.live === true && !set.stale;
    return { ...set, ageMs: isLive ? 0 : Math.max(0, clock.now() - confirmedAt) };
  }

  /** Returns the leaving, harmless twice. The caller looks at `present()` for what is known already. */
  join(listener: WatchListener): () => void {
    if (this.listeners.size >= limits.watchersPerQuery) {
      const { service } = this.options.query;
      throw new ServiceDiscoveryError('UNAVAILABLE', `${service} has ${limits.watchersPerQuery} watchers already`);
    }
    this.cancelLinger();
    this.listeners.add(listener);
    if (this.state === 'idle') {
      this.state = 'running';
      void this.run();
    }
    return () => this.leave(listener);
  }

  close(): void {
    this.finish(undefined);
  }

  private leave(listener: WatchListener): void {
    if (!this.listeners.delete(listener) || this.listeners.size > 0 || this.state === 'over') return;
    this.cancelLinger = this.options.clock.after(this.options.lingerMs, () => this.close());
  }

  private async run(): Promise<void> {
    const { resolver, query, waitMs, intervalMs } = this.options;
    try {
      const sets = resolver.watch(query, this.abort.signal, {
        waitMs,
        intervalMs,
        onConfirmed: (confirmed) => this.confirmed(confirmed),
        onError: (error) => this.failed(error),
      });
      for await (const set of sets) this.take(set);
      this.finish(undefined);
    } catch (error) {
      this.finish(error);
    }
  }

  private take(set: EndpointSet): void {
    if (this.state === 'over') return;
    this.know(set, set.ageMs);
    this.options.onSet(set);
    for (const listener of this.listeners) listener.onSet();
  }

  private confirmed({ index, indexSpace }: Pick<EndpointSet, 'index' | 'indexSpace'>): void {
    if (this.known) this.know({ ...this.known.set, index, indexSpace }, 0);
  }

  private know(set: EndpointSet, ageMs: number): void {
    this.known = { set, confirmedAt: this.options.clock.now() - ageMs };
  }

  private failed(error: Error): void {
    if (this.state === 'over') return;
    this.options.onError(error);
    for (const listener of this.listeners) listener.onError(error);
  }

  private finish(error: unknown): void {
    if (this.state === 'over') return;
    this.state = 'over';
    this.cancelLinger();
    this.abort.abort();
    this.options.onEnd();
    for (const listener of this.listeners) listener.onEnd(error);
    this.listeners.clear();
  }
}
