import type { InstanceView } from '../../model/index.js';
import type { Field } from './fields.js';

/**
 * A search ready to run: a tree whose leaves decide about an instance, and, where an index can help, say which. The
 * index only proposes candidates; every one of them is judged by the leaves again, so a plan cannot change an answer.
 */
export type Predicate =
  | { readonly kind: 'and' | 'or'; readonly of: readonly Predicate[] }
  | { readonly kind: 'not'; readonly of: Predicate }
  | { readonly kind: 'leaf'; readonly test: (item: SearchItem) => boolean; readonly lookup?: Lookup };

/** Which values of a field the leaf can be true of. Nothing else can make it true. */
export interface Lookup {
  readonly field: Field;
  readonly values: { readonly keys: readonly string[] } | { readonly where: (value: string) => boolean };
}

/** An instance as the leaves see it: as rows, and as the item that filters select from. */
export interface SearchItem {
  readonly instance: InstanceView;
  readonly wire: object;
}

export function holds(predicate: Predicate, item: SearchItem): boolean {
  switch (predicate.kind) {
    case 'leaf':
      return predicate.test(item);
    case 'not':
      return !holds(predicate.of, item);
    case 'and':
      return predicate.of.every((part) => holds(part, item));
    default:
      return predicate.of.some((part) => holds(part, item));
  }
}
