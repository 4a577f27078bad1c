import { type Expression, type Match, selectorText } from '../filter/expression.js';
import { type Field, fieldNamed, metaField } from './fields.js';
import type { Lookup, Predicate } from './predicate.js';

/**
 * What indexes know about a filter of Consul's endpoints. A hint never says less than the filter: where only some
 * values of a field can make a match true, it names them; of anything else it says nothing, and everything is looked at.
 */
export type FilteredItem =
  /** `Node.…`, `Service.…`, `Checks.…`: health/service. */
  | 'health'
  /** `ServiceMeta`, `ServiceTags`, `Node`…: catalog/service. */
  | 'catalog';

export function hintsOf(expression: Expression, item: FilteredItem): Predicate {
  if (expression.kind === 'match') {
    const lookup = lookupOf(expression, item);
    return { kind: 'leaf', test: () => true, ...(lookup && { lookup }) };
  }
  if (expression.kind === 'not') return { kind: 'not', of: hintsOf(expression.of, item) };
  return { kind: expression.kind, of: expression.of.map((part) => hintsOf(part, item)) };
}

/** The language tells case apart and the index may not: equal values have equal keys all the same. */
export function lookupOf(match: Match, item: FilteredItem): Lookup | undefined {
  const field = match.value.form === 'semver' ? undefined : fieldOf(match, item);
  return field && { field, values: { keys: [field.fold(match.value.text)] } };
}

function fieldOf({ selector, operator }: Match, item: FilteredItem): Field | undefined {
  const { meta, names, tags } = SELECTORS[item];
  const text = selectorText(selector);
  if (operator === 'In') return text === tags ? fieldNamed('tag') : undefined;
  if (operator !== 'Equal') return undefined;
  const key = selector[meta.length];
  if (selector.length === meta.length + 1 && meta.every((part, at) => selector[at] === part)) {
    return metaField(key as string);
  }
  const name = names.get(text);
  return name === undefined ? undefined : fieldNamed(name);
}

interface Selectors {
  readonly meta: readonly string[];
  readonly tags: string;
  readonly names: ReadonlyMap<string, string>;
}

const SELECTORS: Readonly<Record<FilteredItem, Selectors>> = {
  health: {
    meta: ['Service', 'Meta'],
    tags: 'Service.Tags',
    names: new Map([
      ['Service.Service', 'service'],
      ['Node.Node', 'node'],
    ]),
  },
  catalog: {
    meta: ['ServiceMeta'],
    tags: 'ServiceTags',
    names: new Map([
      ['ServiceName', 'service'],
      ['Node', 'node'],
    ]),
  },
};
