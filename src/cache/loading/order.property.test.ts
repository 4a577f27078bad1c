/**
 * Never back: whatever the order in which loads, watches, invalidations and other processes' writes arrive, who asks sees
 * no index of a space below one that was seen before the question, and nothing as fresh that was out of date already when
 * it was declared so.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Cache, CacheEntry, CacheHit, CacheLookup, Loaded } from '../../model/index.js';
import type { Clock, Random } from '../../runtime/index.js';
import { FakeClock } from '../../testing/fake-clock.js';
import { seededRandom } from '../../testing/seeded-random.js';
import { createMemoryCache } from '../memory/index.js';
import { createTieredCache } from '../tiered/index.js';
import { createLoadingCache } from './index.js';

const SPACES = ['one', 'two'] as const;
const KEY = 'a';

/** A registry of two agents, each with an order of its own; both tell the truth of the moment they are asked. */
class Agents {
  private readonly indexes = new Map<string, number>(SPACES.map((space, n) => [space, 10 + 1_000 * n]));

  change(space: string): void {
    this.indexes.set(space, this.index(space) + 1);
  }

  index(space: string): number {
    return this.indexes.get(space) ?? 0;
  }

  now(space: string): Loaded<string> {
    const index = this.index(space);
    return { value: `${space} ${index}`, index, indexSpace: space };
  }
}

/** Entries of all spaces side by side, with a way there and back that takes its time. */
class SlowShared {
  private readonly entries = new Map<string, CacheEntry<string>>();
  private latest: string | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly random: Random,
  ) {}

  client(): Cache<string> {
    const way = (): Promise<void> => this.clock.sleep(this.random.next() * 30);
    return {
      get: async (_key: string, lookup: CacheLookup = {}) => {
        await way();
        const space = lookup.indexSpace ?? this.latest;
        const entry = space === undefined ? undefined : this.entries.get(space);
        await way();
        return entry;
      },
      set: async (_key, entry) => {
        await way();
        const known = this.entries.get(entry.indexSpace);
        if (known && known.index > entry.index) return false;
        this.entries.set(entry.indexSpace, entry);
        this.latest = entry.indexSpace;
        return true;
      },
      delete: async (_key, space = this.latest) => {
        await way();
        if (space !== undefined) this.entries.delete(space);
      },
      close: async () => {},
    };
  }
}

interface Before {
  readonly seen: ReadonlyMap<string, number>;
  readonly least: ReadonlyMap<string, number>;
}

/** One process: what it asks and sees. */
class Process {
  readonly cache;
  private space: string = SPACES[0];
  private readonly seen = new Map<string, number>();
  /** What there was when the key was last declared out of date; less when a watch brought less after that. */
  private readonly least = new Map<string, number>();
  private readonly calls: Promise<void>[] = [];

  constructor(
    private readonly clock: FakeClock,
    private readonly random: Random,
    private readonly agents: Agents,
    shared: Cache<string>,
  ) {
    this.cache = createLoadingCache<string>({
      name: 'things',
      cache: createTieredCache({ first: createMemoryCache({ clock }), second: shared, clock }),
      clock,
      random,
      ttlMs: 60,
      prefetch: true,
    });
  }

  get(fresh: boolean, timeoutMs: number | undefined): void {
    const before = this.before();
    const call = this.cache.get(KEY, () => this.load(), { fresh, timeoutMs });
    const seen = call.then(
      (hit) => this.see(hit, before),
      () => {},
    );
    // Told of at the end; a schedule that fails earlier does not wait for it.
    seen.catch(() => {});
    this.calls.push(seen);
  }

  peek(): void {
    const hit = this.cache.peek(KEY);
    if (hit) this.see(hit, this.before());
  }

  /** What a watch saw, delivered a while later. */
  put(delayMs: number): void {
    const { space } = this;
    const loaded = this.agents.now(space);
    this.clock.after(delayMs, () => {
      this.least.set(space, Math.min(loaded.index ?? 0, this.least.get(space) ?? 0));
      this.cache.put(KEY, loaded);
    });
  }

