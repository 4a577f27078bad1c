import {
  createBalancer,
  type Pick,
  type PickHint,
  type EndpointExplanation,
  type BalancerEvent,
} from '../../balancer/index.js';
import {
  defaults,
  limits,
  ServiceDiscoveryError,
  type CallOptions,
  type EndpointSet,
  type ServiceQuery,
} from '../../model/index.js';
import type { Clock, Random } from '../../runtime/index.js';
import type { ServiceResolution } from '../discovery.js';
import { queryKey } from '../query.js';
import { compileBalancing, type Balancing } from './balancing.js';
import { StandingResolution } from './standing-resolution.js';

export interface ResolutionsOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** How a service's endpoints are chosen where the call does not name a policy. */
  readonly balancing: (service: string) => Balancing;
  readonly follow: (query: ServiceQuery, signal: AbortSignal) => AsyncIterable<EndpointSet>;
  /** What is watched now of a query, with its present age. */
  readonly present: (query: ServiceQuery) => EndpointSet | undefined;
  readonly ask: (query: ServiceQuery, options: CallOptions) => Promise<EndpointSet>;
  /** How old a set that nobody confirms may get before it is not used any more, ms. */
  readonly usableMs: number;
  readonly onError: (service: string, error: unknown) => void;
  readonly onBalancerEvent: (service: string, event: BalancerEvent) => void;
}

interface Entry {
  readonly standing: StandingResolution;
  holders: number;
  /** One timer, however often it is held and let go. */
  cancelExpiry: () => void;
}

/**
 * Standing choices by query and policy. Each is kept while somebody holds it, and a while after the last pick, so that
 * `pick` by name costs one lookup.
 */
export class Resolutions {
  private readonly entries = new Map<string, Entry>();
  private closed = false;

  constructor(private readonly options: ResolutionsOptions) {}

  /** For one use: shared, and held only until it is ready and used. */
  async use<T>(
    query: ServiceQuery,
    policy: string | undefined,
    options: CallOptions,
    act: (standing: StandingResolution) => T,
  ): Promise<T> {
    const { key, entry } = this.entry(query, policy);
    if (entry.standing.isReady) return act(entry.standing);
    const letGo = this.take(key, entry);
    try {
      await entry.standing.ready(options);
      return act(entry.standing);
    } finally {
      letGo();
    }
  }

  hold(query: ServiceQuery, policy: string | undefined): ServiceResolution {
    const { key, entry } = this.entry(query, policy);
    return new HeldResolution(query.service, entry.standing, this.take(key, entry));
  }

  close(): void {
    this.closed = true;
    for (const [key, entry] of this.entries) this.drop(key, entry);
  }

  private take(key: string, entry: Entry): () => void {
    entry.holders += 1;
    return () => {
      entry.holders -= 1;
      if (entry.holders === 0 && this.entries.get(key) === entry) this.expireLater(key, entry);
    };
  }

  private entry(query: ServiceQuery, policy: string | undefined): { key: string; entry: Entry } {
    if (this.closed) throw new ServiceDiscoveryError('CLOSED', 'the manager is closed');
    const key = policy === undefined ? queryKey(query) : `${queryKey(query)} ${policy}`;
    const known = this.entries.get(key);
    if (known) return { key, entry: known };
    this.makeRoom();
    const entry: Entry = { standing: this.open(query, policy), holders: 0, cancelExpiry: () => {} };
    this.entries.set(key, entry);
    this.expireLater(key, entry);
    return { key, entry };
  }

  private open(query: ServiceQuery, policy: string | undefined): StandingResolution {
    const { clock, random, balancing, follow, present, ask, usableMs, onError, onBalancerEvent } = this.options;
    const { options, prepared } = compileBalancing(balancing(query.service));
    const balancer = createBalancer({
      ...options,
      ...(policy === undefined ? {} : { policy }),
      clock,
      random,
      onEvent: (event) => {
        onBalancerEvent(query.service, event);
        options.onEvent?.(event);
      },
    });
    return new StandingResolution({
      query,
      balancer,
      clock,
      prepared,
      follow: (signal) => follow(query, signal),
      present: () => present(query),
      ask: (call) => ask(query, call),
      usableMs,
      onError: (error) => onError(query.service, error),
    });
  }

  private expireLater(key: string, entry: Entry): void {
    const { clock } = this.options;
    const idleMs = clock.now() - entry.standing.lastUsedMs;
    entry.cancelExpiry();
    entry.cancelExpiry = clock.after(Math.max(1, defaults.resolutionIdleMs - idleMs), () => {
      if (entry.holders > 0) return;
      if (clock.now() - entry.standing.lastUsedMs < defaults.resolutionIdleMs) return this.expireLater(key, entry);
      this.drop(key, entry);
    });
  }

  /** A client that picks names without end keeps the ones it used last. */
  private makeRoom(): void {
    if (this.entries.size < limits.idleResolutions) return;
    let oldest: [string, Entry] | undefined;
    for (const one of this.entries) {
      if (one[1].holders > 0) continue;
      if (!oldest || one[1].standing.lastUsedMs < oldest[1].standing.lastUsedMs) oldest = one;
    }
    if (oldest) this.drop(...oldest);
  }

  private drop(key: string, entry: Entry): void {
    this.entries.delete(key);
    entry.cancelExpiry();
    entry.standing.close();
  }
}

class HeldResolution implements ServiceResolution {
  private isHeld = true;
  private readonly listening = new Set<() => void>();

  constructor(
    readonly service: string,
    private readonly standing: StandingResolution,
    private readonly letGo: () => void,
  ) {}

  get current(): EndpointSet | undefined {
    return this.standing.current;
  }

  ready(options: CallOptions = {}): Promise<EndpointSet> {
    return this.standing.ready(options);
  }

  pick(hint?: PickHint): Pick {
    return this.standing.pick(hint);
  }

  explain(): readonly EndpointExplanation[] {
    return this.standing.balancer.explain();
  }

  onChange(listener: (set: EndpointSet) => void): () => void {
    const stop = this.standing.onChange(listener);
    this.listening.add(stop);
    return () => {
      stop();
      this.listening.delete(stop);
    };
  }

  mayRetry(): boolean {
    return this.standing.retries.mayRetry();
  }

  hedgeAfterMs(): number | undefined {
    return this.standing.hedges.hedgeAfterMs();
  }

  mayHedge(): boolean {
    return this.standing.hedges.mayHedge();
  }

  async close(): Promise<void> {
    if (!this.isHeld) return;
    this.isHeld = false;
    for (const stop of this.listening) stop();
    this.listening.clear();
    this.letGo();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
