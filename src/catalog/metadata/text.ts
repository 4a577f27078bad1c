import { compileExpression } from '../filter/compile.js';
import type { Expression, Match, Operator } from '../filter/expression.js';
import { buildTest } from '../filter/operators.js';
import { parseFilter } from '../filter/parser.js';
import { list, map, number, string, struct } from '../filter/shape.js';
import { checkServiceNodeShape } from '../filter/shapes.js';
import { equalTo, leaf, refusePrivate } from './conditions.js';
import { type Field, fieldNamed, metaField } from './fields.js';
import { lookupOf } from './hints.js';
import type { Predicate } from './predicate.js';
import type { IsPrivate } from './redact.js';

/**
 * Searches as text: Consul's filter language over the item of health/service (`Node.…`, `Service.…`, `Checks.…`), with
 * shorthand selectors beside it:
 *
 *     service  node  id  address  port  datacenter  health  tag (or tags)  capabilities  meta
 *     version  type  environment  region  zone
 *
 * `health` is maintenance, critical, warning or passing, over all checks that count for the instance. `tag == x` and
 * `capabilities == x` ask whether x is among them; `service`, `node`, `tag` and `health` match in any case. Any
 * metadata key is `meta.key` or `meta["a-key"]`. Beyond Consul there are `<`, `<=`, `>` and `>=`, by number, text or
 * `semver("1.2.0")`, and `version == semver("^1.2")` for ranges.
 */
const shape = struct({
  ...Object.fromEntries(checkServiceNodeShape.fields),
  service: string,
  node: string,
  id: string,
  address: string,
  port: number,
  datacenter: string,
  health: string,
  tag: list(string),
  tags: list(string),
  capabilities: list(string),
  meta: map(string),
  version: string,
  type: string,
  environment: string,
  region: string,
  zone: string,
});

/** Throws INVALID_ARGUMENT as `compileFilter` does, and PERMISSION_DENIED for a private key. */
export function compileText(text: string, isPrivate: IsPrivate): Predicate {
  return translate(parseFilter(text, 'search'), isPrivate);
}

function translate(expression: Expression, isPrivate: IsPrivate): Predicate {
  if (expression.kind === 'match') return translateMatch(expression, isPrivate);
  if (expression.kind === 'not') return { kind: 'not', of: translate(expression.of, isPrivate) };
  return { kind: expression.kind, of: expression.of.map((part) => translate(part, isPrivate)) };
}

function translateMatch(match: Match, isPrivate: IsPrivate): Predicate {
  const key = keyNamedBy(match);
  refusePrivate(key, isPrivate);
  return shorthand(match) ?? plain(match);
}

/** The metadata key that a match is about, if it is about one. */
function keyNamedBy({ selector, operator, value }: Match): string | undefined {
  const [first, second, third] = selector;
  if ((first === 'Service' || first === 'Node') && second === 'Meta') return third ?? mapKey(operator, value.text);
  if (first === 'meta') return second ?? mapKey(operator, value.text);
  return selector.length === 1 ? fieldNamed(first as string).metaKey : undefined;
}

function mapKey(operator: Operator, text: string): string | undefined {
  return operator === 'In' || operator === 'Not In' ? text : undefined;
}

/** As the language says, with an index to help where only certain values of one field can make it true. */
function plain(match: Match): Predicate {
  const test = compileExpression(match, shape);
  const lookup = lookupOf(match, 'health');
  return { kind: 'leaf', test: ({ wire }) => test(wire), ...(lookup && { lookup }) };
}

const SHORTHANDS: ReadonlyMap<string, string> = new Map([
  ...['service', 'node', 'tag', 'health', 'version', 'type', 'environment', 'region', 'zone', 'capabilities'].map(
    (name) => [name, name] as const,
  ),
  ['tags', 'tag'],
]);
const LISTS: ReadonlySet<string> = new Set(['tag', 'capabilities']);

/** Matches that are conditions on a field: they fold case and run on its index. */
function shorthand(match: Match): Predicate | undefined {
  const { operator } = match;
  const field = shorthandField(match);
  if (!field) return undefined;
  const positive = positiveOperator(operator, LISTS.has(field.name));
  if (!positive) return undefined;
  const found = condition({ ...match, operator: positive }, field);
  return positive === operator || operator === 'In' ? found : { kind: 'not', of: found };
}

function shorthandField({ selector }: Match): Field | undefined {
  const [first, second] = selector as readonly [string, ...string[]];
  if (selector.length === 2 && first === 'meta') return metaField(second as string);
  const name = selector.length === 1 ? SHORTHANDS.get(first) : undefined;
  return name === undefined ? undefined : fieldNamed(name);
}

const COMPARISONS: ReadonlySet<Operator> = new Set([
  'Less Than',
  'Less Than Or Equal',
  'Greater Than',
  'Greater Than Or Equal',
]);

/** What is asked, or what is asked the contrary of. Among the items of a list, `in` is equality. */
function positiveOperator(operator: Operator, ofList: boolean): Operator | undefined {
  if (operator === 'Equal' || operator === 'Not Equal') return 'Equal';
  if (COMPARISONS.has(operator)) return operator;
  return ofList && (operator === 'In' || operator === 'Not In') ? 'Equal' : undefined;
}

function condition(match: Match, field: Field): Predicate {
  if (match.operator === 'Equal' && match.value.form !== 'semver') return equalTo(field, match.value.text);
  return leaf(field, { where: buildTest(match, string) });
}
