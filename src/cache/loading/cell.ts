import { limits } from '../../model/index.js';
import type { CacheEntry, ServiceDiscoveryError } from '../../model/index.js';
import type { ChangeRate } from './adaptive-ttl.js';
import type { Flight } from './flight.js';

/** What is remembered of a key beside its value. */
export class Cell<V> {
  /** The load that calls join. */
  flight: Flight<V> | undefined;
  /** Loads under way, those nobody joins any more included. */
  flights = 0;
  /** When the key's value last became known or void, in the order of all such events and starts of loads. */
  settledAt = 0;
  /** When the newest value known was learnt, in the same order. */
  learntAt = 0;
  failure: Failure | undefined;
  /** The value is known to be out of date: only a load will do. */
  invalid = false;
  /** An early refresh is due, and waits for a call that can load. */
  due = false;
  /** Since the value was stored. */
  hits = 0;
  /** Served stale when nothing is in the cache: from a shared cache without a first level, or from earlier days. */
  fallback: CacheEntry<V> | undefined;
  /** Its owner wanted nothing left to fall back to. */
  evicted = false;
  rate: ChangeRate | undefined;
  /** Since when answers of a space are below its floor, monotonic ms. */
  belowSince: { readonly indexSpace: string; readonly atMs: number } | undefined;
  private readonly floors = new Map<string, number>();

  constructor(readonly key: string) {}

  /** The key has a value again, learnt by what began `at` that place in the order of events. */
  settle(at: number): void {
    this.settledAt = at;
    this.failure = undefined;
    this.invalid = false;
    this.due = false;
    this.evicted = false;
    this.hits = 0;
  }

  /** A value that is kept or handed out: nothing older of its space will be. */
  learn(entry: CacheEntry<V>, at: number): void {
    this.learntAt = at;
    this.raiseFloor(entry.indexSpace, entry.index);
  }

  forget(): void {
    this.failure = undefined;
    this.fallback = undefined;
    this.rate = undefined;
    this.evicted = true;
    this.forgetFloors();
  }

  floor(indexSpace: string): number {
    return this.floors.get(indexSpace) ?? -Infinity;
  }

  forgetFloors(): void {
    this.floors.clear();
    this.belowSince = undefined;
  }

  private raiseFloor(indexSpace: string, index: number): void {
    const floor = Math.max(index, this.floor(indexSpace));
    this.floors.delete(indexSpace);
    this.floors.set(indexSpace, floor);
    if (this.floors.size > limits.cacheFloors) {
      const [oldest] = this.floors.keys();
      this.floors.delete(oldest as string);
    }
  }
}

export interface Failure {
  /** As it was thrown. */
  readonly thrown: unknown;
  readonly error: ServiceDiscoveryError;
  /** Monotonic ms: no load before that. */
  readonly untilMs: number;
  readonly backOffMs: number;
}

/** The cells of all keys, the least recently loaded without a load forgotten first. */
export class Cells<V> {
  private readonly byKey = new Map<string, Cell<V>>();

  get(key: string): Cell<V> | undefined {
    return this.byKey.get(key);
  }

  /** The key's cell, made when there is none, and now the last to be forgotten. */
  touch(key: string): Cell<V> {
    const known = this.byKey.get(key);
    if (known) this.byKey.delete(key);
    else this.makeRoom();
    const cell = known ?? new Cell<V>(key);
    this.byKey.set(key, cell);
    return cell;
  }

  clear(): void {
    this.byKey.clear();
  }

  private makeRoom(): void {
    if (this.byKey.size < limits.cacheKeys) return;
    for (const cell of this.byKey.values())
      if (cell.flights === 0) {
        this.byKey.delete(cell.key);
        return;
      }
  }
}
