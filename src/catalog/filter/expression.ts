/** The parsed form of a filter. Operators are named as Consul names them in its complaints. */
export type Operator =
  | 'Equal'
  | 'Not Equal'
  | 'In'
  | 'Not In'
  | 'Matches'
  | 'Not Matches'
  | 'Is Empty'
  | 'Is Not Empty'
  // Only in the dialect of our own search.
  | 'Less Than'
  | 'Less Than Or Equal'
  | 'Greater Than'
  | 'Greater Than Or Equal';

export type Selector = readonly string[];

export interface Value {
  readonly text: string;
  /** How it was written. `semver("…")` exists only in the search dialect. */
  readonly form: 'bare' | 'number' | 'quoted' | 'semver';
}

export interface Match {
  readonly kind: 'match';
  readonly selector: Selector;
  readonly operator: Operator;
  /** Empty text for `is empty` and `is not empty`. */
  readonly value: Value;
}

export type Expression =
  | Match
  | { readonly kind: 'not'; readonly of: Expression }
  | { readonly kind: 'and' | 'or'; readonly of: readonly Expression[] };

/** A selector as complaints show it: `Meta["a"]` reads `Meta.a`. */
export function selectorText(selector: Selector): string {
  return selector.join('.');
}
