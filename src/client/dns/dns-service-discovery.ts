import { setMaxListeners } from 'node:events';
import { z } from 'zod';
import { defaults, parseOptions } from '../../model/index.js';
import { abortable, onAbort, pause, realClock, realRandom, silentLogger } from '../../runtime/index.js';
import type { AbortableIteration, Clock, Logger, Random } from '../../runtime/index.js';
import { checkWatchOptions } from './call-options.js';
import type { DnsQueryOptions, DnsResolveOptions } from './call-options.js';
import type { DnsEndpointSet, DnsServiceEndpoint, UnresolvedTarget } from './dns-endpoint.js';
import { resolverSchema } from './dns-resolver-config.js';
import type { DnsResolverConfig } from './dns-resolver-config.js';
import { DnsServiceResolver } from './dns-service-resolver.js';
import type { DnsStatsReading } from './dns-stats.js';
import { healthOf, HealthTracker } from './health-tracker.js';
import type { DnsHealthCheck, DnsInstanceHealth } from './health-tracker.js';
import { tcpReach } from './reach.js';
import type { Reach } from './reach.js';
import type { NameLayout } from './service-name.js';
import { watchSets } from './service-watch.js';

export interface DnsConfig extends DnsResolverConfig {
  /** Connects to every instance found, again and again, and tells who cannot be reached. Default: does not. */
  readonly healthCheck?: boolean | DnsHealthCheck;
  /** How an instance is tried. Default: a TCP connection. */
  readonly reach?: Reach;
}

export interface DnsWatchOptions extends Omit<DnsResolveOptions, 'useCache'> {
  /** Seconds between two looks when the records' TTL is longer. Default 30. */
  readonly interval?: number;
  /** Told of every failed look, and of what the callback throws. Default: the logger. */
  readonly onError?: (error: Error) => void;
}

export interface WatchSetsOptions extends Omit<DnsWatchOptions, 'interval'> {
  /** Default 30,000. */
  readonly intervalMs?: number;
  /** How it waits between two looks. Default: without keeping the process alive. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Told when a look found everything as it was. */
  readonly onConfirmed?: (set: DnsEndpointSet) => void;
}

/** Health of the instances of one service, as seen from here. */
export interface DnsServiceHealth {
  readonly instances: readonly DnsInstanceHealth[];
  /** Targets whose addresses could not be had. */
  readonly unresolved: readonly UnresolvedTarget[];
}

export type DnsWatchCallback = (endpoints: readonly DnsServiceEndpoint[], set: DnsEndpointSet) => unknown;

const rule = 'must be a whole number of 1 or more';
const milliseconds = z.number('must be a number').positive('must be above 0');
const configSchema = resolverSchema.extend({
  healthCheck: z
    .union([
      z.boolean(),
      z.strictObject({
        intervalMs: milliseconds.optional(),
        timeoutMs: milliseconds.optional(),
        failuresBeforeCritical: z.number(rule).int(rule).min(1, rule).optional(),
      }),
    ])
    .optional(),
  reach: z.custom<Reach>((value) => typeof value === 'function', 'must be a function').optional(),
});

/** Discovery over DNS alone: finds, watches, and can look after what it found. Asks nobody until used. */
export class DnsServiceDiscovery implements AsyncDisposable {
  /** What it looks services up with; usable beside. */
  readonly resolver: DnsServiceResolver;
  /** How names are made, as configured or known by the suffix. */
  readonly layout: NameLayout;
  private readonly tracker: HealthTracker | undefined;
  private readonly clock: Clock;
  private readonly random: Random;
  private readonly logger: Logger;
  private readonly ended = new AbortController();

  /** Throws INVALID_ARGUMENT naming every option and server entry that breaks a rule. */
  constructor(config: DnsConfig = {}) {
    parseOptions('DnsConfig', configSchema, config);
    // Every watch listens.
    setMaxListeners(0, this.ended.signal);
    const { healthCheck = false, reach, ...forResolver } = config;
    this.clock = config.clock ?? realClock;
    this.random = config.random ?? realRandom;
    this.logger = config.logger ?? silentLogger;
    this.resolver = new DnsServiceResolver(forResolver);
    this.layout = this.resolver.layout;
    const parts = { reach: reach ?? tcpReach(this.clock), clock: this.clock, random: this.random };
    if (healthCheck !== false) this.tracker = new HealthTracker(healthCheck === true ? {} : healthCheck, parts);
  }

  /**
   * The endpoints of a service in RFC 2782's order, those known to be out of reach marked; none when there is none. Rejects
   * as `DnsServiceResolver.resolveService` does.
   */
  async discoverService(name: string, options: DnsResolveOptions = {}): Promise<readonly DnsServiceEndpoint[]> {
    return (await this.lookup(name, options)).endpoints;
  }

  /** The same with what is known about the answer. */
  async lookup(name: string, options: DnsResolveOptions = {}): Promise<DnsEndpointSet> {
    return this.judged(await this.resolver.resolveService(name, options));
  }

