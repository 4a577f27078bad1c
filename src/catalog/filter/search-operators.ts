import { goQuote } from '../../model/index.js';
import type { Match, Operator } from './expression.js';
import { filterError } from './filter-error.js';
import { type Order, orderTo, orderToVersion, versionRange } from './ordering.js';
import type { Shape } from './shape.js';

/**
 * What the search dialect adds. `<` and its kin compare by number when the value is written as a number, by semantic
 * version when it is `semver("1.2.0")`, else by code units. `==` and `!=` with `semver("^1.2 || 3.x")` ask whether the
 * version is in the range. What is not a number, or not a version, is in no range and compares false.
 */
type Test = (value: unknown) => boolean;

const HOLDS: Readonly<Partial<Record<Operator, (order: number) => boolean>>> = {
  'Less Than': (order) => order < 0,
  'Less Than Or Equal': (order) => order <= 0,
  'Greater Than': (order) => order > 0,
  'Greater Than Or Equal': (order) => order >= 0,
};

/** Undefined when the search dialect has no such operator for the type either. */
export function buildSearchTest(match: Match, shape: Shape): Test | undefined {
  if (shape.type !== 'string' && shape.type !== 'number') return undefined;
  const { operator, value } = match;
  const holds = HOLDS[operator];
  if (holds) return comparison(orderOf(match, shape), holds);
  if (value.form !== 'semver' || shape.type !== 'string') return undefined;
  if (operator !== 'Equal' && operator !== 'Not Equal') return undefined;
  return membership(value.text, operator === 'Equal');
}

function comparison(order: Order, holds: (order: number) => boolean): Test {
  return (actual) => {
    const found = order(typeof actual === 'number' ? String(actual) : asString(actual));
    return found !== undefined && holds(found);
  };
}

function orderOf({ value }: Match, shape: Shape): Order {
  if (value.form === 'semver') {
    const order = orderToVersion(value.text);
    if (order) return order;
    throw filterError(`${goQuote(value.text)} is not a semantic version`);
  }
  if (value.form === 'number') return orderTo(Number(value.text));
  if (shape.type === 'string') return orderTo(value.text);
  throw filterError(`${goQuote(value.text)} is not a number to compare with`);
}

function membership(text: string, wanted: boolean): Test {
  const contains = versionRange(text);
  if (!contains) throw filterError(`${goQuote(text)} is not a range of semantic versions`);
  return (actual) => contains(asString(actual)) === wanted;
}

function asString(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
