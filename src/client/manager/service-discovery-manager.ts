import { inspect } from 'node:util';
import type { EndpointExplanation } from '../../balancer/index.js';
import type { ConsulClient } from '../../consul/index.js';
import {
  asDiscoveryError,
  defaults,
  given,
  limits,
  ServiceDiscoveryError,
  type CallOptions,
  type EndpointSet,
  type ServiceEndpoint,
  type ServiceQuery,
} from '../../model/index.js';
import { EventHub, mapAtOnce } from '../../runtime/index.js';
import type {
  DiscoverOptions,
  Discovery,
  PickedEndpoint,
  PickOptions,
  QueryOptions,
  ResolutionOptions,
  ServiceResolution,
  WatchCallback,
  WatchServiceOptions,
} from '../discovery.js';
import { checkCall, refuseAborted } from '../call.js';
import { broken, queryKey, queryOf, spanMs } from '../query.js';
import type { NamedRequest } from '../registration/register-all.js';
import { createRegistrar, type Registrar } from '../registration/registrar.js';
import type { Registration, RegistrationRequest } from '../registration/registration.js';
import type { Balancing } from '../resolution/balancing.js';
import { Resolutions } from '../resolution/resolutions.js';
import type { EndpointEvents } from '../watch/endpoint-events.js';
import type { EndpointWatch } from '../watch/endpoint-watch.js';
import { SharedWatches, type LocalWatchOptions, type SetSubscription } from '../watch/shared-watches.js';
import { createBackend, type Backend } from './backend.js';
import { managerSettings, type ManagerSettings, type ServiceDiscoveryConfig } from './config.js';
import { ConfigWatches } from './config-watches.js';
import { DiscoveredSets } from './discovered-sets.js';
import { openEndpointCache } from './endpoint-cache.js';
import type { ManagerEvents, ManagerSnapshot } from './events.js';
import { ManagerMetrics, type ServiceMetrics } from './manager-metrics.js';
import { OwnWrites } from './own-writes.js';
import { namingItself, ofService } from './of-service.js';
import { UpdateEvents, type UpdateOptions } from './update-events.js';
import { weightedChoice } from './weighted-choice.js';

const DISCOVER = ['useCache', 'signal', 'timeoutMs'];
const WATCH = ['wait', 'interval', 'signal'];
const PICK = ['policy', 'key', 'exclude', 'signal', 'timeoutMs'];
const EXPLAIN = ['policy', 'signal', 'timeoutMs'];
const RESOLUTION = ['policy'];
const EVENTS: readonly (keyof ManagerEvents)[] = [
  'config_update',
  'load_balancer_update',
  'metrics_update',
  'lost',
  'restored',
  'conflict',
  'error',
];

/** A query and what belongs to it, made once for plain names. */
interface Asked {
  readonly query: ServiceQuery;
  readonly key: string;
  readonly metrics: ServiceMetrics;
}

/**
 * Register, discover, watch and balance: over our agent or a real Consul, any DNS, or a registry in this process. With no
 * configuration it talks to the agent at 127.0.0.1:8500, or where Consul's environment variables say.
 *
 * Every method rejects with a `ServiceDiscoveryError` (docs/errors.md). Background work never throws: it tells `error`.
 * Nothing here keeps the process alive but what a caller waits for. `close` ends it all.
 *
 * ```ts
 * const discovery = new ServiceDiscoveryManager();
 * const endpoints = await discovery.discoverService('api');
 * ```
 */
export class ServiceDiscoveryManager implements Discovery, AsyncDisposable {
  private readonly settings: ManagerSettings;
  private readonly backend: Backend;
  private readonly registrar: Registrar | undefined;
  private readonly writes: OwnWrites;
  private readonly sets: DiscoveredSets;
  private readonly watches: SharedWatches;
  private readonly resolutions: Resolutions;
  private readonly events: EventHub<ManagerEvents>;
  private readonly updates: UpdateEvents;
  private readonly configs: ConfigWatches;
  private readonly counters = new ManagerMetrics();
  private readonly plain = new Map<string, Asked>();
  /** Registering again may give the registration there is. */
  private readonly told = new WeakSet<Registration>();
  private closing: Promise<void> | undefined;

