import type { EndpointExplanation, Outcome, Pick, PickHint } from '../balancer/index.js';
import { endpointKey } from '../balancer/index.js';
import type {
  Discovery,
  PickedEndpoint,
  PickOptions,
  Registration,
  RegistrationRequest,
  ResolutionOptions,
  ServiceResolution,
} from '../client/index.js';
import type { EndpointSet, ServiceEndpoint } from '../model/index.js';
import { ServiceDiscoveryError } from '../model/index.js';

/** How an outcome was reported, by `address:port`. */
export interface ReportedOutcome {
  readonly at: string;
  readonly outcome: Outcome | undefined;
}

interface Named {
  readonly options: ResolutionOptions;
  readonly listeners: Set<(set: EndpointSet) => void>;
}

/**
 * `Discovery` over a map in memory, for tests of what stands on it: endpoints are what the test says, chosen in turn, and
 * what was reported about them is kept. No health, no balancing, no budget but the one it is given.
 */
export class InMemoryDiscovery implements Discovery {
  readonly outcomes: ReportedOutcome[] = [];
  /** Of every resolution that was opened. */
  readonly opened: ResolutionOptions[] = [];
  /** Of every pick. */
  readonly hints: PickHint[] = [];
  readonly events: string[] = [];
  /** How many retries `mayRetry` still grants. */
  retries = Number.POSITIVE_INFINITY;
  hedges = Number.POSITIVE_INFINITY;
  hedgeAfterMs: number | undefined = undefined;
  private readonly sets = new Map<string, EndpointSet>();
  private readonly watching = new Map<string, Set<Named>>();
  private turn = 0;

  /** The endpoints of a service from now on: ports of 127.0.0.1, or whole endpoints. */
  set(service: string, endpoints: readonly (number | ServiceEndpoint)[], error?: ServiceDiscoveryError): void {
    const set: EndpointSet = {
      endpoints: endpoints.map((given) => (typeof given === 'number' ? endpointAt(service, given) : given)),
      index: (this.sets.get(service)?.index ?? 0) + 1,
      indexSpace: 'memory',
      ageMs: 0,
      stale: error !== undefined,
      error,
    };
    this.sets.set(service, set);
    for (const { listeners } of this.watching.get(service) ?? []) for (const listener of listeners) listener(set);
  }

  registerService(name: string, request: RegistrationRequest): Promise<Registration> {
    const id = request.id ?? `${name}-${request.port}`;
    const address = request.address ?? '127.0.0.1';
    const endpoint = { ...endpointAt(name, request.port), id, address, tags: request.tags ?? [] };
    const others = (): ServiceEndpoint[] => (this.sets.get(name)?.endpoints ?? []).filter((other) => other.id !== id);
    this.set(name, [...others(), endpoint]);
    this.events.push(`registered ${id}`);
    const leave = (word: string): Promise<void> => {
      this.set(name, others());
      this.events.push(`${word} ${id}`);
      return Promise.resolve();
    };
    return Promise.resolve({
      id,
      service: name,
      address,
      port: request.port,
      state: 'registered',
      on: () => () => {},
      report: () => Promise.resolve(),
      drain: () => leave('draining'),
      deregister: () => leave('deregistered'),
      [Symbol.asyncDispose]: () => leave('deregistered'),
    });
  }

  discoverService(name: string): Promise<readonly ServiceEndpoint[]> {
    return Promise.resolve(this.sets.get(name)?.endpoints ?? []);
  }

  // oxlint-disable-next-line require-yield -- none of its users follows a watch
  async *watchService(): AsyncGenerator<EndpointSet> {
    throw new ServiceDiscoveryError('UNSUPPORTED', 'InMemoryDiscovery has no watchService; use resolution().onChange');
  }

  async pick(name: string, options: PickOptions = {}): Promise<PickedEndpoint> {
    const pick = this.choose(name, options);
    if (pick.type === 'none') throw pick.error;
    return pick;
  }

  resolution(name: string, options: ResolutionOptions = {}): ServiceResolution {
    const named: Named = { options, listeners: new Set() };
    const all = this.watching.get(name) ?? new Set();
    this.watching.set(name, all.add(named));
    this.opened.push({ ...options });
    const close = (): Promise<void> => {
      all.delete(named);
      return Promise.resolve();
    };
    const current = (): EndpointSet | undefined => this.sets.get(name);
    return {
      service: name,
      get current() {
        return current();
      },
      ready: ({ signal } = {}) => {
        const set = current();
        if (set) return Promise.resolve(set);
        return new Promise((resolve, reject) => {
          const stop = (): void => void named.listeners.delete(listener);
          const listener = (next: EndpointSet): void => {
            stop();
            resolve(next);
          };
          named.listeners.add(listener);
          signal?.addEventListener('abort', () => {
            stop();
            reject(new ServiceDiscoveryError('ABORTED', `waiting for ${name} was aborted`));
          });
        });
      },
      pick: (hint) => this.choose(name, hint),
      explain: (): readonly EndpointExplanation[] => [],
      onChange: (listener) => {
        named.listeners.add(listener);
        const set = current();
        if (set) listener(set);
        return () => void named.listeners.delete(listener);
      },
      mayRetry: () => this.retries-- > 0,
      hedgeAfterMs: () => this.hedgeAfterMs,
      mayHedge: () => this.hedges-- > 0,
      close,
      [Symbol.asyncDispose]: close,
    };
  }

  /** Handles open on a service. */
  handles(name: string): number {
    return this.watching.get(name)?.size ?? 0;
  }

  private choose(name: string, hint: PickHint = {}): Pick {
    this.hints.push(hint);
    const set = this.sets.get(name);
    if (!set) return none('NOT_READY', `${name}: no endpoints are known yet`);
    const untried = set.endpoints.filter((endpoint) => !hint.exclude?.has(endpointKey(endpoint)));
    const candidates = untried.length > 0 ? untried : set.endpoints;
    const endpoint = candidates[this.turn++ % candidates.length];
    if (!endpoint) return none('NO_ENDPOINTS', `${name} has no endpoints`);
    let told = false;
    const done = (outcome?: Outcome): void => {
      if (!told) this.outcomes.push({ at: `${endpoint.address}:${endpoint.port}`, outcome });
      told = true;
    };
    return { type: 'endpoint', endpoint, done };
  }
}

function none(code: 'NOT_READY' | 'NO_ENDPOINTS', message: string): Pick {
  return { type: 'none', error: new ServiceDiscoveryError(code, message) };
}

/** A healthy endpoint of the loopback. */
export function endpointAt(service: string, port: number): ServiceEndpoint {
  return {
    id: `${service}-${port}`,
    service,
    address: '127.0.0.1',
    port,
    healthy: true,
    status: 'passing',
    tags: [],
    metadata: {},
    node: 'n1',
    datacenter: 'dc1',
    locality: { region: '', zone: '' },
    weight: 1,
  };
}
