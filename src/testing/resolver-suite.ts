import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { isDiscoveryError } from '../model/index.js';
import type { EndpointSet, EndpointStatus, Resolver, ResolverAbilities, ServiceQuery } from '../model/index.js';

/** One instance that the backend is to have. */
export interface SuiteInstance {
  readonly id: string;
  /** An IPv4 address of 127.0.0.0/8. */
  readonly address: string;
  readonly port: number;
  readonly tags?: readonly string[];
  readonly metadata?: Readonly<Record<string, string>>;
  readonly weight?: number;
  /** Default passing. */
  readonly status?: Exclude<EndpointStatus, 'maintenance'>;
}

/** A resolver over a backend with nothing in it, made anew for every case. */
export interface ResolverSubject {
  readonly resolver: Resolver;
  /** Makes these, and no others, the instances of the service, whether or not anything changes. */
  put(service: string, instances: readonly SuiteInstance[]): Promise<void>;
  /** What of an instance comes back; default all of it. */
  readonly carries?: Partial<Record<'id' | 'tags' | 'metadata' | 'weight', boolean>>;
  /** Whether instances that do not pass can be had at all. Default true. */
  readonly showsFailing?: boolean;
  /** The backend's datacenter, where `supports.datacenter`. */
  readonly datacenter?: string;
  /** Makes the backend unreachable, and reachable again with what it had. Absent where that cannot be. */
  readonly outage?: { begin(): Promise<void>; end(): Promise<void> };
  /** For watches of poll resolvers, ms. Default 50. */
  readonly intervalMs?: number;
  close(): Promise<void>;
}

export interface ResolverCase {
  readonly name: string;
  run(): Promise<void>;
}

/**
 * The exam of every Resolver, ours and a user's own, for any test framework:
 *
 *   for (const { name, run } of resolverSuite(openSubject)) test(name, run);
 *
 * What the subject's `supports` does not promise is examined for being refused. Takes real time: at most 15 s for a case.
 */
export function resolverSuite(open: () => Promise<ResolverSubject>): readonly ResolverCase[] {
  return Object.entries(CASES).map(([name, examine]) => ({
    name,
    run: async () => {
      const exam = new Exam(await open());
      try {
        await examine(exam);
      } finally {
        await exam.end();
      }
    },
  }));
}

const A: SuiteInstance = {
  id: 'api-1',
  address: '127.0.0.11',
  port: 8001,
  tags: ['v1', 'Blue'],
  metadata: { version: '1.0.0' },
  weight: 3,
};
const B: SuiteInstance = {
  id: 'api-2',
  address: '127.0.0.12',
  port: 8002,
  tags: ['v2'],
  metadata: { version: '2.0.0' },
};
const SICK: SuiteInstance = { id: 'api-3', address: '127.0.0.13', port: 8003, status: 'critical' };
const api: ServiceQuery = { service: 'api', onlyPassing: true };
const SOON_MS = 15_000;