  /** Throws INVALID_ARGUMENT naming every option that breaks a rule. Connects to nobody before the first call. */
  constructor(config: ServiceDiscoveryConfig = {}) {
    const settings = managerSettings(config);
    const { clock, random, logger } = settings;
    this.settings = settings;
    // Fresh for the TTL and a tenth, then served at once for as long again while a new one is fetched.
    this.writes = new OwnWrites(clock, 2.2 * settings.ttlMs);
    this.events = new EventHub(logger, 'discovery.listener_failed');
    const onError = (error: unknown): void => this.failed(error);
    this.backend = createBackend(config, settings, onError);
    const { resolver, target } = this.backend;
    this.registrar =
      target &&
      createRegistrar({
        target,
        clock,
        random,
        logger,
        defaults: registrationDefaults(config, settings),
        onChanged: (service) => this.changed(service),
        timed: (service, operation, work) => this.timed(service, operation, work),
      });
    this.sets = new DiscoveredSets(resolver, openEndpointCache(config, settings, onError), settings);
    this.watches = new SharedWatches({
      resolver,
      clock,
      onSet: (query, set) => {
        this.sets.learn(query, set);
        this.updates.take(query, set);
      },
      onError: ({ service }, error) => this.failed(ofService(service, error)),
    });
    this.resolutions = new Resolutions({
      clock,
      random,
      balancing: balancingOf(config),
      follow: (query, signal) => this.watches.watch(query, { ...this.pace(), signal, background: true }),
      present: (query) => this.watches.current(query),
      ask: (query, options) => this.ask(this.askedFor(query), options, false),
      usableMs: settings.usableMs,
      onError: (service, error) => this.failed(ofService(service, error)),
      onBalancerEvent: (service, event) => logger.info({ service, ...event }, 'discovery.balancer'),
    });
    this.configs = new ConfigWatches(this.backend.configSource, onError, { clock, random });
    this.updates = new UpdateEvents({
      clock,
      configs: this.configs,
      watch: (query, signal) => this.watches.watch(query, { ...this.pace(), signal, background: true }),
      current: (query) => this.watches.current(query),
      snapshot: () => this.metrics(),
      onError,
    });
  }

  /** The HTTP client underneath, for what discovery does not cover (keys, sessions, queries…); with Consul or an agent. */
  get consul(): ConsulClient | undefined {
    return this.backend.consul;
  }

  /**
   * Registers an instance and keeps it registered until it is deregistered or the manager is closed. With a list: all or
   * none. Rejects with INVALID_ARGUMENT (nothing was sent), CONFLICT, UNSUPPORTED where the backend only discovers, or
   * the registry's refusal. `timeoutMs`, for each: the manager's where it was given, else 10 s.
   */
  registerService(name: string, request: RegistrationRequest, options?: CallOptions): Promise<Registration>;
  registerService(requests: readonly NamedRequest[], options?: CallOptions): Promise<readonly Registration[]>;
  async registerService(
    first: string | readonly NamedRequest[],
    second?: RegistrationRequest | CallOptions,
    third?: CallOptions,
  ): Promise<Registration | readonly Registration[]> {
    const registrar = this.registering();
    if (typeof first !== 'string') {
      if (!Array.isArray(first)) throw broken('name', 'must be the name of a service, or a list of requests');
      checkCall(second ?? {});
      const registrations = await registrar.registerAll(first, this.writing((second ?? {}) as CallOptions));
      for (const registration of registrations) this.tellOf(registration);
      return registrations;
    }
    checkCall(third ?? {});
    const registration = await registrar.register(first, (second ?? {}) as RegistrationRequest, this.writing(third));
    this.tellOf(registration);
    return registration;
  }

