import { invalid, type EndpointSet, type ServiceEndpoint, type ServiceQuery } from '../../model/index.js';
import type { Clock } from '../../runtime/index.js';
import { differences } from '../endpoint-sets.js';
import { broken, queryKey, queryOf, refuseUnknown, spanMs } from '../query.js';
import type { ConfigWatches } from './config-watches.js';
import type {
  ConfigUpdate,
  HealthTransition,
  LoadBalancerUpdate,
  ManagerEvents,
  ManagerSnapshot,
  MetricsUpdate,
  ServiceHealth,
} from './events.js';

/** What a listener wants to be told of. */
export type UpdateOptions<K extends keyof ManagerEvents> = K extends 'config_update'
  ? ConfigScope
  : K extends 'load_balancer_update'
    ? ServiceScope
    : K extends 'metrics_update'
      ? ServiceScope & {
          /** Seconds between two snapshots, or a duration. Default 10. */ readonly interval?: number | string;
        }
      : Readonly<Record<string, never>>;

/** What `config_update` tells of: one of the two. */
export interface ConfigScope {
  /** Key-values that begin with it. */
  readonly prefix?: string;
  /** Configuration entries of this kind, such as `service-defaults`. */
  readonly kind?: string;
}

/** Of which service an event tells. */
export interface ServiceScope {
  /** Watched for as long as somebody listens. Default: every service that is watched anyway. */
  readonly service?: string;
}

export interface UpdateSources {
  readonly clock: Clock;
  readonly configs: ConfigWatches;
  readonly watch: (query: ServiceQuery, signal: AbortSignal) => AsyncIterable<EndpointSet>;
  /** The set of a query that is watched at the moment. */
  readonly current: (query: ServiceQuery) => EndpointSet | undefined;
  readonly snapshot: () => ManagerSnapshot;
  readonly onError: (error: unknown) => void;
}

interface Watched {
  readonly query: ServiceQuery;
  readonly set: EndpointSet;
}

interface Listener<T> {
  /** The one query it is told of; undefined: every one that is watched. */
  readonly key: string | undefined;
  readonly tell: (update: T) => void;
}

/** What each of the three takes; no other event takes options. */
const OPTIONS: Partial<Record<keyof ManagerEvents, readonly string[]>> = {
  config_update: ['prefix', 'kind'],
  load_balancer_update: ['service'],
  metrics_update: ['service', 'interval'],
};
/** How often queries that nobody watches any more are looked for. */
const FORGET_EVERY_MS = 30_000;
const SNAPSHOT_MS = 10_000;

/**
 * The three watch handlers of the registration standard, over what is watched: configuration, endpoints, health and
 * counters. Nothing runs while nobody listens, but for remembering the last set of each watched query.
 */
export class UpdateEvents {
  private readonly watched = new Map<string, Watched>();
  private lookedMs = 0;
  private readonly balancers = new Set<Listener<LoadBalancerUpdate>>();
  private readonly metrics = new Set<Listener<MetricsUpdate>>();
  private readonly stops = new Set<() => void>();

  constructor(private readonly sources: UpdateSources) {}

  /** Undefined: not one of the three events. */
  on<K extends keyof ManagerEvents>(
    event: K,
    listener: (value: ManagerEvents[K]) => unknown,
    options: object = {},
  ): (() => void) | undefined {
    if (typeof options !== 'object' || options === null) throw broken('options', 'must be an object');
    refuseUnknown(options, OPTIONS[event] ?? []);
    switch (event) {
      case 'config_update':
        return this.onConfig(listener as (update: ConfigUpdate) => unknown, options);
      case 'load_balancer_update':
        return this.onBalancer(listener as (update: LoadBalancerUpdate) => unknown, options);
      case 'metrics_update':
        return this.onMetrics(listener as (update: MetricsUpdate) => unknown, options);
      default:
        return undefined;
    }
  }

  /** A set of a watch: told to those who listen. */
  take(query: ServiceQuery, set: EndpointSet): void {
    const key = queryKey(query);
    const before = this.watched.get(key)?.set.endpoints ?? [];
    if (this.sources.clock.now() - this.lookedMs >= FORGET_EVERY_MS) this.forgetUnwatched();
    this.watched.set(key, { query, set });
    const changes = differences(before, set.endpoints);
    if (changes.added.length + changes.removed.length + changes.changed.length === 0) return;
    const { service } = query;
    const { endpoints, index, stale } = set;
    this.tell(this.balancers, query, key, () => ({ service, query, endpoints, ...changes, index, stale }));
    const transitions = transitionsOf(service, changes);
    if (transitions.length === 0) return;
    this.tell(this.metrics, query, key, (): MetricsUpdate => ({
      reason: 'health',
      metrics: this.sources.snapshot(),
      transitions,
    }));
  }

  /** Of every service and datacenter that is watched at the moment, once, by the widest query. */
  health(): readonly ServiceHealth[] {
    const widest = new Map<string, Watched>();
    for (const { query } of this.watched.values()) {
      const set = this.sources.current(query);
      const place = `${query.service.toLowerCase()} ${query.datacenter ?? ''}`;
      const known = widest.get(place);
      if (!set || (known && known.set.endpoints.length >= set.endpoints.length)) continue;
      widest.set(place, { query, set });
    }
    return Array.from(widest.values(), ({ query, set }) => ({
      service: query.service,
      ...(query.datacenter !== undefined && { datacenter: query.datacenter }),
      endpoints: set.endpoints.length,
      healthy: set.endpoints.filter(({ healthy }) => healthy).length,
      stale: set.stale,
      instances: set.endpoints.map(({ id, datacenter, healthy }) => ({ id, datacenter, healthy })),
    }));
  }

