import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isDiscoveryError } from '../../model/index.js';
import { checkServiceNodeShape, compileFilter } from './index.js';

/**
 * The compiled filter against an evaluator written the other way round: it first gathers every value that a selector
 * reaches in the item, then applies the operator to each by a table, as docs/contract.md section 1.7 tells it.
 */

type Verb =
  | '=='
  | '!='
  | 'contains'
  | 'not contains'
  | 'in'
  | 'not in'
  | 'is empty'
  | 'is not empty'
  | 'matches'
  | 'not matches';
interface Leaf {
  readonly path: readonly string[];
  readonly verb: Verb;
  readonly value: string;
}
type Tree = Leaf | { readonly join: 'and' | 'or'; readonly parts: readonly Tree[] } | { readonly not: Tree };

const word = fc.constantFrom('a', 'ab', 'b', 'web-1', '', 'x.y', '80', 'critical', '__proto__');
const STRING: Verb[] = ['==', '!=', 'contains', 'not contains', 'in', 'not in', 'matches', 'not matches'];
const COLLECTION: Verb[] = ['contains', 'not contains', 'in', 'not in', 'is empty', 'is not empty'];

const paths: {
  readonly path: readonly string[];
  readonly verbs: readonly Verb[];
  readonly value?: fc.Arbitrary<string>;
}[] = [
  { path: ['Node', 'Node'], verbs: STRING },
  { path: ['Node', 'Meta', 'a'], verbs: STRING },
  { path: ['Service', 'Meta', '__proto__'], verbs: STRING },
  { path: ['Service', 'Meta'], verbs: COLLECTION },
  { path: ['Service', 'Tags'], verbs: COLLECTION },
  { path: ['Service', 'Port'], verbs: ['==', '!='], value: fc.constantFrom('80', '0', '-1') },
  { path: ['Service', 'EnableTagOverride'], verbs: ['==', '!='], value: fc.constantFrom('true', 'false') },
  { path: ['Service', 'TaggedAddresses', 'lan', 'Port'], verbs: ['==', '!='], value: fc.constantFrom('80', '0') },
  { path: ['Service', 'TaggedAddresses'], verbs: COLLECTION },
  { path: ['Checks', 'Status'], verbs: STRING },
  { path: ['Checks', 'ServiceTags'], verbs: COLLECTION },
  { path: ['Checks'], verbs: ['is empty', 'is not empty'] },
];

const leaf: fc.Arbitrary<Tree> = fc
  .constantFrom(...paths)
  .chain(({ path, verbs, value }) =>
    fc.record({ path: fc.constant(path), verb: fc.constantFrom(...verbs), value: value ?? word }),
  );
const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaf,
    fc.record({ not: tie('tree') }),
    fc.record({
      join: fc.constantFrom('and' as const, 'or' as const),
      parts: fc.array(tie('tree'), { minLength: 2, maxLength: 3 }),
    }),
  ),
}));

const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const strings = fc.dictionary(word, word).map((pairs) => Object.fromEntries(Object.entries(pairs)));
const item = fc.record({
  Node: fc.record({ Node: word, Meta: fc.oneof(fc.constant(null), strings) }),
  Service: fc.record({
    Tags: fc.oneof(fc.constant(null), fc.array(word, { maxLength: 3 })),
    Meta: optional(strings),
    Port: optional(fc.constantFrom(0, 80)),
    EnableTagOverride: optional(fc.boolean()),
    TaggedAddresses: optional(
      fc.dictionary(fc.constantFrom('lan', 'wan'), fc.record({ Port: fc.constantFrom(0, 80) })),
    ),
  }),
  Checks: fc.oneof(
    fc.constant(null),
    fc.array(fc.record({ Status: optional(word), ServiceTags: fc.array(word, { maxLength: 2 }) }), { maxLength: 3 }),
  ),
});

function print(node: Tree): string {
  if ('not' in node) return `not (${print(node.not)})`;
  if ('join' in node) return node.parts.map((part) => `(${print(part)})`).join(` ${node.join} `);
  const [first, ...rest] = node.path;
  const selector = `${first}${rest.map((part) => (/^[a-z]/i.test(part) ? `.${part}` : `["${part}"]`)).join('')}`;
  if (node.verb === 'is empty' || node.verb === 'is not empty') return `${selector} ${node.verb}`;
  const value = JSON.stringify(node.value);
  return node.verb === 'in' || node.verb === 'not in'
    ? `${value} ${node.verb} ${selector}`
    : `${selector} ${node.verb} ${value}`;
}