  /** By the id that `registerService` gave. Succeeds when it is gone already. `timeoutMs`: as of `registerService`. */
  async deregisterService(registration: string | Registration, options?: CallOptions): Promise<void> {
    const registrar = this.registering();
    const id: unknown = typeof registration === 'string' ? registration : registration?.id;
    if (typeof id !== 'string' || id === '') throw broken('id', 'must be the id of a registration');
    checkCall(options ?? {});
    await registrar.deregister(id, this.writing(options));
  }

  /** Those that are kept registered. */
  registrations(): readonly Registration[] {
    return this.registrar?.registrations() ?? [];
  }

  /**
   * The endpoints of a service; an empty list when there is none. Answers from the watch or the cache when it can, and with
   * what was known last when nobody can be asked (`discoverSet` says which), but with nothing from before a registration, a
   * deregistration or a report of this manager for the service. Rejects when nobody could be asked and
   * nothing is known: UNAVAILABLE, TIMEOUT, or the refusal's own code. `timeoutMs`: the manager's, 5 s.
   */
  async discoverService(name: string, options?: DiscoverOptions): Promise<ServiceEndpoint[]> {
    const asked = this.calling(name, options, DISCOVER);
    const known = options?.useCache === false ? undefined : this.known(asked);
    const { endpoints } = known ?? (await this.discover(asked, options));
    return [...endpoints];
  }

  /** Like `discoverService`, with the age of the answer and whether it is stale, and why. */
  async discoverSet(name: string, options?: DiscoverOptions): Promise<EndpointSet> {
    const asked = this.calling(name, options, DISCOVER);
    const known = options?.useCache === false ? undefined : this.known(asked);
    return known ?? this.discover(asked, options);
  }

  /** Several at once, by name; rejects with the first failure's code and `details.failures` when one could not be asked. */
  async discoverServices(
    names: readonly string[],
    options?: DiscoverOptions,
  ): Promise<ReadonlyMap<string, ServiceEndpoint[]>> {
    if (!Array.isArray(names)) throw broken('names', 'must be a list of names');
    const unique = [...new Set<string>(names)];
    const failures: { service: string; error: ServiceDiscoveryError }[] = [];
    const found = await mapAtOnce(unique, limits.lookupsAtOnce, async (service) => {
      try {
        return await this.discoverService(service, options);
      } catch (error) {
        failures.push({ service, error: asDiscoveryError(error, `discovering ${service}`) });
        return [];
      }
    });
    const [first] = failures;
    if (first) {
      const details = {
        failures: failures.map(({ service, error }) => ({ service, code: error.code, message: error.message })),
      };
      const message = `${failures.length} of ${unique.length} services could not be discovered; ${first.service}: ${first.error.message}`;
      throw new ServiceDiscoveryError(first.error.code, message, { cause: first.error, details });
    }
    return new Map(unique.map((service, at) => [service, found[at] ?? []]));
  }

  /** One passing endpoint, at random by weight; undefined when there is none. Rejects as `discoverService` does. */
  async getService(
    name: string,
    options: { readonly datacenter?: string; readonly tag?: string } & CallOptions = {},
  ): Promise<ServiceEndpoint | undefined> {
    const { tag, ...rest } = options;
    const endpoints = await this.discoverService(name, { ...rest, ...(tag === undefined ? {} : { tags: [tag] }) });
    return weightedChoice(endpoints, this.settings.random.next());
  }

  /**
   * The full set now and after every change. Ends when the signal aborts, the loop is left, or the manager is closed;
   * the world's failures never end it (docs/watching.md). Throws only what trying again cannot mend. With a callback: told of
   * the endpoints, and the set they are of; its promise is awaited before the next call, and a throw is told as `error` and
   * ends nothing.
   */
  watchService(name: string, options?: WatchServiceOptions): EndpointWatch;
  watchService(name: string, callback: WatchCallback, options?: WatchServiceOptions): SetSubscription;
  watchService(
    name: string,
    first?: WatchCallback | WatchServiceOptions,
    second?: WatchServiceOptions,
  ): EndpointWatch | SetSubscription {
    if (typeof first !== 'function') {
      const { query, local } = this.watching(name, first);
      return this.watches.watch(query, local);
    }
    const { query, local } = this.watching(name, second);
    return this.watches.subscribe(query, namingItself(name, first), local);
  }

