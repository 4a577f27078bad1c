import { defaults, isDiscoveryError, ServiceDiscoveryError } from '../../model/index.js';
import type {
  Cache,
  CacheEntry,
  CacheHit,
  CallOptions,
  Loaded,
  LoadingCache,
  LoadingCacheStats,
} from '../../model/index.js';
import { withinCall } from '../../runtime/index.js';
import { isNewer } from '../order.js';
import { firstRate, nextRate } from './adaptive-ttl.js';
import { Cells } from './cell.js';
import type { Cell } from './cell.js';
import { Flight, Waiter } from './flight.js';
import { ageOf, isDueEarly, isFresh, jittered, lifeOf } from '../freshness.js';
import { settingsOf } from './options.js';
import type { LoadingCacheEvent, LoadingCacheOptions, LoadingCacheSettings } from './options.js';

type Load<V> = (signal: AbortSignal) => Promise<Loaded<V>>;
type GetOptions = CallOptions & { readonly fresh?: boolean };

/**
 * A loading cache over any cache. `get` waits as long as its `timeoutMs` says, by default as long as the load takes.
 *
 * Loads, puts and invalidations of a key have one order, that of their beginning. A load may store its value only while
 * nothing that began later has settled the key (the fill tokens of "Scaling Memcache at Facebook", NSDI 2013), and only
 * at or above the index known in its space. So a value, once replaced or declared out of date, does not come back.
 *
 * @throws ServiceDiscoveryError INVALID_ARGUMENT for numbers outside their bounds.
 */
export function createLoadingCache<V>(options: LoadingCacheOptions<V>): LoadingCache<V> {
  return new CacheOfLoads(settingsOf(options));
}

class CacheOfLoads<V> implements LoadingCache<V> {
  private readonly cache: Cache<V>;
  private readonly cells = new Cells<V>();
  private readonly flights = new Set<Flight<V>>();
  private readonly counts = {
    memoryHits: 0,
    sharedHits: 0,
    misses: 0,
    staleServed: 0,
    loads: 0,
    loadFailures: 0,
    coalesced: 0,
    earlyRefreshes: 0,
    overtaken: 0,
    belowFloor: 0,
    resets: 0,
  };
  /** Numbers loads, puts and invalidations in order. */
  private events = 0;
  /** The space values come from at present. */
  private space: string | undefined;
  private closed = false;

  constructor(private readonly settings: LoadingCacheSettings<V>) {
    this.cache = settings.cache;
    this.space = settings.indexSpace;
  }

  peek(key: string): CacheHit<V> | undefined {
    // Looking at the clock is the dearest part of this: once.
    const now = this.settings.clock.wall();
    const entry = this.cache.peek?.(key, now);
    if (entry === undefined) return undefined;
    if (!isFresh(entry, now)) return undefined;
    const cell = this.cells.get(key);
    if (cell !== undefined) {
      if (cell.invalid || entry.index < cell.floor(entry.indexSpace)) return undefined;
      // Who peeks cannot load: `get` is left to do it.
      if (this.isDueEarly(cell, entry, now)) return undefined;
      cell.hits += 1;
    }
    this.counts.memoryHits += 1;
    return hitOf(entry, now, 'memory');
  }

  get(key: string, load: Load<V>, options: GetOptions = {}): Promise<CacheHit<V>> {
    if (this.closed) return Promise.reject(this.closedError());
    if (options.signal?.aborted) return Promise.reject(this.abortedError(key, options.signal));
    const cell = this.cells.get(key) ?? this.cells.touch(key);
    if (options.fresh) {
      this.counts.misses += 1;
      return this.wait(cell, this.launch(cell, load, 'fresh'), options);
    }
    const now = this.settings.clock.wall();
    const known = this.known(cell);
    if (known && !cell.invalid && isFresh(known, now)) {
      if (this.isDueEarly(cell, known, now)) this.refreshEarly(cell, load);
      cell.hits += 1;
      this.counts.memoryHits += 1;
      return Promise.resolve(hitOf(known, now, 'memory'));
    }
    this.counts.misses += 1;
    const stale = this.servedAtOnce(cell, known, now);
    if (stale) {
      if (!cell.flight && !this.isHeldBack(cell)) this.launch(cell, load, 'background');
      return Promise.resolve(this.staleHit(cell, stale));
    }
    if (cell.flight) {
      this.counts.coalesced += 1;
      return this.wait(cell, cell.flight, options);
    }
    if (cell.failure && this.isHeldBack(cell)) return Promise.reject(cell.failure.thrown);
    return this.wait(cell, this.launch(cell, load, 'needed'), options);
  }

