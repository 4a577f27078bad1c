import { goQuote, isDiscoveryError, strconvError } from '../../model/index.js';
import { compileRegexp } from '../regexp.js';
import { type Match, type Operator, selectorText } from './expression.js';
import { filterError } from './filter-error.js';
import { parseGoBoolean, parseGoInteger } from './go-literals.js';
import { buildSearchTest } from './search-operators.js';
import type { Shape } from './shape.js';

/**
 * What each operator means on each type of value, and which pairs exist at all (docs/contract.md section 1.7). The
 * value of the filter is converted once, here; what comes back tests values of the answer, where anything absent is
 * Go's zero value.
 */
export type Test = (value: unknown) => boolean;

type Build = (match: Match) => Test;
type Table = Readonly<Partial<Record<Operator, Build>>>;

const onStrings: Table = {
  ...negatable(
    'Equal',
    'Not Equal',
    ({ value }) =>
      (actual) =>
        asString(actual) === value.text,
  ),
  ...negatable(
    'In',
    'Not In',
    ({ value }) =>
      (actual) =>
        asString(actual).includes(value.text),
  ),
  ...negatable('Matches', 'Not Matches', (match) => {
    requireRegexp(match);
    return (actual) => compileRegexp(match.value.text).test(asString(actual));
  }),
};

const onNumbers: Table = negatable('Equal', 'Not Equal', (match) => {
  const wanted = integerOf(match);
  return (actual) => asNumber(actual) === wanted;
});

const onBooleans: Table = negatable('Equal', 'Not Equal', (match) => {
  const wanted = booleanOf(match);
  return (actual) => (actual === true) === wanted;
});

const emptiness: Table = negatable('Is Empty', 'Is Not Empty', () => (actual) => sizeOf(actual) === 0);

const onStringLists: Table = {
  ...emptiness,
  ...negatable(
    'In',
    'Not In',
    ({ value }) =>
      (actual) =>
        Array.isArray(actual) && actual.includes(value.text),
  ),
};

const onMaps: Table = {
  ...emptiness,
  ...negatable(
    'In',
    'Not In',
    ({ value }) =>
      (actual) =>
        isObject(actual) && Object.hasOwn(actual, value.text),
  ),
};

const none: Table = {};

/**
 * Throws the complaint of docs/contract.md section 1.7 when the operator does not exist for the type, or the value does
 * not convert.
 */
export function buildTest(match: Match, shape: Shape): Test {
  const ordinary = match.value.form === 'semver' ? undefined : tableFor(shape)[match.operator]?.(match);
  const test = ordinary ?? buildSearchTest(match, shape);
  if (test) return test;
  throw filterError(
    `Invalid match operator ${goQuote(match.operator)} for selector ${goQuote(selectorText(match.selector))}`,
  );
}

function tableFor(shape: Shape): Table {
  switch (shape.type) {
    case 'string':
      return onStrings;
    case 'number':
      return onNumbers;
    case 'boolean':
      return onBooleans;
    case 'map':
      return onMaps;
    case 'list':
      return shape.of.type === 'string' ? onStringLists : emptiness;
    default:
      return none;
  }
}

function negatable(operator: Operator, negation: Operator, build: Build): Table {
  return {
    [operator]: build,
    [negation]: (match: Match) => {
      const test = build(match);
      return (actual: unknown) => !test(actual);
    },
  };
}

/** What a match through a map answers when the key is not there: both kinds of `matches` are true, oddly. */
export function onMissingKey(operator: Operator): boolean {
  return operator.startsWith('Not') || operator.endsWith('Matches') || operator === 'Is Empty';
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function asString(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function asNumber(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

function sizeOf(value: unknown): number {
  if (Array.isArray(value)) return value.length;
  return isObject(value) ? Object.keys(value).length : 0;
}

function requireRegexp({ value }: Match): void {
  try {
    compileRegexp(value.text);
  } catch (error) {
    if (!isDiscoveryError(error)) throw error;
    throw filterError(`Failed to compile regular expression ${goQuote(value.text)}: ${error.message}`);
  }
}

function integerOf(match: Match): number {
  const parsed = parseGoInteger(match.value.text);
  if (typeof parsed === 'bigint') return Number(parsed);
  throw coercionError(match, strconvError('ParseInt', match.value.text, parsed));
}

function booleanOf(match: Match): boolean {
  const parsed = parseGoBoolean(match.value.text);
  if (parsed !== undefined) return parsed;
  throw coercionError(match, strconvError('ParseBool', match.value.text));
}

function coercionError({ value, selector }: Match, reason: string): Error {
  return filterError(
    `Failed to coerce value ${goQuote(value.text)} for selector ${goQuote(selectorText(selector))}: ${reason}`,
  );
}
