import { HedgeBudget, RetryBudget, type Balancer, type Pick, type PickHint } from '../../balancer/index.js';
import {
  isDiscoveryError,
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
  /** The set now, or the last one known when nobody can be asked. */
  readonly ask: (options: CallOptions) => Promise<EndpointSet>;
  readonly onError: (error: unknown) => void;
}

/**
 * One service under one policy, kept up to date while somebody picks from it: a watch that feeds a balancer. Shared by
 * everybody who asks for the same; see `Resolutions`.
 */
export class StandingResolution {
  current: EndpointSet | undefined;
  lastUsedMs: number;
  readonly hedges: HedgeBudget;
  readonly retries: RetryBudget;
  private readonly stop = new AbortController();
  private readonly listeners = new Set<(set: EndpointSet) => void>();
  private failure: ServiceDiscoveryError | undefined;

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

  /**
   * Asks beside the watch, because a watch says nothing while nobody answers, but a caller wants to know, or to be given
   * what was known before. Whatever comes first counts.
   */
  async ready(options: CallOptions): Promise<EndpointSet> {
    await this.parts.prepared;
    if (this.current) return this.current;
    if (this.failure) throw this.failure;
    const set = await this.parts.ask(options);
    return this.current ?? this.take(set);
  }

  pick(hint?: PickHint): Pick {
    const { balancer, clock, query } = this.parts;
    const now = clock.now();
    this.lastUsedMs = now;
    if (!this.current) return { type: 'none', error: this.unready() };
    if (this.current.endpoints.length === 0 && !this.stop.signal.aborted) return { type: 'none', error: nobody(query) };
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
    if (this.current) this.tell(entry, this.current);
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
      this.failure = isDiscoveryError(error)
        ? error
        : new ServiceDiscoveryError('INTERNAL', `the watch of ${this.parts.query.service} ended: ${String(error)}`, {
            cause: error,
          });
      this.parts.onError(this.failure);
    }
  }

  private take(set: EndpointSet): EndpointSet {
    if (this.stop.signal.aborted) return set;
    this.current = set;
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
    return new ServiceDiscoveryError(
      'NOT_READY',
      `nothing is known of ${this.parts.query.service} yet; await ready() first`,
    );
  }
}

function nobody({ service, onlyPassing, tags, filter, datacenter }: ServiceQuery): ServiceDiscoveryError {
  const which = (tags ?? filter ?? datacenter) ? ' as asked for' : '';
  const healthy = onlyPassing ? ' and healthy' : '';
  return new ServiceDiscoveryError('NO_ENDPOINTS', `no instance of ${service}${which} is registered${healthy}`, {
    details: { service, endpoints: 0, panic: false },
  });
}
