import { invalid, limits } from '../../model/index.js';

/**
 * A search as data. `field` is `service`, `node`, `tag`, `health`, `version`, `type`, `environment`, `region`, `zone`,
 * `capabilities`, or any metadata key (`meta.` before it is allowed, and needed for a key with one of those names).
 * A field may have several values (tags, capabilities) or none; a condition holds when it holds for any of them, so
 * `not` with a condition also finds instances without the field. Names of services, nodes and tags match in any case.
 */
export type MetadataQuery =
  | { readonly and: readonly MetadataQuery[] }
  | { readonly or: readonly MetadataQuery[] }
  | { readonly not: MetadataQuery }
  | FieldCondition;

export type FieldCondition = { readonly field: string } & (
  | { readonly equals: string }
  | { readonly in: readonly string[] }
  /** Numbers compare with values that are numbers, strings by code units. */
  | { readonly range: MetadataRange }
  /** A range of semantic versions: `^1.2`, `>=1.0.0 <3`, `1.x || 2.x`. */
  | { readonly semver: string }
  /** An RE2 expression, matching anywhere. */
  | { readonly matches: string }
  | { readonly exists: boolean }
);

export interface MetadataRange {
  readonly gt?: number | string;
  readonly gte?: number | string;
  readonly lt?: number | string;
  readonly lte?: number | string;
}

/** Refuses a query that is too large or too deep to be walked. */
export function validateQuery(query: MetadataQuery): void {
  let conditions = 0;
  const visit = (part: MetadataQuery, depth: number): void => {
    conditions += 1;
    if (depth > limits.filterDepth) throw invalid(`search: nested deeper than ${limits.filterDepth}`);
    if (conditions > limits.searchConditions) throw invalid(`search: more than ${limits.searchConditions} conditions`);
    for (const inner of partsOf(part)) visit(inner, depth + 1);
  };
  visit(query, 0);
}

function partsOf(query: MetadataQuery): readonly MetadataQuery[] {
  if ('and' in query) return query.and;
  if ('or' in query) return query.or;
  return 'not' in query ? [query.not] : [];
}