const MISSING = Symbol('missing map key');
const maps = new Set(['Meta', 'TaggedAddresses']);

/** Every value the path reaches; several only through a list. */
function reach(from: unknown, path: readonly string[], parent = ''): unknown[] {
  const [name, ...rest] = path;
  if (name === undefined) return [from];
  if (parent === 'Checks') return ((from ?? []) as unknown[]).flatMap((one) => reach(one, path));
  const entry = Object.entries(from ?? {}).find(([key]) => key === name);
  if (!entry && maps.has(parent)) return [MISSING];
  return reach(entry?.[1], rest, name);
}

/** A scalar as text; the zero value of its type when absent. */
function text(value: unknown, zero = ''): string {
  return value === undefined || value === null ? zero : JSON.stringify(value).replace(/^"|"$/g, '');
}

function naive(node: Tree, of: unknown): boolean {
  if ('not' in node) return !naive(node.not, of);
  if ('join' in node) {
    const results = node.parts.map((part) => naive(part, of));
    return node.join === 'and' ? !results.includes(false) : results.includes(true);
  }
  return reach(of, node.path).some((value) => holds(value, node));
}

function holds(value: unknown, { verb, value: wanted, path }: Leaf): boolean {
  if (value === MISSING) return verb.includes('not') || verb === '!=' || verb === 'is empty' || verb === 'matches';
  const leafName = path.at(-1) as string;
  const items = Array.isArray(value) ? (value as unknown[]) : Object.keys((value as object | null | undefined) ?? {});
  switch (verb) {
    case 'is empty':
      return items.length === 0;
    case 'is not empty':
      return items.length > 0;
    case '==':
    case '!=': {
      const zero = leafName === 'Port' ? '0' : leafName === 'EnableTagOverride' ? 'false' : '';
      return (text(value, zero) === wanted) === (verb === '==');
    }
    case 'matches':
    case 'not matches':
      // The words used here mean themselves as expressions, but for the dot of x.y.
      return text(value).includes(wanted) === (verb === 'matches');
    default: {
      const scalar =
        typeof value === 'string' ||
        leafName === 'Node' ||
        leafName === 'Status' ||
        (path[1] === 'Meta' && path.length === 3);
      const found = scalar ? text(value).includes(wanted) : items.includes(wanted);
      return found === !verb.startsWith('not');
    }
  }
}

describe('a compiled filter', () => {
  it('answers as a naive evaluator does', () => {
    fc.assert(
      fc.property(tree, fc.array(item, { minLength: 1, maxLength: 4 }), (filter, items) => {
        const compiled = compileFilter(print(filter), checkServiceNodeShape);
        for (const one of items) expect(compiled(one)).toBe(naive(filter, one));
      }),
      { numRuns: 1000 },
    );
  });
});

const TOKENS = [
  ...'Service.Tags Service.Port Checks.Status Node not and or in is empty contains matches semver('.split(' '),
  ...'== != < ( ) " ` \\ [ ] . - 0 1.5 "a"'.split(' '),
  ' ',
  '\n',
];

describe('any text', () => {
  const token = fc.constantFrom(...TOKENS);
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(token, { maxLength: 60 }).map((parts) => parts.join(' ')),
  );

  it('compiles or is INVALID_ARGUMENT with the contract’s beginning, and never throws on an item', () => {
    fc.assert(
      fc.property(texts, item, (text, one) => {
        try {
          expect(typeof compileFilter(text, checkServiceNodeShape)(one)).toBe('boolean');
        } catch (error) {
          if (!isDiscoveryError(error, 'INVALID_ARGUMENT')) throw error;
          expect(error.message).toMatch(/^Failed to create boolean expression evaluator: /);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('takes time linear in its length, the worst nestings and repetitions included', () => {
    const worst = ['not ', '(', 'not (', 'a == "', '"\\', 'Node.Node == a and ', 'a[', '`', 'a.', '\\'];
    const started = process.hrtime.bigint();
    for (const piece of worst) {
      const text = piece.repeat(Math.floor(8000 / piece.length));
      expect(() => compileFilter(text, checkServiceNodeShape)).toThrow('Failed to create');
    }
    expect(Number(process.hrtime.bigint() - started) / 1e6).toBeLessThan(1000);
  });
});
