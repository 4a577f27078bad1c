/**
 * Who waits for what. Subscribers are grouped by the topic's family (service, node, key…) and then by name, so a change
 * finds its waiters by one look-up each and never looks at the others. Prefixes are found the other way round: a
 * changed key is cut to each length at which somebody waits, so the cost is the number of distinct lengths, however
 * many wait.
 *
 * Level-triggered: a wake says "read again", not what changed.
 */
import { topic } from '../../model/index.js';
import type { Topic } from '../../model/index.js';
import type { Touched } from './touched.js';

interface Waiter {
  readonly wake: () => void;
}
type Family = Map<string, Set<Waiter>>;

/** Whole-table topics have no name after a colon; they are names in this family. */
const TABLES = '';

export class Wakers {
  private readonly families = new Map<string, Family>();
  private readonly prefixLengths = new Map<number, number>();

  subscribe(to: Topic, wake: () => void): () => void {
    const { family, name } = split(to);
    const waiter: Waiter = { wake };
    this.add(family, name, waiter);
    let waiting = true;
    return () => {
      if (!waiting) return;
      waiting = false;
      this.remove(family, name, waiter);
    };
  }

  wake(touched: Touched): void {
    this.wakeNamed(TABLES, touched.tables);
    this.wakeNamed('service', touched.services);
    this.wakeNamed('node', touched.nodes);
    this.wakeNamed('key', touched.keys);
    this.wakeNamed('prefix', this.prefixesOf(touched.keys));
    this.wakeNamed('local', touched.locals);
    this.wakeNamed(TABLES, [topic.all]);
  }

  wakeEverybody(): void {
    for (const family of Array.from(this.families.values())) {
      for (const waiters of Array.from(family.values())) wakeAll(waiters);
    }
  }

  private wakeNamed(familyName: string, names: Iterable<string>): void {
    const family = this.families.get(familyName);
    if (!family) return;
    for (const name of names) {
      const waiters = family.get(name);
      if (waiters) wakeAll(waiters);
    }
  }

  private prefixesOf(keys: ReadonlySet<string>): ReadonlySet<string> {
    const prefixes = new Set<string>();
    for (const length of this.prefixLengths.keys()) {
      for (const key of keys) if (key.length >= length) prefixes.add(key.slice(0, length));
    }
    return prefixes;
  }

  private add(familyName: string, name: string, waiter: Waiter): void {
    let family = this.families.get(familyName);
    if (!family) this.families.set(familyName, (family = new Map()));
    const waiters = family.get(name);
    if (waiters) waiters.add(waiter);
    else family.set(name, new Set([waiter]));
    if (familyName === 'prefix') this.countPrefix(name.length, 1);
  }

  private remove(familyName: string, name: string, waiter: Waiter): void {
    const family = this.families.get(familyName);
    const waiters = family?.get(name);
    waiters?.delete(waiter);
    if (waiters?.size === 0) family?.delete(name);
    if (familyName === 'prefix') this.countPrefix(name.length, -1);
  }

  private countPrefix(length: number, by: 1 | -1): void {
    const count = (this.prefixLengths.get(length) ?? 0) + by;
    if (count > 0) this.prefixLengths.set(length, count);
    else this.prefixLengths.delete(length);
  }
}

/** Over a copy: who subscribes while being woken waits for the next change; who has left meanwhile is not called. */
function wakeAll(waiters: ReadonlySet<Waiter>): void {
  for (const waiter of Array.from(waiters)) if (waiters.has(waiter)) waiter.wake();
}

function split(to: Topic): { family: string; name: string } {
  const colon = to.indexOf(':');
  return colon < 0 ? { family: TABLES, name: to } : { family: to.slice(0, colon), name: to.slice(colon + 1) };
}