  /** A watch told as what came, went and changed. Listeners attached in the same turn miss nothing. */
  serviceEvents(name: string, options?: WatchServiceOptions): EndpointEvents {
    const { query, local } = this.watching(name, options);
    return this.watches.events(query, local);
  }

  /**
   * One endpoint for one request; call its `done` when the request ended. The service is watched from the first pick on and
   * for a minute after the last. Rejects with NO_ENDPOINTS when none may be used, and as `discoverService` does when
   * nothing is known.
   */
  async pick(name: string, options?: PickOptions): Promise<PickedEndpoint> {
    const { query } = this.calling(name, options, PICK);
    const pick = await this.resolutions.use(query, options?.policy, options ?? {}, (one) => one.pick(options));
    if (pick.type === 'none') throw pick.error;
    return pick;
  }

  /** The standing choice for one service, to pick from without a promise. Close it when done. */
  resolution(name: string, options?: ResolutionOptions): ServiceResolution {
    const { query } = this.asked(name, options, RESOLUTION);
    return this.resolutions.hold(query, options?.policy);
  }

  /** For each endpoint that `pick` with the same options chooses among: whether it may be chosen, and why not. */
  async explain(name: string, options?: ResolutionOptions & CallOptions): Promise<readonly EndpointExplanation[]> {
    const { query } = this.calling(name, options, EXPLAIN);
    return this.resolutions.use(query, options?.policy, options ?? {}, ({ balancer }) => balancer.explain());
  }

  /** The index the registry has for a service now, and the one that is cached: for `CacheConsistency`. */
  async indexes(
    name: string,
    options: QueryOptions & CallOptions = {},
  ): Promise<{ readonly current: EndpointSet; readonly cached: EndpointSet | undefined }> {
    const asked = this.calling(name, options, ['signal', 'timeoutMs']);
    const cached = this.sets.peek(asked.key);
    const current = await this.backend.resolver.lookup(asked.query, {
      timeoutMs: this.settings.timeoutMs,
      ...bounds(options),
    });
    return { current, cached };
  }

  /** Forgets what is cached of a service, here and in a shared cache: the next answer is from after this. */
  async evict(name: string, options: QueryOptions = {}): Promise<void> {
    const { query, key } = this.asked(name, options, []);
    // Neither is what a watch has believed since before.
    this.writes.note(query.service);
    await this.sets.evict(key);
  }

  /** Members of the cluster, for `SplitBrainProtection`. UNSUPPORTED without Consul or an agent. */
  async members(options: CallOptions = {}): Promise<{ readonly value: readonly { readonly Status: number }[] }> {
    if (!this.consul)
      throw new ServiceDiscoveryError('UNSUPPORTED', `members are not known with the ${this.backend.name} backend`);
    return this.consul.agent.members(options);
  }

  /**
   * Tells of what happens: see `ManagerEvents`. `config_update` needs `options.prefix` (key-values) or `options.kind`
   * (configuration entries); `load_balancer_update` and `metrics_update` take `options.service` to watch one that nobody
   * watches yet. Returns the unsubscribe, harmless twice. A listener that throws is logged and harms nobody.
   */
  on<K extends keyof ManagerEvents>(
    event: K,
    listener: (value: ManagerEvents[K]) => void,
    options?: UpdateOptions<K>,
  ): () => void {
    this.refuseClosed();
    if (!EVENTS.includes(event)) throw broken('event', `must be one of ${EVENTS.join(', ')}`);
    if (typeof listener !== 'function') throw broken('listener', 'must be a function');
    return this.updates.on(event, listener, options) ?? this.events.on(event, listener);
  }