  put(key: string, loaded: Loaded<V>): void {
    if (this.closed) return;
    const cell = this.cells.touch(key);
    if (!this.admits(cell, loaded)) {
      // Out of order, or of a space that begins anew: who is asked next will tell.
      cell.invalid = true;
      return;
    }
    const entry = this.store(cell, loaded, undefined, ++this.events);
    const flight = this.detach(cell);
    const hit = hitOf(entry, this.settings.clock.wall(), 'memory');
    for (const waiter of flight?.waiters ?? []) if (!waiter.fresh) this.settle(flight as Flight<V>, waiter, hit);
    flight?.abandon();
  }

  invalidate(key: string): void {
    if (this.closed) return;
    const cell = this.cells.touch(key);
    cell.invalid = true;
    cell.failure = undefined;
    cell.settledAt = ++this.events;
    this.detach(cell)?.abandon();
  }

  async evict(key: string): Promise<void> {
    if (this.closed) return;
    const cell = this.cells.touch(key);
    const known = this.cache.peek?.(key);
    cell.invalid = true;
    cell.settledAt = ++this.events;
    cell.forget();
    this.detach(cell)?.abandon();
    this.settings.lastKnownGood?.delete(key);
    const spaces = new Set([known?.indexSpace ?? this.space, this.space]);
    await Promise.all([...spaces].map((space) => this.cache.delete(key, space)));
  }