  /**
   * Watches a service, by looking at it again when its records' TTL or the interval is over, at most once a second.
   *
   * With a callback: calls it with the endpoints now and after every change, one call after another, awaited. What it
   * throws is reported and ends nothing. Resolves when the signal aborts or this is closed; keeps the process alive until
   * then. Without: full sets to iterate over; the process stays alive while the next one is awaited.
   *
   * While DNS cannot be asked the last set is told once more, marked stale, and looking goes on. Rejects, and the
   * iteration throws, for what trying again cannot mend: INVALID_ARGUMENT, UNSUPPORTED.
   */
  watchService(name: string, callback: DnsWatchCallback, options?: number | DnsWatchOptions): Promise<void>;
  watchService(name: string, options?: DnsWatchOptions): AbortableIteration<DnsEndpointSet>;
  watchService(
    name: string,
    callbackOrOptions: DnsWatchCallback | DnsWatchOptions = {},
    interval: number | DnsWatchOptions = {},
  ): Promise<void> | AbortableIteration<DnsEndpointSet> {
    const given = typeof callbackOrOptions === 'function' ? interval : callbackOrOptions;
    const options: DnsWatchOptions = typeof given === 'number' ? { interval: given } : given;
    checkWatchOptions(options);
    const report = options.onError ?? this.logged(name);
    const { interval: seconds, ...others } = options;
    const intervalMs = seconds === undefined ? defaults.dnsWatchIntervalMs : seconds * 1000;
    const sets = this.watchSets(name, { ...others, intervalMs, onError: report, wait: heldWait(this.clock) });
    return typeof callbackOrOptions === 'function' ? this.callEach(callbackOrOptions, sets, report) : sets;
  }

  /**
   * The iteration behind `watchService`, for those who say more of how it goes on.
   * @internal
   */
  watchSets(name: string, options: WatchSetsOptions): AbortableIteration<DnsEndpointSet> {
    const {
      signal,
      timeoutMs,
      intervalMs = defaults.dnsWatchIntervalMs,
      wait,
      onError,
      onConfirmed,
      ...query
    } = options;
    const parts = {
      look: (signal: AbortSignal) =>
        this.resolver.resolveService(name, { ...query, signal, ...(timeoutMs !== undefined && { timeoutMs }) }),
      judged: (set: DnsEndpointSet) => this.judged(set),
      onJudgement: (listener: () => void) => this.tracker?.onChange(listener) ?? (() => {}),
      intervalMs,
      wait: wait ?? ((ms: number, signal: AbortSignal) => pause(this.clock, ms, signal)),
      onError: onError ?? this.logged(name),
      onConfirmed,
      clock: this.clock,
      random: this.random,
    };
    return abortable(signal, (own) => untilEither(own, this.ended.signal, (both) => watchSets(parts, both)));
  }

  /** How the instances of a service are, as far as is known; `unknown` without `healthCheck`. */
  async health(name: string, options: DnsResolveOptions = {}): Promise<DnsServiceHealth> {
    const set = await this.resolver.resolveService(name, options);
    return { instances: healthOf(set, this.tracker), unresolved: set.unresolved };
  }

  /** Records of any type; see `DnsServiceResolver.query`. */
  query(name: string, type: string | number, options?: DnsQueryOptions): ReturnType<DnsServiceResolver['query']> {
    return this.resolver.query(name, type, options);
  }

  /** Counters since the start. */
  stats(): DnsStatsReading {
    return this.resolver.stats();
  }

  /** Watches end, calls under way end with CLOSED. Harmless twice. */
  async close(): Promise<void> {
    this.ended.abort();
    await this.tracker?.close();
    await this.resolver.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  private logged(service: string): (error: Error) => void {
    return (error) => this.logger.warn({ service, err: error }, 'dns-watch-failed');
  }

  private judged(set: DnsEndpointSet): DnsEndpointSet {
    return this.tracker?.judged(set) ?? set;
  }

  private async callEach(
    callback: DnsWatchCallback,
    sets: AsyncIterable<DnsEndpointSet>,
    report: (error: Error) => void,
  ): Promise<void> {
    for await (const set of sets) {
      try {
        await callback(set.endpoints, set);
      } catch (error) {
        report(error instanceof Error ? error : new Error(String(error)));
      }
    }
  }
}

/** Waiting that keeps the process alive: for somebody who waits too. */
function heldWait(clock: Clock): (ms: number, signal: AbortSignal) => Promise<void> {
  return (ms, signal) => clock.sleep(ms, signal).catch(() => {});
}

async function* untilEither<T>(
  one: AbortSignal,
  other: AbortSignal,
  iterate: (signal: AbortSignal) => AsyncGenerator<T, void>,
): AsyncGenerator<T, void> {
  const both = new AbortController();
  const abort = (): void => both.abort();
  const stops = [one, other].map((signal) => onAbort(signal, abort));
  try {
    yield* iterate(both.signal);
  } finally {
    for (const stop of stops) stop();
  }
}