  /** All that is counted, and the health of what is watched. */
  metrics(): ManagerSnapshot {
    return {
      at: new Date(this.settings.clock.wall()),
      health: this.updates.health(),
      latency: this.counters.latency(),
      cache: this.counters.cache(),
      watches: this.watches.size,
      registrations: this.registrations().length,
    };
  }

  /**
   * Ends everything: watches end, what is registered or being registered is deregistered (`deregister: false` leaves it to
   * its checks), nothing comes back. Does not reject: what could not be deregistered is told as `error`. `timeoutMs`: for
   * deregistering all of it; default 10 s for each. Harmless twice.
   */
  close(options: { readonly deregister?: boolean } & CallOptions = {}): Promise<void> {
    this.closing ??= this.end(options);
    return this.closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Neither configuration nor what was made of it: they hold tokens and keys. */
  toJSON(): object {
    const { backend, watches, closing } = this;
    return {
      backend: backend.name,
      watches: watches.size,
      registrations: this.registrations().length,
      closed: !!closing,
    };
  }

  [inspect.custom](): string {
    return `ServiceDiscoveryManager ${inspect(this.toJSON())}`;
  }

  // ---- steps

  private async end({ deregister = true, ...options }: { readonly deregister?: boolean } & CallOptions): Promise<void> {
    this.resolutions.close();
    this.updates.close();
    this.configs.close();
    await this.watches.close();
    await this.registrar?.close({ ...options, deregister, onFailed: (error) => this.failed(error) });
    // A shared cache may be anybody's.
    await this.sets.close().catch((error: unknown) => this.failed(error));
    await this.backend.close();
  }

  /** Of a call that is answered once. */
  private calling(name: string, options: (QueryOptions & CallOptions) | undefined, others: readonly string[]): Asked {
    const asked = this.asked(name, options, others);
    refuseAborted(options?.signal, `the call for ${name}`);
    return asked;
  }

  private asked(name: string, options: QueryOptions | undefined, others: readonly string[]): Asked {
    if (this.closing) this.refuseClosed();
    if (options !== undefined) {
      const query = queryOf(name, options, others);
      checkCall(options);
      return this.askedFor(query);
    }
    const known = this.plain.get(name);
    if (known) return known;
    if (this.plain.size >= limits.metricServices) this.plain.clear();
    const asked = this.askedFor(queryOf(name, {}, others));
    this.plain.set(name, asked);
    return asked;
  }

  private askedFor(query: ServiceQuery): Asked {
    return { query, key: queryKey(query), metrics: this.counters.of(query.service) };
  }

  /** Fresh in the cache; else what a watch confirms, or last had when nobody confirms it at the moment. */
  private known({ query, key, metrics }: Asked): EndpointSet | undefined {
    if (!this.settings.caching) return undefined;
    const { service } = query;
    const asOfMs = this.writes.asOf();
    const cached = this.sets.peek(key);
    if (cached && !this.writes.isBefore(service, cached.ageMs, asOfMs)) {
      metrics.results.hit += 1;
      return cached;
    }
    const watched = this.watches.current(query);
    if (!watched || this.writes.isBefore(service, watched.ageMs, asOfMs)) return undefined;
    if (watched.stale) {
      // Nobody confirms that there is none, and nobody believes for ever what nobody confirms: the registry is asked.
      if (watched.endpoints.length === 0 || watched.ageMs > this.settings.usableMs) return undefined;
      metrics.results.stale += 1;
      return watched;
    }
    metrics.results.hit += 1;
    this.sets.learn(query, watched);
    return watched;
  }

  private discover(asked: Asked, options: DiscoverOptions = {}): Promise<EndpointSet> {
    return this.ask(asked, options, options.useCache === false || this.writes.isRecent(asked.query.service));
  }

  private async ask({ query, key, metrics }: Asked, options: CallOptions, fresh: boolean): Promise<EndpointSet> {
    const { clock, timeoutMs } = this.settings;
    const began = clock.now();
    try {
      const set = await this.sets.get(query, key, { timeoutMs, ...bounds(options), fresh });
      metrics.observe('discover', clock.now() - began, true);
      metrics.results[set.stale ? 'stale' : 'miss'] += 1;
      return set;
    } catch (error) {
      metrics.observe('discover', clock.now() - began, false);
      metrics.results.failed += 1;
      throw error;
    }
  }

  private watching(
    name: string,
    options: WatchServiceOptions = {},
  ): { readonly query: ServiceQuery; readonly local: LocalWatchOptions } {
    const { query } = this.asked(name, options, WATCH);
    const waitMs = spanMs('wait', options.wait, defaults.maxBlockingWaitMs);
    const intervalMs = spanMs('interval', options.interval);
    const { signal } = options;
    return { query, local: { ...this.pace(), ...given({ waitMs, intervalMs, signal }) } };
  }

  private pace(): { readonly waitMs: number } {
    return { waitMs: this.settings.watchWaitMs };
  }

  /** Writes have more time than questions, unless the manager was told how much a call may take. */
  private writing(options: CallOptions = {}): CallOptions {
    return { ...given({ timeoutMs: this.settings.writeTimeoutMs }), ...given(options) };
  }

  private registering(): Registrar {
    this.refuseClosed();
    if (this.registrar) return this.registrar;
    throw new ServiceDiscoveryError(
      'UNSUPPORTED',
      `nothing can be registered with the ${this.backend.name} backend: it only discovers`,
    );
  }

  private tellOf(registration: Registration): void {
    if (this.told.has(registration)) return;
    this.told.add(registration);
    const about = { id: registration.id, service: registration.service };
    registration.on('lost', () => this.events.emit('lost', about));
    registration.on('restored', () => this.events.emit('restored', about));
    registration.on('conflict', (error) => this.events.emit('conflict', error));
    registration.on('error', (error) => this.failed(error));
  }

  private async timed<T>(
    service: string | undefined,
    operation: 'register' | 'deregister',
    work: () => Promise<T>,
  ): Promise<T> {
    const { clock } = this.settings;
    const began = clock.now();
    let ok = false;
    try {
      const result = await work();
      ok = true;
      return result;
    } finally {
      this.counters.of(service).observe(operation, clock.now() - began, ok);
    }
  }

  /** What was answered of the service before is not to be given out any more, nor what is being answered now. */
  private changed(service: string | undefined): void {
    this.writes.note(service);
    if (service !== undefined) this.sets.overtake({ service, onlyPassing: true });
  }

  private failed(error: unknown): void {
    const failure = asDiscoveryError(error);
    if (failure.code === 'ABORTED' || (failure.code === 'CLOSED' && this.closing)) return;
    this.settings.logger.warn({ error: failure }, 'discovery.background_failed');
    this.events.emit('error', failure);
  }

  private refuseClosed(): void {
    if (this.closing) throw new ServiceDiscoveryError('CLOSED', 'the manager is closed');
  }
}

/** Names of services compare without regard to case. */
function balancingOf({ balancing, services = {} }: ServiceDiscoveryConfig): (service: string) => Balancing {
  const byName = new Map(Object.entries(services).map(([name, own]) => [name.toLowerCase(), own]));
  return (service) => ({ ...balancing, ...byName.get(service.toLowerCase()) });
}

function registrationDefaults({ address, defaultCheck }: ServiceDiscoveryConfig, settings: ManagerSettings) {
  return {
    ...given({ address, defaultCheck }),
    healthCheckInterval: settings.healthCheckInterval,
    deregisterCriticalTimeout: settings.deregisterAfter,
  };
}

function bounds({ signal, timeoutMs }: CallOptions): CallOptions {
  return given({ signal, timeoutMs });
}
