import { goQuote, invalid, ServiceDiscoveryError } from '../../model/index.js';
import { orderTo, versionRange } from '../filter/ordering.js';
import { compileRegexp } from '../regexp.js';
import { type Field, fieldNamed } from './fields.js';
import type { Lookup, Predicate } from './predicate.js';
import type { FieldCondition, MetadataQuery, MetadataRange } from './query.js';
import type { IsPrivate } from './redact.js';

/** From typed queries, already validated, to predicates. A private key is refused: what it holds must not be found out by searching. */
export function compileQuery(query: MetadataQuery, isPrivate: IsPrivate): Predicate {
  if ('and' in query) return { kind: 'and', of: query.and.map((part) => compileQuery(part, isPrivate)) };
  if ('or' in query) return { kind: 'or', of: query.or.map((part) => compileQuery(part, isPrivate)) };
  if ('not' in query) return { kind: 'not', of: compileQuery(query.not, isPrivate) };
  const field = fieldNamed(query.field);
  refusePrivate(field.metaKey, isPrivate);
  if ('exists' in query && !query.exists) return { kind: 'not', of: leaf(field, { where: () => true }) };
  return leaf(field, valuesFor(query, field));
}

export function refusePrivate(key: string | undefined, isPrivate: IsPrivate): void {
  if (key === undefined || !isPrivate(key)) return;
  throw new ServiceDiscoveryError('PERMISSION_DENIED', `metadata key ${goQuote(key)} is private: it is not searched`);
}

/** True of instances that have any of the values. An index of folded values cannot judge what they were before. */
export function leaf(field: Field, values: Lookup['values']): Predicate {
  const byKey = 'keys' in values;
  const accepts = byKey ? membership(values.keys, field) : values.where;
  return {
    kind: 'leaf',
    test: ({ instance }) => field.valuesOf(instance).some(accepts),
    ...((byKey || !field.folds) && { lookup: { field, values } }),
  };
}

export function equalTo(field: Field, ...values: readonly string[]): Predicate {
  return leaf(field, { keys: [...new Set(values.map((value) => field.fold(value)))] });
}

function membership(keys: readonly string[], field: Field): (value: string) => boolean {
  const wanted = new Set(keys);
  return (value) => wanted.has(field.fold(value));
}

function valuesFor(condition: FieldCondition, field: Field): Lookup['values'] {
  if ('equals' in condition) return { keys: [field.fold(condition.equals)] };
  if ('in' in condition) return { keys: [...new Set(condition.in.map((value) => field.fold(value)))] };
  if ('range' in condition) return { where: inRange(condition.range) };
  if ('semver' in condition) return { where: inVersions(condition.semver) };
  if ('matches' in condition) return { where: matching(condition.matches) };
  return { where: () => true };
}

function inRange({ gt, gte, lt, lte }: MetadataRange): (value: string) => boolean {
  const bounds = [
    bound(gt, (order) => order > 0),
    bound(gte, (order) => order >= 0),
    bound(lt, (order) => order < 0),
    bound(lte, (order) => order <= 0),
  ].filter((test) => test !== undefined);
  if (bounds.length === 0) throw invalid('search: a range needs a bound');
  return (value) => bounds.every((test) => test(value));
}

function bound(
  to: number | string | undefined,
  accepts: (order: number) => boolean,
): ((value: string) => boolean) | undefined {
  if (to === undefined) return undefined;
  const order = orderTo(to);
  return (value) => {
    const found = order(value);
    return found !== undefined && accepts(found);
  };
}

function inVersions(range: string): (value: string) => boolean {
  const contains = versionRange(range);
  if (!contains) throw invalid(`search: ${goQuote(range)} is not a range of semantic versions`);
  return contains;
}

function matching(expression: string): (value: string) => boolean {
  compileRegexp(expression);
  return (value) => compileRegexp(expression).test(value);
}
