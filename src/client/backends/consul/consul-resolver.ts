import { blockingLoop, endpointsOf } from '../../../consul/index.js';
import type { BlockingRead, BlockingTurn, ConsulAnswer } from '../../../consul/index.js';
import { allAbilities, defaults, isDiscoveryError, ServiceDiscoveryError } from '../../../model/index.js';
import type {
  CallOptions,
  EndpointSet,
  Resolver,
  ServiceEndpoint,
  ServiceQuery,
  WatchOptions,
} from '../../../model/index.js';
import { abortable, realClock, realRandom, withinCall } from '../../../runtime/index.js';
import type { Clock, Random } from '../../../runtime/index.js';
import { sameEndpoints } from '../../endpoint-sets.js';
import { checkQuery } from '../check-query.js';

/** What is asked of a client. `ConsulClient` of `./consul` is one. */
export interface HealthClient {
  readonly health: {
    /** health/service: the entries of a service's instances. */
    service(service: string, options: HealthRead): Promise<ConsulAnswer<unknown>>;
  };
}

export interface HealthRead extends BlockingTurn, Omit<ServiceQuery, 'service' | 'onlyPassing'> {
  readonly passing: boolean;
}

export interface ConsulResolverOptions {
  readonly client: HealthClient;
  /** Time and chance, for tests. */
  readonly clock?: Clock;
  readonly random?: Random;
}

/** Endpoints from the health of services in an agent's or a Consul's catalog, over its HTTP API. */
export class ConsulResolver implements Resolver {
  readonly supports = allAbilities;

  private readonly client: HealthClient;
  private readonly clock: Clock;
  private readonly random: Random;

  constructor({ client, clock = realClock, random = realRandom }: ConsulResolverOptions) {
    this.client = client;
    this.clock = clock;
    this.random = random;
  }

  lookup(query: ServiceQuery, options: CallOptions = {}): Promise<EndpointSet> {
    const { timeoutMs = defaults.lookupTimeoutMs, signal } = options;
    const what = `the lookup of ${query.service}`;
    return withinCall(this.clock, what, { signal, timeoutMs }, async (bounds) => {
      const read = this.reader(query);
      return setOf(await read({ index: 0, waitMs: 0, timeoutMs: Math.max(1, bounds.leftMs()), signal: bounds.signal }));
    });
  }

  watch(query: ServiceQuery, signal: AbortSignal, options: WatchOptions = {}): AsyncIterable<EndpointSet> {
    return abortable(signal, (own) => this.sets(query, own, options));
  }

  private async *sets(
    query: ServiceQuery,
    signal: AbortSignal,
    { waitMs, onError, onConfirmed }: WatchOptions,
  ): AsyncGenerator<EndpointSet, void, undefined> {
    const { clock, random } = this;
    let last: EndpointSet | undefined;
    let confirmedAt = 0;
    for await (const update of blockingLoop(this.reader(query), {
      clock,
      random,
      signal,
      waitMs,
      same,
      background: true,
    })) {
      if (update.type === 'failed') {
        onError?.(update.error);
        if (!last || last.stale) continue;
        const ageMs = clock.now() - confirmedAt;
        yield (last = { ...last, ageMs, stale: true, error: update.error });
        continue;
      }
      const set = setOf(update.answer);
      confirmedAt = clock.now() - set.ageMs;
      if (update.type === 'answer') yield (last = set);
      else if (!set.stale) onConfirmed?.(set);
    }
  }

  /** Throws what the query is refused for. */
  private reader(query: ServiceQuery): BlockingRead<Health> {
    checkQuery(query, this.supports, 'an agent');
    const { service, onlyPassing: passing, ...rest } = query;
    return async (turn) => {
      const answer = await this.client.health.service(service, { ...rest, ...turn, passing }).catch(notFoundIsNoAgent);
      const value = { endpoints: endpointsOf(answer.value), hasLeader: answer.knownLeader };
      return { ...answer, value };
    };
  }
}

/** A service that nobody knows is an empty list. 404 is what a proxy says whose agent is gone: known sets stay good. */
function notFoundIsNoAgent(error: unknown): never {
  if (!isDiscoveryError(error, 'NOT_FOUND')) throw error;
  const details = { ...error.details, hint: 'Is that the address of an agent, and is the agent behind it there?' };
  const { address = 'what was asked' } = details as { readonly address?: string };
  throw new ServiceDiscoveryError('INTERNAL', `${address} has no health/service, so it is no agent: ${error.message}`, {
    cause: error,
    details,
  });
}

interface Health {
  readonly endpoints: readonly ServiceEndpoint[];
  readonly hasLeader: boolean;
}

function same(a: Health, b: Health): boolean {
  return a.hasLeader === b.hasLeader && sameEndpoints(a.endpoints, b.endpoints);
}

/** Servers that lost their leader still answer reads that allow it, with what they had: nobody confirms that. */
function setOf({ value, index, indexSpace, lastContactMs, address }: ConsulAnswer<Health>): EndpointSet {
  const set = { endpoints: value.endpoints, index, indexSpace, ageMs: lastContactMs, stale: !value.hasLeader };
  if (value.hasLeader) return set;
  return { ...set, error: new ServiceDiscoveryError('UNAVAILABLE', `the servers behind ${address} have no leader`) };
}
