import { invalid } from '../../model/index.js';
import type { CatalogView, QueryRow } from '../../model/index.js';
import { isTemplate, renderTemplate, type TemplateContext } from './query-template.js';
import { isUuid } from './uuid.js';

/**
 * Finds the query that a name or id means (docs/contract.md section 3.10): the id, else the exact name, else the
 * template whose name is the longest prefix. Case does not matter. The tables are made anew when any query changed, so
 * that DNS, which asks for every packet, pays only a lookup.
 */
export class QueryDirectory {
  #index = -1;
  readonly #byName = new Map<string, QueryRow>();
  readonly #templates = new Map<string, QueryRow>();
  #longestPrefix = 0;

  constructor(private readonly catalog: CatalogView) {}

  /** The query with its template rendered for the asked name; undefined when there is none. */
  resolve(nameOrId: string, context: TemplateContext): QueryRow | undefined {
    const byId = isUuid(nameOrId) ? this.catalog.query(nameOrId) : undefined;
    if (byId) {
      if (!isTemplate(byId)) return byId;
      throw invalid('prepared query templates can only be resolved up by name, not by ID');
    }
    const query = this.#find(nameOrId.toLowerCase());
    if (!query || !isTemplate(query)) return query;
    return { ...query, service: renderTemplate(query, nameOrId, context) };
  }

  #find(name: string): QueryRow | undefined {
    if (name === '') return undefined;
    this.#refresh();
    const exact = this.#byName.get(name);
    if (exact) return exact;
    for (let length = Math.min(name.length, this.#longestPrefix); length >= 0; length -= 1) {
      const template = this.#templates.get(name.slice(0, length));
      if (template) return template;
    }
    return undefined;
  }

  #refresh(): void {
    const { value, index } = this.catalog.queriesAnswer();
    if (index === this.#index) return;
    this.#byName.clear();
    this.#templates.clear();
    this.#longestPrefix = 0;
    for (const query of value) this.#add(query);
    this.#index = index;
  }

  #add(query: QueryRow): void {
    const name = query.name.toLowerCase();
    if (name !== '') this.#byName.set(name, query);
    if (!isTemplate(query)) return;
    this.#templates.set(name, query);
    this.#longestPrefix = Math.max(this.#longestPrefix, name.length);
  }
}
