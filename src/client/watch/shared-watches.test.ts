import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { allAbilities, ServiceDiscoveryError } from '../../model/index.js';
import type { EndpointSet, Resolver, ServiceQuery, WatchOptions } from '../../model/index.js';
import { abortable } from '../../runtime/index.js';
import { FakeClock, settle } from '../../testing/fake-clock.js';
import { staticEndpoint } from '../backends/static/static-endpoint.js';
import type { StaticEndpoint } from '../backends/static/static-endpoint.js';
import { StaticResolver } from '../backends/static/static-resolver.js';
import { SharedWatches } from './shared-watches.js';
import type { SharedWatchesOptions } from './shared-watches.js';

const API: ServiceQuery = { service: 'api', onlyPassing: true };
const A = { address: '10.0.0.1', port: 1 };
const B = { address: '10.0.0.2', port: 2 };

/** A resolver whose watches the test speaks for. */
class ScriptedResolver implements Resolver {
  readonly supports = allAbilities;
  readonly watches: { query: ServiceQuery; options: WatchOptions; signal: AbortSignal }[] = [];
  private queue: (EndpointSet | Error)[] = [];
  private wake = (): void => {};

  lookup(): Promise<EndpointSet> {
    throw new Error('not asked here');
  }

  watch(query: ServiceQuery, outer: AbortSignal, options: WatchOptions = {}): AsyncIterable<EndpointSet> {
    this.watches.push({ query, options, signal: outer });
    return abortable(
      outer,
      async function* (this: ScriptedResolver, signal: AbortSignal) {
        signal.addEventListener('abort', () => this.wake(), { once: true });
        while (!signal.aborted) {
          const next = this.queue.shift();
          if (next instanceof Error) throw next;
          if (next) yield next;
          else await new Promise<void>((resolve) => void (this.wake = resolve));
        }
      }.bind(this),
    );
  }

  async say(...next: (EndpointSet | Error)[]): Promise<void> {
    this.queue.push(...next);
    this.wake();
    await settle();
  }
}

let index = 1;
function set(endpoints: readonly StaticEndpoint[], fields: Partial<EndpointSet> = {}): EndpointSet {
  return {
    endpoints: endpoints.map((endpoint) => staticEndpoint('api', endpoint)),
    index: index++,
    indexSpace: 's',
    ageMs: 0,
    stale: false,
    ...fields,
  };
}

function fail(): never {
  throw new Error('mine');
}

const addresses = (one: EndpointSet | undefined): string[] => (one?.endpoints ?? []).map(({ address }) => address);

