import { goQuote } from '../../model/index.js';
import { type Expression, type Match, selectorText } from './expression.js';
import { filterError } from './filter-error.js';
import { buildTest, isObject, onMissingKey, type Test } from './operators.js';
import type { Shape, StructShape } from './shape.js';

/** Checks every selector, operator and value against the shape, then folds the expression into one predicate. */
export function compileExpression(expression: Expression, shape: StructShape): Test {
  if (expression.kind === 'match') return compileMatch(expression, shape);
  if (expression.kind === 'not') {
    const inner = compileExpression(expression.of, shape);
    return (item) => !inner(item);
  }
  const tests = expression.of.map((part) => compileExpression(part, shape));
  return expression.kind === 'and'
    ? (item) => tests.every((test) => test(item))
    : (item) => tests.some((test) => test(item));
}

function compileMatch(match: Match, shape: StructShape): Test {
  const follow = (at: number, here: Shape): Test => {
    const name = match.selector[at];
    if (name === undefined) return buildTest(match, here);
    switch (here.type) {
      case 'struct':
        return throughField(name, follow(at + 1, fieldOf(here, name, match)));
      case 'map':
        return throughKey(name, follow(at + 1, here.of), onMissingKey(match.operator));
      case 'list':
        // A list takes no part of the path: true when it is true of any item (docs/contract.md section 1.7).
        return throughItems(follow(at, here.of));
      default:
        throw notValid(match);
    }
  };
  return follow(0, shape);
}

function fieldOf(struct: StructShape, name: string, match: Match): Shape {
  const field = struct.fields.get(name);
  if (!field) throw notValid(match);
  return field;
}

function notValid(match: Match): Error {
  return filterError(`Selector ${goQuote(selectorText(match.selector))} is not valid`);
}

function throughField(name: string, test: Test): Test {
  return (value) => test(isObject(value) ? value[name] : undefined);
}

function throughKey(key: string, test: Test, whenMissing: boolean): Test {
  return (value) => (isObject(value) && Object.hasOwn(value, key) ? test(value[key]) : whenMissing);
}

function throughItems(test: Test): Test {
  return (value) => Array.isArray(value) && value.some((item) => test(item));
}