const CASES: Readonly<Record<string, (exam: Exam) => Promise<void>>> = {
  'a service nobody registered is an empty set, not an error': async ({ resolver }) => {
    const set = await resolver.lookup({ service: 'nobody', onlyPassing: true });
    assert.deepEqual(set.endpoints, []);
    assert.equal(set.stale, false);
  },

  'a lookup finds what is there': async (exam) => {
    await exam.subject.put('api', [A, B]);
    const set = await exam.resolver.lookup(api);
    assert.deepEqual(ports(set), [8001, 8002]);
    assert.equal(set.stale, false);
    assert.equal(set.error, undefined);
    assert.ok(set.ageMs >= 0 && set.ageMs < 60_000, `an age of ${set.ageMs} ms`);
    const found = set.endpoints.find(({ port }) => port === A.port);
    assert.ok(found);
    assert.equal(found.address, A.address);
    assert.equal(found.service, 'api');
    assert.equal(found.healthy, true);
    assert.equal(found.status, 'passing');
    const { id = true, tags = true, metadata = true, weight = true } = exam.subject.carries ?? {};
    if (id) assert.equal(found.id, A.id);
    if (tags) assert.deepEqual(found.tags, A.tags);
    if (metadata) assert.deepEqual({ ...found.metadata }, A.metadata);
    if (weight) assert.equal(found.weight, A.weight);
  },

  'names compare without regard to case': async (exam) => {
    await exam.subject.put('api', [A]);
    assert.deepEqual(ports(await exam.resolver.lookup({ ...api, service: 'API' })), [8001]);
  },

  'only passing ones are given when only those are wanted': async (exam) => {
    await exam.subject.put('api', [A, SICK, { ...B, status: 'warning' }]);
    assert.deepEqual(ports(await exam.resolver.lookup(api)), [8001]);
    if (exam.subject.showsFailing === false) return;
    const all = await exam.resolver.lookup({ ...api, onlyPassing: false });
    const told = all.endpoints.map(({ port, status, healthy }) => [port, status, healthy]);
    assert.deepEqual(
      told.toSorted((a, b) => Number(a[0]) - Number(b[0])),
      [
        [8001, 'passing', true],
        [8002, 'warning', false],
        [8003, 'critical', false],
      ],
    );
  },

  'all tags must be there, in any case': async (exam) => {
    await exam.subject.put('api', [A, B]);
    const query = { ...api, tags: ['V1', 'blue'] };
    if (!exam.resolver.supports.tags) return exam.refuses(query);
    assert.deepEqual(ports(await exam.resolver.lookup(query)), [8001]);
    assert.deepEqual(ports(await exam.resolver.lookup({ ...api, tags: ['v1', 'v2'] })), []);
  },

  'filters choose, and a bad one is the caller’s mistake': async (exam) => {
    await exam.subject.put('api', [A, B]);
    const query = { ...api, filter: 'Service.Meta.version == "2.0.0"' };
    if (!exam.resolver.supports.filter) return exam.refuses(query);
    assert.deepEqual(ports(await exam.resolver.lookup(query)), [8002]);
    await exam.refuses({ ...api, filter: 'Service.Meta.version ==' }, 'INVALID_ARGUMENT');
  },

  'its own datacenter is the one that is asked': async (exam) => {
    await exam.subject.put('api', [A]);
    const query = { ...api, datacenter: exam.subject.datacenter ?? 'dc1' };
    if (!exam.resolver.supports.datacenter) return exam.refuses(query);
    assert.deepEqual(ports(await exam.resolver.lookup(query)), [8001]);
  },

  'distance and consistency are understood or refused': async (exam) => {
    await exam.subject.put('api', [A]);
    for (const [ability, query] of [
      ['near', { ...api, near: '_agent' }],
      ['consistency', { ...api, consistency: 'stale' }],
    ] satisfies [keyof ResolverAbilities, ServiceQuery][]) {
      if (!exam.resolver.supports[ability]) await exam.refuses(query);
      else assert.deepEqual(ports(await exam.resolver.lookup(query)), [8001]);
    }
  },

  'indexes do not go back while nothing began anew': async (exam) => {
    let last: EndpointSet | undefined;
    for (const instances of [[A], [A, B], [B]]) {
      await exam.subject.put('api', instances);
      const set = await exam.resolver.lookup(api);
      if (last && set.indexSpace === last.indexSpace) assert.ok(set.index >= last.index);
      last = set;
    }
  },

  'a lookup ends with ABORTED when its caller gives up': async ({ resolver }) => {
    const lookup = resolver.lookup(api, { signal: AbortSignal.abort() });
    await assert.rejects(lookup, (error) => isDiscoveryError(error, 'ABORTED'));
  },

  'a watch gives the present set, then every change': async (exam) => {
    await exam.subject.put('api', [A]);
    const watch = exam.watch(api);
    assert.deepEqual(ports(await watch.next()), [8001]);
    await exam.subject.put('api', [A, B]);
    assert.deepEqual(ports(await watch.next()), [8001, 8002]);
    await exam.subject.put('api', [B]);
    assert.deepEqual(ports(await watch.next()), [8002]);
    await exam.subject.put('api', []);
    assert.deepEqual(ports(await watch.next()), []);
  },

  'a watch of a service nobody registered gives the empty set, and sees it come': async (exam) => {
    const watch = exam.watch(api);
    assert.deepEqual(ports(await watch.next()), []);
    await exam.subject.put('api', [A]);
    assert.deepEqual(ports(await watch.next()), [8001]);
  },

  'a watch sees health come and go': async (exam) => {
    await exam.subject.put('api', [A]);
    const watch = exam.watch(api);
    await watch.next();
    await exam.subject.put('api', [{ ...A, status: 'critical' }]);
    assert.deepEqual(ports(await watch.next()), []);
    await exam.subject.put('api', [A]);
    assert.deepEqual(ports(await watch.next()), [8001]);
  },

  'a watch gives no set twice in a row': async (exam) => {
    await exam.subject.put('api', [A]);
    const watch = exam.watch(api);
    await watch.next();
    // The second instance is not among the wanted, and comes and goes; writing the same again is no change either.
    for (const instances of [[A, SICK], [A], [A]]) await exam.subject.put('api', instances);
    await exam.subject.put('api', [A, B]);
    assert.deepEqual(ports(await watch.next()), [8001, 8002]);
  },

  'watches of one service at the same time do not touch each other': async (exam) => {
    await exam.subject.put('api', [A]);
    const [one, other] = [exam.watch(api), exam.watch(api)];
    await Promise.all([one.next(), other.next()]);
    await one.leave();
    await exam.subject.put('api', [A, B]);
    assert.deepEqual(ports(await other.next()), [8001, 8002]);
  },

  'an abort ends a watch soon, and without an error': async (exam) => {
    const watch = exam.watch(api);
    await watch.next();
    const pending = watch.result();
    watch.abort();
    assert.equal((await pending).done, true);
  },

  'a signal that is aborted already lets nothing begin': async (exam) => {
    const watch = exam.watch(api, AbortSignal.abort());
    assert.equal((await watch.result()).done, true);
  },

  'an outage marks the last set stale, once, and its end makes it fresh': async (exam) => {
    const { outage, put } = exam.subject;
    if (!outage) return;
    await put('api', [A]);
    const watch = exam.watch(api);
    assert.equal((await watch.next()).stale, false);
    await outage.begin();
    const stale = await watch.next();
    assert.equal(stale.stale, true);
    assert.deepEqual(ports(stale), [8001]);
    assert.ok(isDiscoveryError(stale.error), 'a stale set says why');
    const next = watch.next();
    await outage.end();
    const fresh = await next;
    assert.equal(fresh.stale, false);
    assert.equal(fresh.error, undefined);
    assert.deepEqual(ports(fresh), [8001]);
  },

  'nobody to ask is an error, and never an empty set': async (exam) => {
    const { outage, put } = exam.subject;
    if (!outage) return;
    await put('api', [A]);
    await outage.begin();
    await assert.rejects(exam.resolver.lookup(api, { timeoutMs: 2_000 }), (error) => isDiscoveryError(error));
    const watch = exam.watch(api);
    const first = watch.next();
    await exam.until(() => watch.errors.length > 0, 'onError was not told');
    await outage.end();
    assert.deepEqual(ports(await first), [8001]);
  },
};