describe('shared watches', () => {
  let clock: FakeClock;
  let resolver: ScriptedResolver;
  let watches: SharedWatches;
  let fed: string[];
  let errors: string[];

  const make = (options: Partial<SharedWatchesOptions> = {}): SharedWatches =>
    new SharedWatches({
      resolver,
      clock,
      onSet: (query, one) => void fed.push(`${query.service} ${addresses(one).join()}`),
      onError: (query, error) => void errors.push(`${query.service} ${error.message}`),
      ...options,
    });

  beforeEach(() => {
    clock = new FakeClock();
    resolver = new ScriptedResolver();
    fed = [];
    errors = [];
    watches = make();
  });

  afterEach(async () => {
    await watches.close();
    await settle();
    expect(clock.pending).toBe(0);
    expect(watches.size).toBe(0);
  });

  test('watch once however many watch, and give each the present set first', async () => {
    const first = watches.watch(API);
    const waiting = first.next();
    await resolver.say(set([A]));
    expect(addresses((await waiting).value as EndpointSet)).toEqual(['10.0.0.1']);
    const later = watches.watch({ ...API, service: 'API' });
    expect(addresses((await later.next()).value as EndpointSet)).toEqual(['10.0.0.1']);
    const both = [first.next(), later.next()];
    await resolver.say(set([A, B]));
    for (const { value } of await Promise.all(both)) expect(addresses(value as EndpointSet)).toHaveLength(2);
    expect(resolver.watches).toHaveLength(1);
    expect(watches.size).toBe(1);
  });

  test('differ by query, and by pace', async () => {
    void watches.watch(API).next();
    void watches.watch({ ...API, tags: ['v1'] }).next();
    void watches.watch(API, { waitMs: 300_000 }).next();
    void watches.watch(API, { waitMs: 300_000 }).next();
    await settle();
    expect(resolver.watches.map(({ options }) => options.waitMs)).toEqual([undefined, undefined, 300_000]);
  });

  test('begin with the first next, and not before', async () => {
    const watch = watches.watch(API);
    await settle();
    expect(resolver.watches).toEqual([]);
    expect(await watch.return()).toEqual({ done: true, value: undefined });
    expect(await watch.next()).toEqual({ done: true, value: undefined });
    expect(resolver.watches).toEqual([]);
  });

  test('keep the latest set alone for a slow reader, and skip what it has seen', async () => {
    const watch = watches.watch(API);
    const first = watch.next();
    await resolver.say(set([A]));
    await first;
    await resolver.say(set([]), set([B]), set([A, B]));
    expect(addresses((await watch.next()).value as EndpointSet)).toEqual(['10.0.0.1', '10.0.0.2']);
    await resolver.say(set([A]), set([A, B]));
    const next = watch.next();
    await settle();
    await resolver.say(set([]));
    expect(addresses((await next).value as EndpointSet)).toEqual([]);
  });

  test('go on for a while after the last one left', async () => {
    const watch = watches.watch(API);
    const first = watch.next();
    await resolver.say(set([A]));
    await first;
    await watch.return();
    await clock.advance(29_000);
    expect(addresses(watches.current(API))).toEqual(['10.0.0.1']);
    const again = watches.watch(API);
    expect((await again.next()).value).toMatchObject({ ageMs: 29_000 });
    await again.return();
    await clock.advance(29_999);
    expect(watches.size).toBe(1);
    await clock.advance(1);
    expect(watches.size).toBe(0);
    expect(resolver.watches[0]?.signal.aborted).toBe(true);
    expect(watches.current(API)).toBeUndefined();
    expect(resolver.watches).toHaveLength(1);
  });

  test('tell the age of a set when it is handed out, and count from the last confirmation', async () => {
    const watch = watches.watch(API);
    const first = watch.next();
    await resolver.say(set([A], { ageMs: 40, index: 7 }));
    expect((await first).value).toMatchObject({ ageMs: 40, index: 7 });
    await clock.advance(60_000);
    expect(watches.current(API)?.ageMs).toBe(60_040);
    resolver.watches[0]?.options.onConfirmed?.({ index: 9, indexSpace: 't' });
    await clock.advance(1_000);
    expect(watches.current(API)).toMatchObject({ ageMs: 1_000, index: 9, indexSpace: 't' });
  });

  test('tell that what is in this process has no age', async () => {
    await watches.close();
    watches = make({ resolver: new StaticResolver({ api: [A] }) });
    const watch = watches.watch(API);
    await watch.next();
    await clock.advance(3_600_000);
    expect(watches.current(API)).toMatchObject({ ageMs: 0, stale: false });
  });

  test('hand on that a set became stale, and fresh again', async () => {
    const watch = watches.watch(API);
    const seen: string[] = [];
    void (async () => {
      for await (const { stale, error } of watch) seen.push(`${stale} ${error?.message ?? ''}`);
    })();
    const down = new ServiceDiscoveryError('UNAVAILABLE', 'nobody there');
    await resolver.say(set([A]));
    await resolver.say(set([A], { stale: true, error: down }));
    await resolver.say(set([A]));
    expect(seen).toEqual(['false ', 'true nobody there', 'false ']);
  });

  test('feed the hook before the watchers', async () => {
    const watch = watches.watch(API);
    const first = watch.next();
    await resolver.say(set([A]), set([A, B]));
    await first;
    expect(fed).toEqual(['api 10.0.0.1', 'api 10.0.0.1,10.0.0.2']);
  });

  test('end all watchers with what trying again cannot mend, after what they had not seen', async () => {
    const [quick, slow] = [watches.watch(API), watches.watch(API)];
    const pending = quick.next();
    const first = slow.next();
    await resolver.say(set([A]));
    await Promise.all([pending, first]);
    const failing = quick.next();
    failing.catch(() => {});
    await resolver.say(set([B]), new ServiceDiscoveryError('INVALID_ARGUMENT', 'bad filter'));
    expect(addresses((await failing).value as EndpointSet)).toEqual(['10.0.0.2']);
    await expect(quick.next()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await quick.next()).toEqual({ done: true, value: undefined });
    expect(addresses((await slow.next()).value as EndpointSet)).toEqual(['10.0.0.2']);
    await expect(slow.next()).rejects.toMatchObject({ message: 'bad filter' });
    expect(watches.size).toBe(0);
    void watches.watch(API).next();
    expect(resolver.watches).toHaveLength(2);
  });

  test.each(['before', 'during'] as const)(
    'are left by a signal aborted %s, quietly, and let go of it',
    async (when) => {
      const abort = new AbortController();
      if (when === 'before') abort.abort();
      const watch = watches.watch(API, { signal: abort.signal });
      const pending = watch.next();
      await settle();
      abort.abort();
      expect(await pending).toEqual({ done: true, value: undefined });
      expect(getEventListeners(abort.signal, 'abort')).toEqual([]);
      expect(watches.size).toBe(when === 'before' ? 0 : 1);
    },
  );

  test('tell watchers of failed attempts', async () => {
    const told: string[] = [];
    void watches.watch(API, { onError: (error) => void told.push(error.message) }).next();
    await settle();
    resolver.watches[0]?.options.onError?.(new Error('nobody there'));
    expect(told).toEqual(['nobody there']);
    expect(errors).toEqual(['api nobody there']);
  });

  test('are not ended by hooks that throw', async () => {
    await watches.close();
    watches = make({ onSet: fail, onError: fail });
    const watch = watches.watch(API, { onError: fail });
    const first = watch.next();
    await settle();
    resolver.watches[0]?.options.onError?.(new Error('nobody there'));
    await resolver.say(set([A]));
    expect(addresses((await first).value as EndpointSet)).toEqual(['10.0.0.1']);
  });

  test('closed, are done without an error, and refuse others', async () => {
    const pending = watches.watch(API).next();
    await settle();
    await watches.close();
    await watches.close();
    expect(await pending).toEqual({ done: true, value: undefined });
    await expect(watches.watch(API).next()).rejects.toMatchObject({ code: 'CLOSED' });
  });

  describe('that call back', () => {
    test('wait for the promise, and call with the latest set then', async () => {
      const calls: string[] = [];
      const gates: (() => void)[] = [];
      await using subscription = watches.subscribe(API, (one) => {
        calls.push(addresses(one).join());
        return new Promise<void>((resolve) => void gates.push(resolve));
      });
      await settle();
      await resolver.say(set([A]), set([B]), set([]), set([A, B]));
      expect(calls).toEqual(['10.0.0.1']);
      gates[0]?.();
      await settle();
      expect(calls).toEqual(['10.0.0.1', '10.0.0.1,10.0.0.2']);
      await subscription.close();
    });

    test.each([
      [
        'throws',
        () => {
          throw new Error('mine');
        },
      ],
      ['rejects', () => Promise.reject(new Error('mine'))],
    ])('report a callback that %s, and go on', async (_, callback) => {
      const told: string[] = [];
      const spy = vi.fn(callback);
      await using subscription = watches.subscribe(API, spy, { onError: (error) => void told.push(error.message) });
      await resolver.say(set([A]));
      await resolver.say(set([B]));
      expect(spy).toHaveBeenCalledTimes(2);
      expect(told).toEqual(['mine', 'mine']);
      expect(errors).toEqual(['api mine', 'api mine']);
      await subscription.close();
    });

    test('report what ended them', async () => {
      const told: string[] = [];
      watches.subscribe(API, () => {}, { onError: (error) => void told.push(error.message) });
      await resolver.say(new ServiceDiscoveryError('UNSUPPORTED', 'no filters here'));
      expect(told).toEqual(['no filters here']);
    });

    test('may be closed from inside the callback', async () => {
      const calls = vi.fn();
      const subscription = watches.subscribe(API, async (one) => {
        calls(one);
        await subscription.close();
      });
      await resolver.say(set([A]));
      await resolver.say(set([B]));
      expect(calls).toHaveBeenCalledOnce();
    });
  });

  describe('as events', () => {
    test('say what came, went and changed', async () => {
      const told: string[] = [];
      await using events = watches.events(API);
      events.on('added', ({ endpoint }) => void told.push(`+${endpoint.address}`));
      events.on('removed', ({ endpoint }) => void told.push(`-${endpoint.address}`));
      events.on(
        'changed',
        ({ before, endpoint }) => void told.push(`${endpoint.address} ${before.weight}>${endpoint.weight}`),
      );
      const off = events.on('set', (one) => void told.push(`set ${one.endpoints.length}${one.stale ? ' stale' : ''}`));
      await settle();
      await resolver.say(set([A]));
      await resolver.say(set([A], { stale: true }));
      await resolver.say(set([{ ...A, weight: 3 }, B]));
      off();
      off();
      await resolver.say(set([B]));
      expect(told).toEqual(['+10.0.0.1', 'set 1', 'set 1 stale', '10.0.0.1 1>3', '+10.0.0.2', 'set 2', '-10.0.0.1']);
      await events.close();
    });

    test('a listener that throws is an error event, and harms nobody', async () => {
      const told: string[] = [];
      await using events = watches.events(API);
      events.on('added', () => {
        throw new Error('mine');
      });
      events.on('added', () => void told.push('other'));
      events.on('error', (error) => {
        told.push(error.message);
        throw new Error('and mine');
      });
      await settle();
      await resolver.say(set([A]));
      resolver.watches[0]?.options.onError?.(new Error('nobody there'));
      await settle();
      expect(told.toSorted()).toEqual(['mine', 'nobody there', 'other']);
      await events.close();
    });
  });
});
