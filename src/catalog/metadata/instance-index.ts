import { LRUCache } from 'lru-cache';
import { limits } from '../../model/index.js';
import type { CatalogView, InstanceView, ServiceView } from '../../model/index.js';
import type { Field } from './fields.js';
import type { Lookup } from './predicate.js';

/** Instances by the values of one field. */
export class FieldIndex {
  readonly #postings = new Map<string, Set<InstanceView>>();

  constructor(readonly field: Field) {}

  add(instance: InstanceView): void {
    for (const value of this.field.valuesOf(instance)) {
      const key = this.field.fold(value);
      const posting = this.#postings.get(key);
      if (posting) posting.add(instance);
      else this.#postings.set(key, new Set([instance]));
    }
  }

  remove(instance: InstanceView): void {
    for (const value of this.field.valuesOf(instance)) {
      const key = this.field.fold(value);
      const posting = this.#postings.get(key);
      posting?.delete(instance);
      if (posting?.size === 0) this.#postings.delete(key);
    }
  }

  find(values: Lookup['values']): readonly ReadonlySet<InstanceView>[] {
    if ('keys' in values) return values.keys.flatMap((key) => this.#postings.get(key) ?? []);
    const found: ReadonlySet<InstanceView>[] = [];
    for (const [key, posting] of this.#postings) if (values.where(key)) found.push(posting);
    return found;
  }
}

/**
 * Every instance of a catalog, and an index for each field that searches have used lately. It is brought up to date
 * before a search, not at each change: an agent that nobody searches pays nothing, and a busy one pays once for many
 * changes. The catalog's views keep their identity until they change, so what changed is found by comparing them:
 * one step for each service, and one for each instance of the services that differ.
 */
export class InstanceIndex {
  readonly #services = new Map<string, ServiceView>();
  readonly #fields = new LRUCache<string, FieldIndex>({ max: limits.searchFieldIndexes });
  #seenIndex = -1;
  #size = 0;
  /** Rises with every change of any instance: what was found before may be different now. */
  #generation = 0;

  constructor(private readonly catalog: CatalogView) {}

  get size(): number {
    return this.#size;
  }

  get generation(): number {
    return this.#generation;
  }

  *instances(): Iterable<InstanceView> {
    for (const { instances } of this.#services.values()) yield* instances;
  }

  /** Whether the service is indexed as it is in this view. */
  holds(view: ServiceView): boolean {
    return this.#services.get(view.name) === view;
  }

  refresh(): void {
    if (this.catalog.index === this.#seenIndex) return;
    const names = new Set<string>();
    for (const name of this.catalog.serviceNames()) {
      names.add(name);
      this.#replace(name, this.catalog.serviceView(name));
    }
    for (const name of this.#services.keys()) if (!names.has(name)) this.#replace(name, undefined);
    this.#seenIndex = this.catalog.index;
  }

  /** Made at first use, from every instance there is. */
  indexOf(field: Field): FieldIndex {
    let index = this.#fields.get(field.name);
    if (!index) {
      index = new FieldIndex(field);
      for (const instance of this.instances()) index.add(instance);
      this.#fields.set(field.name, index);
    }
    return index;
  }

  #replace(name: string, view: ServiceView | undefined): void {
    const before = this.#services.get(name);
    if (before === view) return;
    this.#generation += 1;
    const old = before?.instances ?? [];
    const now = view?.instances ?? [];
    this.#size += now.length - old.length;
    this.#reindex(old, now);
    if (view) this.#services.set(name, view);
    else this.#services.delete(name);
  }

  #reindex(old: readonly InstanceView[], now: readonly InstanceView[]): void {
    if (this.#fields.size === 0) return;
    const kept = new Set(now);
    const known = new Set(old);
    for (const index of this.#fields.values()) {
      for (const instance of old) if (!kept.has(instance)) index.remove(instance);
      for (const instance of now) if (!known.has(instance)) index.add(instance);
    }
  }
}