class Exam {
  private readonly watches: WatchedSets[] = [];

  constructor(readonly subject: ResolverSubject) {}

  get resolver(): Resolver {
    return this.subject.resolver;
  }

  watch(query: ServiceQuery, signal?: AbortSignal): WatchedSets {
    const watch = new WatchedSets(this.subject, query, signal);
    this.watches.push(watch);
    return watch;
  }

  /** Lookups and watches of the query are refused alike. */
  async refuses(query: ServiceQuery, code: 'UNSUPPORTED' | 'INVALID_ARGUMENT' = 'UNSUPPORTED'): Promise<void> {
    const isRefusal = (error: unknown): boolean => isDiscoveryError(error, code);
    await assert.rejects(async () => this.resolver.lookup(query), isRefusal);
    await assert.rejects(async () => this.watch(query).next(), isRefusal);
  }

  async until(holds: () => boolean, otherwise: string): Promise<void> {
    for (const end = performance.now() + SOON_MS; !holds(); await delay(10))
      assert.ok(performance.now() < end, otherwise);
  }

  async end(): Promise<void> {
    for (const watch of this.watches) watch.abort();
    for (const watch of this.watches) await watch.leave();
    await this.subject.close();
  }
}

class WatchedSets {
  readonly errors: Error[] = [];
  private readonly controller = new AbortController();
  private readonly sets: AsyncIterator<EndpointSet>;

  constructor({ resolver, intervalMs = 50 }: ResolverSubject, query: ServiceQuery, signal = this.controller.signal) {
    const watch = resolver.watch(query, signal, { intervalMs, onError: (error) => void this.errors.push(error) });
    this.sets = watch[Symbol.asyncIterator]();
  }

  result(): Promise<IteratorResult<EndpointSet>> {
    return soon(this.sets.next());
  }

  async next(): Promise<EndpointSet> {
    const { done, value } = await this.result();
    assert.ok(done !== true, 'the watch ended');
    return value;
  }

  abort(): void {
    this.controller.abort();
  }

  async leave(): Promise<void> {
    this.abort();
    await soon(Promise.resolve(this.sets.return?.()));
  }
}

function ports(set: EndpointSet): number[] {
  return set.endpoints.map(({ port }) => port).toSorted((a, b) => a - b);
}

async function soon<T>(promise: Promise<T>): Promise<T> {
  const enough = new AbortController();
  const late = delay(SOON_MS, undefined, { signal: enough.signal }).then(() => {
    throw new Error(`nothing came within ${SOON_MS} ms`);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    enough.abort();
    late.catch(() => {});
  }
}
