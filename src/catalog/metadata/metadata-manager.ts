import { LRUCache } from 'lru-cache';
import { limits } from '../../model/index.js';
import type { CatalogView, InstanceView, ServiceView } from '../../model/index.js';
import { parseFilter } from '../filter/parser.js';
import { compileQuery } from './conditions.js';
import { type FilteredItem, hintsOf } from './hints.js';
import { InstanceIndex } from './instance-index.js';
import { type Candidates, plan } from './planner.js';
import { holds, type Predicate } from './predicate.js';
import { type MetadataQuery, validateQuery } from './query.js';
import type { IsPrivate } from './redact.js';
import { compileText } from './text.js';
import { WireItem } from './wire-item.js';

export interface MetadataManagerOptions {
  /** Metadata keys that are searched only with `includePrivate`. Default: none. */
  readonly isPrivate?: IsPrivate;
}

export interface SearchOptions {
  /** For direct reads by those who may see everything. Default false. */
  readonly includePrivate?: boolean;
}

/** How a search was answered. */
export interface SearchExplanation {
  /** `index`: only candidates of an index were looked at; `scan`: every instance. */
  readonly plan: 'index' | 'scan';
  /** Fields whose indexes gave the candidates: several for an `or`, none for a scan. */
  readonly indexes: readonly string[];
  /** Instances looked at, of how many there are, and how many were found. */
  readonly candidates: number;
  readonly instances: number;
  readonly results: number;
}

interface Search {
  readonly found: readonly InstanceView[];
  readonly explanation: SearchExplanation;
}

const NOBODY: IsPrivate = () => false;

/**
 * Search over all instances of a catalog by what they say about themselves: version, type, environment, region, zone,
 * capabilities, any metadata key, and service, node, tag and health. Queries are data (`MetadataQuery`) or text (see
 * `compileText` for its selectors). What was found is kept until some instance changes.
 */
export class MetadataManager {
  readonly #index: InstanceIndex;
  readonly #isPrivate: IsPrivate;
  readonly #results = new LRUCache<string, Search>({
    max: limits.searchCacheEntries,
    maxSize: limits.searchCacheInstances,
    sizeCalculation: ({ found }) => found.length + 1,
  });
  #resultsGeneration = 0;

  constructor(catalog: CatalogView, options: MetadataManagerOptions = {}) {
    this.#index = new InstanceIndex(catalog);
    this.#isPrivate = options.isPrivate ?? NOBODY;
  }

  /** Sorted by service, node and instance id. An empty text finds every instance. */
  findInstances(query: string | MetadataQuery, options: SearchOptions = {}): readonly InstanceView[] {
    return this.#search(query, options).found;
  }

  /** Which index answers the query, how many candidates it gives and how many of them are results. */
  explain(query: string | MetadataQuery, options: SearchOptions = {}): SearchExplanation {
    return this.#search(query, options).explanation;
  }

  /**
   * Instances of a service among which are all that a filter of Consul's endpoints keeps, in their order: fewer than
   * all where an index helps. The filter itself is still to be applied to what is sent.
   */
  narrow(service: ServiceView, filter: string, item: FilteredItem): readonly InstanceView[] {
    const { instances } = service;
    if (instances.length < limits.narrowedInstances || filter === '') return instances;
    this.#refresh();
    if (!this.#index.holds(service)) return instances;
    const candidates = plan(hintsOf(parseFilter(filter), item), this.#index);
    if (!candidates || candidates.count >= instances.length) return instances;
    const pool = unionOf(candidates);
    return instances.filter((instance) => pool.has(instance));
  }

  #search(query: string | MetadataQuery, { includePrivate = false }: SearchOptions): Search {
    if (typeof query !== 'string') validateQuery(query);
    this.#refresh();
    const key = `${includePrivate ? 'all' : 'public'} ${typeof query === 'string' ? query : JSON.stringify(query)}`;
    const known = this.#results.get(key);
    if (known) return known;
    const isPrivate = includePrivate ? NOBODY : this.#isPrivate;
    const search = this.#run(compile(query, isPrivate), isPrivate);
    this.#results.set(key, search);
    return search;
  }

  #refresh(): void {
    this.#index.refresh();
    if (this.#index.generation === this.#resultsGeneration) return;
    this.#results.clear();
    this.#resultsGeneration = this.#index.generation;
  }

  #run(predicate: Predicate, isPrivate: IsPrivate): Search {
    const candidates = plan(predicate, this.#index);
    const pool = candidates ? unionOf(candidates) : this.#index.instances();
    const found: InstanceView[] = [];
    let looked = 0;
    for (const instance of pool) {
      looked += 1;
      if (holds(predicate, { instance, wire: new WireItem(instance, isPrivate) })) found.push(instance);
    }
    const explanation: SearchExplanation = {
      plan: candidates ? 'index' : 'scan',
      indexes: candidates?.indexes ?? [],
      candidates: looked,
      instances: this.#index.size,
      results: found.length,
    };
    return { found: found.sort(inOrder), explanation };
  }
}

const EVERYTHING: Predicate = { kind: 'and', of: [] };

function compile(query: string | MetadataQuery, isPrivate: IsPrivate): Predicate {
  if (typeof query !== 'string') return compileQuery(query, isPrivate);
  return query.trim() === '' ? EVERYTHING : compileText(query, isPrivate);
}

function unionOf({ sets }: Candidates): ReadonlySet<InstanceView> {
  const [only] = sets;
  return only && sets.length === 1 ? only : new Set(sets.flatMap((set) => [...set]));
}

function inOrder(a: InstanceView, b: InstanceView): number {
  return (
    compare(a.service.service, b.service.service) ||
    compare(a.node.node, b.node.node) ||
    compare(a.service.id, b.service.id)
  );
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