  close(): void {
    for (const stop of this.stops) stop();
    this.watched.clear();
  }

  private onConfig(listener: (update: ConfigUpdate) => unknown, { prefix, kind }: ConfigScope): () => void {
    if ((prefix === undefined) === (kind === undefined)) {
      throw invalid('config_update needs either a prefix of keys or a kind of configuration entry', [
        { field: 'prefix', rule: 'must be given, or kind' },
      ]);
    }
    if (typeof (prefix ?? kind) !== 'string') throw broken(prefix === undefined ? 'kind' : 'prefix', 'must be a text');
    const tell = this.guarded(listener);
    const stop = this.sources.configs.listen(prefix === undefined ? 'config' : 'kv', (prefix ?? kind) as string, tell);
    return this.stopping(stop);
  }

  private onBalancer(listener: (update: LoadBalancerUpdate) => unknown, { service }: ServiceScope): () => void {
    const wanted = service === undefined ? undefined : all(service);
    const entry = { key: wanted && queryKey(wanted), tell: this.guarded(listener) };
    this.forgetUnwatched();
    this.balancers.add(entry);
    for (const [key, { query, set }] of this.watched) {
      const { endpoints, index, stale } = set;
      if (endpoints.length === 0 || !this.isFor(entry, query, key)) continue;
      entry.tell({
        service: query.service,
        query,
        endpoints,
        added: endpoints,
        removed: [],
        changed: [],
        index,
        stale,
      });
    }
    const release = wanted && this.keepWatched(wanted);
    return this.stopping(() => {
      this.balancers.delete(entry);
      release?.();
    });
  }

  private onMetrics(
    listener: (update: MetricsUpdate) => unknown,
    options: ServiceScope & { readonly interval?: number | string },
  ): () => void {
    const { service } = options;
    const everyMs = spanMs('interval', options.interval) ?? SNAPSHOT_MS;
    const wanted = service === undefined ? undefined : all(service);
    const entry = { key: wanted && queryKey(wanted), tell: this.guarded(listener) };
    const release = wanted && this.keepWatched(wanted);
    this.metrics.add(entry);
    let cancel: () => void;
    const tick = (): void => {
      cancel = this.sources.clock.after(everyMs, tick);
      entry.tell({ reason: 'interval', metrics: this.sources.snapshot(), transitions: [] });
    };
    cancel = this.sources.clock.after(everyMs, tick);
    return this.stopping(() => {
      this.metrics.delete(entry);
      cancel();
      release?.();
    });
  }

  private tell<T>(listeners: ReadonlySet<Listener<T>>, query: ServiceQuery, key: string, update: () => T): void {
    let made: T | undefined;
    for (const listener of listeners) if (this.isFor(listener, query, key)) listener.tell((made ??= update()));
  }

  /**
   * Who listens to whatever is watched is told of a service by one query: by that for all its endpoints where there is
   * one, since narrower ones would tell the same change in other words.
   */
  private isFor(listener: Listener<never>, query: ServiceQuery, key: string): boolean {
    if (listener.key !== undefined) return listener.key === key;
    const widest = queryKey(all(query.service, query.datacenter));
    return key === widest || !this.watched.has(widest);
  }

  /** Its sets arrive through `take`, as those of every watch do. */
  private keepWatched(query: ServiceQuery): () => void {
    const stop = new AbortController();
    void this.drain(query, stop.signal);
    return () => stop.abort();
  }

  private async drain(query: ServiceQuery, signal: AbortSignal): Promise<void> {
    try {
      for await (const _ of this.sources.watch(query, signal));
    } catch (error) {
      this.sources.onError(error);
    }
  }

  private stopping(stop: () => void): () => void {
    const once = (): void => {
      if (this.stops.delete(once)) stop();
    };
    this.stops.add(once);
    return once;
  }

  private guarded<T>(listener: (update: T) => unknown): (update: T) => void {
    return (update) => void (async () => listener(update))().catch(this.sources.onError);
  }

  private forgetUnwatched(): void {
    this.lookedMs = this.sources.clock.now();
    for (const [key, { query }] of this.watched) if (!this.sources.current(query)) this.watched.delete(key);
  }
}

function all(service: string, datacenter?: string): ServiceQuery {
  return queryOf(service, { onlyPassing: false, ...(datacenter !== undefined && { datacenter }) }, []);
}

function transitionsOf(
  service: string,
  changes: {
    readonly added: readonly ServiceEndpoint[];
    readonly removed: readonly ServiceEndpoint[];
    readonly changed: readonly { readonly before: ServiceEndpoint; readonly after: ServiceEndpoint }[];
  },
): HealthTransition[] {
  return [
    ...changes.added.map((endpoint) => ({ service, endpoint, after: endpoint.status })),
    ...changes.removed.map((endpoint) => ({ service, endpoint, before: endpoint.status })),
    ...changes.changed
      .filter(({ before, after }) => before.status !== after.status)
      .map(({ before, after }) => ({ service, endpoint: after, before: before.status, after: after.status })),
  ];
}
