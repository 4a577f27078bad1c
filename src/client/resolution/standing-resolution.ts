import { HedgeBudget, RetryBudget, type Balancer, type Pick, type PickHint } from '../../balancer/index.js';
import {
  asDiscoveryError,
  ServiceDiscoveryError,
  type CallOptions,
  type EndpointSet,
  type ServiceQuery,
} from '../../model/index.js';
import type { Clock } from '../../runtime/index.js';
import { HedgedPick } from './hedged-pick.js';

export interface StandingParts {
  readonly query: ServiceQuery;
  readonly balancer: Balancer;
  readonly clock: Clock;
  /** To be awaited before the first choice. */
  readonly prepared: Promise<void> | undefined;
  /** The sets from now on; ends when the signal aborts. */
  readonly follow: (signal: AbortSignal) => AsyncIterable<EndpointSet>;
  /** What the watch has now, with its present age; undefined before its first set. */
  readonly present: () => EndpointSet | undefined;
  /** The set now, or the last one known when nobody can be asked. */
  readonly ask: (options: CallOptions) => Promise<EndpointSet>;
  /** How old a set that nobody confirms may get before it is not used any more, ms. */
  readonly usableMs: number;
  readonly onError: (error: unknown) => void;
}

/**
 * One service under one policy, kept up to date while somebody picks from it: a watch that feeds a balancer. Shared by
 * everybody who asks for the same; see `Resolutions`.
 */
export class StandingResolution {
  lastUsedMs: number;
  readonly hedges: HedgeBudget;
  readonly retries: RetryBudget;
  private readonly stop = new AbortController();
  private readonly listeners = new Set<(set: EndpointSet) => void>();
  private failure: ServiceDiscoveryError | undefined;
  private last: EndpointSet | undefined;
  private takenMs = 0;
  /** When the last set is too old to be used, should nobody confirm it until then. */
  private usableUntilMs = -Infinity;

  constructor(private readonly parts: StandingParts) {
    const { clock } = parts;
    this.lastUsedMs = clock.now();
    this.hedges = new HedgeBudget({ clock });
    this.retries = new RetryBudget({ clock });
    void this.follow();
  }

  get balancer(): Balancer {
    return this.parts.balancer;
  }

  /** Whether there is a set to choose from; without the cost of `current`. */
  get isReady(): boolean {
    return this.last !== undefined && this.parts.clock.now() < this.usableUntilMs;
  }

  /** The last set, with the age it has now. */
  get current(): EndpointSet | undefined {
    if (!this.last || !this.isReady) return undefined;
    const present = this.parts.present();
    if (present?.endpoints === this.last.endpoints) return present;
    return { ...this.last, ageMs: this.last.ageMs + this.parts.clock.now() - this.takenMs };
  }

  /**
   * Asks beside the watch, because a watch says nothing while nobody answers, but a caller wants to know, or to be given
   * what was known before. Whatever comes first counts.
   */
  async ready(options: CallOptions): Promise<EndpointSet> {
    await this.parts.prepared;
    const known = this.current;
    if (known) return known;
    if (this.failure) throw this.failure;
    if (this.stop.signal.aborted) throw this.closed();
    const set = await this.parts.ask(options);
    return this.current ?? this.take(set);
  }

  pick(hint?: PickHint): Pick {
    const { balancer, clock, query } = this.parts;
    const now = clock.now();
    this.lastUsedMs = now;
    if (this.stop.signal.aborted) return { type: 'none', error: this.closed() };
    if (!this.last || now >= this.usableUntilMs) return { type: 'none', error: this.unready() };
    if (this.last.endpoints.length === 0) {
      return { type: 'none', error: this.last.stale ? this.unconfirmed() : nobody(query) };
    }
    // One request, however many endpoints are tried for it.
    if (hint?.exclude === undefined || hint.exclude.size === 0) {
      this.retries.request();
      this.hedges.request();
    }
    const pick = balancer.pick(hint);
    return pick.type === 'endpoint' ? new HedgedPick(pick, this.hedges, clock, now) : pick;
  }

  /** A listener that throws is reported and harms nobody. */
  onChange(listener: (set: EndpointSet) => void): () => void {
    const entry = (set: EndpointSet): void => listener(set);
    this.listeners.add(entry);
    const known = this.current;
    if (known) this.tell(entry, known);
    return () => void this.listeners.delete(entry);
  }

  close(): void {
    this.stop.abort();
    this.listeners.clear();
    this.parts.balancer.close();
  }

  private async follow(): Promise<void> {
    try {
      await this.parts.prepared;
      for await (const set of this.parts.follow(this.stop.signal)) this.take(set);
    } catch (error) {
      if (this.stop.signal.aborted) return;
      // What trying again cannot mend. Said to every pick, since there is nothing to choose from.
      this.failure = asDiscoveryError(error, `the watch of ${this.parts.query.service}`);
      this.parts.onError(this.failure);
    }
  }

  private take(set: EndpointSet): EndpointSet {
    if (this.stop.signal.aborted) return set;
    const now = this.parts.clock.now();
    this.last = set;
    this.takenMs = now;
    this.usableUntilMs = set.stale ? now - set.ageMs + this.parts.usableMs : Infinity;
    this.parts.balancer.update(set);
    for (const listener of this.listeners) this.tell(listener, set);
    return set;
  }

  private tell(listener: (set: EndpointSet) => void, set: EndpointSet): void {
    try {
      listener(set);
    } catch (error) {
      this.parts.onError(error);
    }
  }

  private unready(): ServiceDiscoveryError {
    if (this.failure) return this.failure;
    if (this.stop.signal.aborted) return this.closed();
    if (this.last) return this.unconfirmed();
    return new ServiceDiscoveryError(
      'NOT_READY',
      `nothing is known of ${this.parts.query.service} yet; await ready() first`,
    );
  }

  /** "There is none" is not said when nobody can be asked, nor is what was known too long ago. */
  private unconfirmed(): ServiceDiscoveryError {
    const { service } = this.parts.query;
    const known = this.last?.endpoints.length === 0 ? 'it had no instances' : 'what was known of it is too old';
    const cause = this.last?.error;
    const why = cause ? `: ${cause.message}` : '';
    return new ServiceDiscoveryError('UNAVAILABLE', `nobody can be asked about ${service}, and ${known}${why}`, {
      cause,
    });
  }

  private closed(): ServiceDiscoveryError {
    return new ServiceDiscoveryError('CLOSED', `the resolution of ${this.parts.query.service} is closed`);
  }
}

function nobody({ service, onlyPassing, tags, filter, datacenter }: ServiceQuery): ServiceDiscoveryError {
  const which = (tags ?? filter ?? datacenter) ? ' as asked for' : '';
  const healthy = onlyPassing ? ' and healthy' : '';
  return new ServiceDiscoveryError('NO_ENDPOINTS', `no instance of ${service}${which} is registered${healthy}`, {
    details: { service, endpoints: 0, panic: false },
  });
}