  invalidate(): void {
    for (const space of SPACES) this.least.set(space, this.agents.index(space));
    this.cache.invalidate(KEY);
  }

  failOver(): void {
    this.space = SPACES[(SPACES.indexOf(this.space as (typeof SPACES)[number]) + 1) % SPACES.length] as string;
  }

  get current(): string {
    return this.space;
  }

  async settled(): Promise<void> {
    await Promise.all(this.calls);
  }

  private async load(): Promise<Loaded<string>> {
    const space = this.space;
    await this.clock.sleep(this.random.next() * 40);
    if (this.random.next() < 0.1) throw new Error('a load failed');
    const loaded = this.agents.now(space);
    await this.clock.sleep(this.random.next() * 40);
    return loaded;
  }

  private before(): Before {
    return { seen: new Map(this.seen), least: new Map(this.least) };
  }

  private see({ index, indexSpace, value, stale }: CacheHit<string>, before: Before): void {
    expect(value).toBe(`${indexSpace} ${index}`);
    expect(index).toBeGreaterThanOrEqual(before.seen.get(indexSpace) ?? 0);
    const least = Math.min(before.least.get(indexSpace) ?? 0, this.least.get(indexSpace) ?? 0);
    if (!stale) expect(index).toBeGreaterThanOrEqual(least);
    expect(index).toBeLessThanOrEqual(this.agents.index(indexSpace));
    this.seen.set(indexSpace, Math.max(index, this.seen.get(indexSpace) ?? 0));
  }
}

const process = fc.nat({ max: 1 });
const action = fc.oneof(
  fc.record({ type: fc.constant('get' as const), process, fresh: fc.boolean(), timeoutMs: fc.option(fc.nat(60)) }),
  fc.record({ type: fc.constant('peek' as const), process }),
  fc.record({ type: fc.constant('put' as const), process, delayMs: fc.nat(50) }),
  fc.record({ type: fc.constant('invalidate' as const), process }),
  fc.record({ type: fc.constant('change' as const), space: fc.constantFrom(...SPACES) }),
  fc.record({ type: fc.constant('fail-over' as const), process }),
  fc.record({ type: fc.constant('wait' as const), ms: fc.nat(40) }),
);

test('no index of a space is seen below one seen before, in any interleaving', { timeout: 60_000 }, async () => {
  const schedule = fc.tuple(fc.nat(), fc.array(action, { minLength: 10, maxLength: 60 }));
  await fc.assert(
    fc.asyncProperty(schedule, async ([seed, actions]) => {
      const clock = new FakeClock();
      const random = seededRandom(seed);
      const agents = new Agents();
      const shared = new SlowShared(clock, random);
      const processes = [0, 1].map(() => new Process(clock, random, agents, shared.client()));
      const of = (n: number): Process => processes[n] as Process;
      for (const step of actions) {
        if (step.type === 'get') of(step.process).get(step.fresh, step.timeoutMs ?? undefined);
        else if (step.type === 'peek') of(step.process).peek();
        else if (step.type === 'put') of(step.process).put(step.delayMs);
        else if (step.type === 'invalidate') of(step.process).invalidate();
        else if (step.type === 'change') agents.change(step.space);
        else if (step.type === 'fail-over') of(step.process).failOver();
        else await clock.advance(step.ms);
      }
      await clock.advance(1_000);
      for (const one of processes) {
        await one.settled();
        one.cache.invalidate(KEY);
        const end = one.cache.get(KEY, async () => agents.now(one.current), { fresh: true });
        await clock.advance(100);
        expect((await end).index).toBe(agents.index(one.current));
        expect(one.cache.stats().resets).toBe(0);
        await one.cache.close();
      }
    }),
    { numRuns: 1_000 },
  );
});