  stats(): LoadingCacheStats {
    return { ...this.counts, rejected: this.cache.stats?.().rejected ?? 0 };
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const flight of this.flights) {
      const error = this.closedError();
      const waiters = [...flight.waiters];
      flight.waiters.clear();
      flight.abort.abort(error);
      for (const waiter of waiters) waiter.fail(error);
    }
    this.cells.clear();
    await this.cache.close();
  }

  // ---- what there is to serve

  /** The value in reach, unless something newer has been seen of its space. */
  private known(cell: Cell<V>): CacheEntry<V> | undefined {
    const entry = this.cache.peek?.(cell.key);
    return entry && entry.index >= cell.floor(entry.indexSpace) ? entry : undefined;
  }

  /** What to fall back to when a load failed or takes long: the value in reach, or what is left of earlier days. */
  private fallback(cell: Cell<V>): CacheEntry<V> | undefined {
    const known = this.known(cell);
    if (known) return this.mayBeStale(known) ? known : undefined;
    const older = cell.fallback ?? (cell.evicted ? undefined : this.settings.lastKnownGood?.get(cell.key));
    return older && this.settings.clock.wall() < older.staleUntil && this.mayBeStale(older) ? older : undefined;
  }

  private mayBeStale({ negative }: CacheEntry<V>): boolean {
    return !negative || this.settings.staleNegatives;
  }

  /** The stale value that a call is given without waiting for a load. */
  private servedAtOnce(cell: Cell<V>, known: CacheEntry<V> | undefined, now: number): CacheEntry<V> | undefined {
    if (cell.failure) return this.settings.staleOn(cell.failure.thrown) ? this.fallback(cell) : undefined;
    if (cell.flight?.overdue) return this.fallback(cell);
    return known && !cell.invalid && this.isRevalidated(known, now) ? known : undefined;
  }

  /** Whether it went out of date so recently that it is served while a new one is fetched. */
  private isRevalidated(entry: CacheEntry<V>, now: number): boolean {
    if (entry.negative) return false;
    const windowMs = this.settings.revalidateMs ?? lifeOf(entry);
    return isFresh({ ...entry, freshUntil: entry.freshUntil + windowMs }, now);
  }

  private isDueEarly(cell: Cell<V>, entry: CacheEntry<V>, now: number): boolean {
    if (cell.flight || cell.failure) return false;
    cell.due ||= isDueEarly(entry, now, this.settings, cell.hits, this.settings.random);
    return cell.due;
  }

  private isHeldBack(cell: Cell<V>): boolean {
    return cell.failure !== undefined && this.settings.clock.now() < cell.failure.untilMs;
  }

  private staleHit(cell: Cell<V>, entry: CacheEntry<V>): CacheHit<V> {
    this.counts.staleServed += 1;
    return { ...hitOf(entry, this.settings.clock.wall(), 'memory'), stale: true, error: cell.failure?.error };
  }

  // ---- waiting

  private wait(cell: Cell<V>, flight: Flight<V>, options: GetOptions): Promise<CacheHit<V>> {
    return new Promise((resolve, reject) => {
      const waiter = new Waiter<V>(options.fresh === true, resolve, reject);
      flight.waiters.add(waiter);
      waiter.bound(this.settings.clock, options, (why, signal) => {
        const stale = why === 'timeout' ? this.fallback(cell) : undefined;
        if (stale) flight.background = true;
        flight.leave(waiter);
        if (flight.isAborted() && cell.flight === flight) cell.flight = undefined;
        if (stale) waiter.succeed(this.staleHit(cell, stale));
        else if (why === 'aborted') waiter.fail(this.abortedError(cell.key, signal));
        else waiter.fail(this.timeoutError(cell.key, options.timeoutMs));
      });
    });
  }

  private settle(flight: Flight<V>, waiter: Waiter<V>, hit: CacheHit<V>): void {
    flight.waiters.delete(waiter);
    waiter.succeed(hit);
  }

  /** Gives those who take one a stale value; the load goes on. */
  private serveStale(cell: Cell<V>, flight: Flight<V>, entry: CacheEntry<V>): void {
    flight.background = true;
    for (const waiter of flight.waiters) if (!waiter.fresh) this.settle(flight, waiter, this.staleHit(cell, entry));
  }

  // ---- loading

  private refreshEarly(cell: Cell<V>, load: Load<V>): void {
    cell.due = false;
    this.counts.earlyRefreshes += 1;
    this.launch(cell, load, 'background');
  }

  private launch(cell: Cell<V>, load: Load<V>, why: 'fresh' | 'needed' | 'background'): Flight<V> {
    const flight = new Flight<V>(++this.events);
    flight.background = why === 'background';
    flight.overdue = this.settings.staleAfterMs === 0;
    this.cells.touch(cell.key);
    cell.flight = flight;
    cell.flights += 1;
    this.flights.add(flight);
    void this.fly(cell, flight, load, why !== 'fresh');
    return flight;
  }

  private async fly(cell: Cell<V>, flight: Flight<V>, load: Load<V>, mayBeShared: boolean): Promise<void> {
    const { clock, staleAfterMs } = this.settings;
    const cancel = clock.after(staleAfterMs, () => {
      flight.overdue = true;
      const stale = this.fallback(cell);
      if (stale) this.serveStale(cell, flight, stale);
    });
    try {
      if (mayBeShared && (await this.takeShared(cell, flight))) return;
      const startedMs = clock.now();
      const loaded = await this.load(cell, flight, load);
      this.onLoaded(cell, flight, loaded, clock.now() - startedMs);
    } catch (thrown) {
      await this.onFailed(cell, flight, thrown);
    } finally {
      cancel();
      this.land(cell, flight);
    }
  }

  private load(cell: Cell<V>, flight: Flight<V>, load: Load<V>): Promise<Loaded<V>> {
    this.counts.loads += 1;
    const bounds = { signal: flight.abort.signal, timeoutMs: this.settings.loadTimeoutMs };
    return withinCall(this.settings.clock, this.what(cell.key), bounds, ({ signal }) => load(signal));
  }

  private land(cell: Cell<V>, flight: Flight<V>): void {
    flight.ended = true;
    cell.flights -= 1;
    this.flights.delete(flight);
    if (cell.flight === flight) cell.flight = undefined;
  }

  /** Nobody joins the key's load any more; who waits for it goes on waiting. */
  private detach(cell: Cell<V>): Flight<V> | undefined {
    const { flight } = cell;
    cell.flight = undefined;
    return flight;
  }

  /** Whether a cache below had a fresher value, so that no load is needed. */
  private async takeShared(cell: Cell<V>, flight: Flight<V>): Promise<boolean> {
    if (this.space === undefined || cell.invalid) return false;
    const freshBeyond = Math.max(this.settings.clock.wall(), this.known(cell)?.freshUntil ?? 0);
    const entry = await this.lookUp(cell.key, { indexSpace: this.space, freshBeyond });
    if (!entry || this.isOvertaken(cell, flight) || this.closed) return false;
    if (entry.index < cell.floor(entry.indexSpace)) {
      this.refuse(cell, entry.index, cell.floor(entry.indexSpace));
      return false;
    }
    if (!this.cache.peek) cell.fallback = entry;
    const now = this.settings.clock.wall();
    if (!isFresh(entry, now) || entry.freshUntil <= freshBeyond) {
      if (this.isRevalidated(entry, now)) this.serveStale(cell, flight, entry);
      return false;
    }
    this.counts.sharedHits += 1;
    cell.settle(flight.startedAt);
    cell.learn(entry, ++this.events);
    if (cell.flight === flight) cell.flight = undefined;
    for (const waiter of flight.waiters) this.settle(flight, waiter, hitOf(entry, now, 'shared'));
    return true;
  }

  private onLoaded(cell: Cell<V>, flight: Flight<V>, loaded: Loaded<V>, loadMs: number): void {
    if (this.closed) return;
    if (this.isTooLate(cell, flight, loaded)) {
      this.counts.overtaken += 1;
      this.emit({ type: 'overtaken', key: cell.key });
      this.answerOvertaken(cell, flight, this.entryOf(cell, loaded, undefined));
      return;
    }
    if (!this.admits(cell, loaded)) throw this.belowFloorError(cell, loaded);
    const entry = this.store(cell, loaded, loadMs, Math.max(cell.settledAt, flight.startedAt));
    this.emit({ type: 'loaded', key: cell.key, loadMs });
    if (cell.flight === flight) cell.flight = undefined;
    this.answer(flight, entry);
  }

  /** Whether something else was learnt while it was on its way that is to stay in its place. */
  private isTooLate(cell: Cell<V>, flight: Flight<V>, { index = 0, indexSpace = '' }: Loaded<V>): boolean {
    const known = this.known(cell);
    const place = { index, indexSpace };
    // One learnt by what began earlier and looked later: two answers of one order that crossed.
    if (known && isNewer(known, place)) return cell.learntAt > flight.startedAt;
    if (!this.isOvertaken(cell, flight)) return false;
    return cell.invalid || known === undefined || !isNewer(place, known);
  }

  private answer(flight: Flight<V>, entry: CacheEntry<V>): void {
    const hit = hitOf(entry, this.settings.clock.wall(), 'load');
    for (const waiter of flight.waiters) this.settle(flight, waiter, hit);
  }

  /**
   * Who asked before the value was overtaken may have it, unless something newer of its space has been seen. Once handed
   * out it is the newest seen, so it is kept to fall back to, but not as fresh.
   */
  private answerOvertaken(cell: Cell<V>, flight: Flight<V>, loaded: CacheEntry<V>): void {
    const known = this.known(cell);
    if (known && !cell.invalid) return this.answer(flight, known);
    if (known && isNewer(known, loaded)) {
      for (const waiter of flight.waiters) this.settle(flight, waiter, this.staleHit(cell, known));
      return;
    }
    if (!cell.evicted && flight.waiters.size > 0) this.keep(cell, { ...loaded, freshUntil: loaded.storedAt });
    this.answer(flight, loaded);
  }

  private async onFailed(cell: Cell<V>, flight: Flight<V>, thrown: unknown): Promise<void> {
    if (this.closed || flight.isAborted()) return;
    this.counts.loadFailures += 1;
    if (!this.isOvertaken(cell, flight)) this.remember(cell, thrown);
    const mayBeStale = this.settings.staleOn(thrown);
    if (mayBeStale && !this.fallback(cell)) await this.findFallback(cell);
    const stale = mayBeStale ? this.fallback(cell) : undefined;
    for (const waiter of flight.waiters) {
      flight.waiters.delete(waiter);
      if (stale) waiter.succeed(this.staleHit(cell, stale));
      else waiter.fail(thrown);
    }
  }

  private remember(cell: Cell<V>, thrown: unknown): void {
    const { clock, failure } = this.settings;
    const error = this.errorOf(cell.key, thrown);
    const backOffMs = cell.failure ? Math.min(failure.maxMs, cell.failure.backOffMs * 2) : failure.minMs;
    cell.failure = { thrown, error, backOffMs, untilMs: clock.now() + backOffMs };
    this.emit({ type: 'failed', key: cell.key, error, retryMs: backOffMs });
  }

  /** Whatever a shared cache has of the key, from whichever space: marked stale it is better than nothing. */
  private async findFallback(cell: Cell<V>): Promise<void> {
    if (cell.evicted) return;
    const entry = await this.lookUp(cell.key);
    if (entry && !cell.evicted && entry.index >= cell.floor(entry.indexSpace)) cell.fallback = entry;
  }

  private async lookUp(...arguments_: Parameters<Cache<V>['get']>): Promise<CacheEntry<V> | undefined> {
    try {
      return await this.cache.get(...arguments_);
    } catch {
      // A cache of somebody else's that breaks its word: a miss.
      return undefined;
    }
  }

  // ---- keeping

  private isOvertaken(cell: Cell<V>, flight: Flight<V>): boolean {
    return cell.settledAt > flight.startedAt;
  }

  /** Whether the value is as new as what is known of its space, or the space has begun anew. */
  private admits(cell: Cell<V>, { index = 0, indexSpace = '' }: Loaded<V>): boolean {
    const known = this.cache.peek?.(cell.key);
    const floor = Math.max(cell.floor(indexSpace), known?.indexSpace === indexSpace ? known.index : -Infinity);
    if (index >= floor) {
      cell.belowSince = undefined;
      return true;
    }
    const now = this.settings.clock.now();
    if (cell.belowSince?.indexSpace !== indexSpace) cell.belowSince = { indexSpace, atMs: now };
    if (now - cell.belowSince.atMs < defaults.cacheResetAfterMs) {
      this.refuse(cell, index, floor);
      return false;
    }
    this.counts.resets += 1;
    this.emit({ type: 'reset', key: cell.key, index, floor });
    cell.forgetFloors();
    void this.cache.delete(cell.key, indexSpace).catch(() => {});
    return true;
  }

  private refuse(cell: Cell<V>, index: number, floor: number): void {
    this.counts.belowFloor += 1;
    this.emit({ type: 'below-floor', key: cell.key, index, floor });
  }

  private store(cell: Cell<V>, loaded: Loaded<V>, loadMs: number | undefined, at: number): CacheEntry<V> {
    const entry = this.entryOf(cell, loaded, loadMs);
    cell.settle(at);
    this.keep(cell, entry);
    this.space = entry.indexSpace;
    if (entry.negative) this.settings.lastKnownGood?.delete(cell.key);
    else this.settings.lastKnownGood?.put(cell.key, entry);
    return entry;
  }

  private keep(cell: Cell<V>, entry: CacheEntry<V>): void {
    cell.learn(entry, ++this.events);
    cell.fallback = this.cache.peek ? undefined : entry;
    void this.cache.set(cell.key, entry).catch(() => {});
  }

  /** `loadMs` is undefined for a value that nobody loaded. */
  private entryOf(cell: Cell<V>, loaded: Loaded<V>, loadMs: number | undefined): CacheEntry<V> {
    const { clock, random, negativeTtlMs, staleMs, ttlJitter, ttlMs: usualTtlMs } = this.settings;
    const { value, index = 0, indexSpace = '', negative = false, ageMs = 0 } = loaded;
    const now = clock.wall();
    if (loadMs !== undefined) this.observe(cell, loaded, now);
    const usual = loaded.ttlMs ?? cell.rate?.ttlMs ?? usualTtlMs;
    const ttlMs = negative ? Math.min(usual, negativeTtlMs) : usual;
    const isBound = loaded.ttlMs !== undefined || negative;
    const freshUntil = now + jittered(Math.max(0, ttlMs), ttlJitter, isBound, random);
    const staleUntil = freshUntil + staleMs;
    const storedAt = now - Math.max(0, ageMs);
    return { value, index, indexSpace, storedAt, freshUntil, staleUntil, loadMs: loadMs ?? 0, negative };
  }

  private observe(cell: Cell<V>, loaded: Loaded<V>, now: number): void {
    const { adaptive, ttlMs, sameValue } = this.settings;
    if (!adaptive) return;
    const known = this.known(cell) ?? cell.fallback;
    if (!cell.rate || !known) cell.rate ??= firstRate(ttlMs, now, adaptive);
    else cell.rate = nextRate(cell.rate, isSame(known, loaded, sameValue), now, adaptive);
  }

  // ---- words

  private emit(event: LoadingCacheEvent): void {
    try {
      this.settings.onEvent?.(event);
    } catch {
      // A listener's trouble is not the caller's.
    }
  }

  private what(key: string): string {
    return `loading ${this.settings.name} ${JSON.stringify(key)}`;
  }

  private errorOf(key: string, thrown: unknown): ServiceDiscoveryError {
    if (isDiscoveryError(thrown)) return thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new ServiceDiscoveryError('UNAVAILABLE', `${this.what(key)} failed: ${message}`, { cause: thrown });
  }

  private belowFloorError(cell: Cell<V>, { index = 0, indexSpace = '' }: Loaded<V>): ServiceDiscoveryError {
    const floor = cell.floor(indexSpace);
    return new ServiceDiscoveryError(
      'UNAVAILABLE',
      `${this.what(cell.key)} brought index ${index}, below ${floor} seen before in the same index space`,
      { details: { index, floor, indexSpace } },
    );
  }

  private closedError(): ServiceDiscoveryError {
    return new ServiceDiscoveryError('CLOSED', `the cache of ${this.settings.name} is closed`);
  }

  private abortedError(key: string, signal: AbortSignal | undefined): ServiceDiscoveryError {
    return new ServiceDiscoveryError('ABORTED', `${this.what(key)} was aborted`, { cause: signal?.reason });
  }

  private timeoutError(key: string, timeoutMs: number | undefined): ServiceDiscoveryError {
    return new ServiceDiscoveryError('TIMEOUT', `${this.what(key)} did not end within ${timeoutMs} ms`);
  }
}

function hitOf<V>(entry: CacheEntry<V>, now: number, from: CacheHit<V>['from']): CacheHit<V> {
  const { value, index, indexSpace } = entry;
  return { value, index, indexSpace, ageMs: ageOf(entry, now), stale: false, from };
}

function isSame<V>(known: CacheEntry<V>, loaded: Loaded<V>, sameValue: (a: V, b: V) => boolean): boolean {
  const { index = 0, indexSpace = '', negative = false } = loaded;
  if (index > 0 || known.index > 0) return known.index === index && known.indexSpace === indexSpace;
  return known.negative === negative && sameValue(known.value, loaded.value);
}
