import { limits } from '../../model/index.js';
import { Cursor, ParseFailure } from './cursor.js';
import { type Expression, type Match, type Operator, type Selector, selectorText, type Value } from './expression.js';
import { filterError } from './filter-error.js';

/**
 * Parser of Consul's filter language (docs/contract.md section 1.7):
 *
 *     or = and { "or" and } ;  and = not { "and" not } ;  not = "not" not | "(" or ")" | match
 *     match = selector ("==" | "!=") value | selector ["not"] ("contains" | "matches") value
 *           | selector "is" ["not"] "empty" | value ["not"] "in" selector
 *
 * No word is reserved: `not in Tags` asks for the tag "not". So `not` is first tried as the operator and then as the
 * beginning of a match. That is the only way back there is, a match holds no expression, and nesting is bounded:
 * time is linear in the text.
 *
 * The search dialect adds `<`, `<=`, `>`, `>=` and the value `semver("…")`; Consul's endpoints refuse both.
 */
export type Dialect = 'consul' | 'search';

export function parseFilter(text: string, dialect: Dialect = 'consul'): Expression {
  if (text.length > limits.filterChars) throw filterError(`longer than ${limits.filterChars} characters`);
  const parser = new Parser(text, dialect);
  try {
    return parser.parse();
  } catch (error) {
    if (error instanceof ParseFailure) throw filterError(located(text, parser.furthest(error)));
    throw error;
  }
}

function located(text: string, { at, what }: ParseFailure): string {
  const before = text.slice(0, at).split('\n');
  return `${before.length}:${(before.at(-1) as string).length + 1} (${at}): ${what}`;
}

const SYMBOLS: readonly (readonly [symbol: string, operator: Operator])[] = [
  ['==', 'Equal'],
  ['!=', 'Not Equal'],
];
const COMPARISONS: readonly (readonly [symbol: string, operator: Operator])[] = [
  ['<=', 'Less Than Or Equal'],
  ['>=', 'Greater Than Or Equal'],
  ['<', 'Less Than'],
  ['>', 'Greater Than'],
];
/** Operators that are words and have a value behind them. */
const WORDS: readonly (readonly [words: readonly string[], operator: Operator])[] = [
  [['contains'], 'In'],
  [['not', 'contains'], 'Not In'],
  [['matches'], 'Matches'],
  [['not', 'matches'], 'Not Matches'],
];
const EMPTINESS: readonly (readonly [words: readonly string[], operator: Operator])[] = [
  [['is', 'empty'], 'Is Empty'],
  [['is', 'not', 'empty'], 'Is Not Empty'],
];
const NO_VALUE: Value = { text: '', form: 'bare' };

class Parser {
  readonly #cursor: Cursor;
  readonly #symbols: typeof SYMBOLS;
  #deepest: ParseFailure | undefined;
  #regexps = 0;

  constructor(
    text: string,
    readonly dialect: Dialect,
  ) {
    this.#cursor = new Cursor(text);
    this.#symbols = dialect === 'search' ? [...SYMBOLS, ...COMPARISONS] : SYMBOLS;
  }

  parse(): Expression {
    this.#cursor.space();
    const expression = this.#or(0);
    this.#cursor.space();
    if (!this.#cursor.done) throw this.#cursor.fail('"and", "or" or the end');
    return expression;
  }

  furthest(last: ParseFailure): ParseFailure {
    if (!this.#deepest || last.at >= this.#deepest.at) this.#deepest = last;
    return this.#deepest;
  }

  #or(depth: number): Expression {
    return this.#list('or', () => this.#list('and', () => this.#not(depth)));
  }

  /** Flat, so that a long chain nests nothing. */
  #list(kind: 'and' | 'or', next: () => Expression): Expression {
    const first = next();
    const of = [first];
    while (this.#joinedBy(kind)) of.push(next());
    return of.length === 1 ? first : { kind, of };
  }

  #joinedBy(word: string): boolean {
    const start = this.#cursor.at;
    if (this.#cursor.words(word) && this.#cursor.space()) return true;
    this.#cursor.at = start;
    return false;
  }

  #not(depth: number): Expression {
    if (depth > limits.filterDepth) throw filterError(`nested deeper than ${limits.filterDepth}`);
    const start = this.#cursor.at;
    if (!this.#cursor.symbol('not') || !this.#cursor.space()) {
      this.#cursor.at = start;
      return this.#primary(depth);
    }
    try {
      return { kind: 'not', of: this.#not(depth + 1) };
    } catch (failure) {
      if (!(failure instanceof ParseFailure)) throw failure;
      this.furthest(failure);
      this.#cursor.at = start;
      return this.#match();
    }
  }

  #primary(depth: number): Expression {
    if (!this.#cursor.symbol('(')) return this.#match();
    this.#cursor.space();
    const inner = this.#or(depth + 1);
    this.#cursor.space();
    if (!this.#cursor.symbol(')')) throw new ParseFailure(this.#cursor.at, 'rule "grouping": Unmatched parentheses');
    return inner;
  }

  #match(): Match {
    const start = this.#cursor.at;
    const fromSelector = this.#selectorFirst();
    if (fromSelector) return fromSelector;
    this.#cursor.at = start;
    return this.#valueFirst();
  }

  #selectorFirst(): Match | undefined {
    const selector = this.#selector();
    if (!selector) return undefined;
    const emptiness = EMPTINESS.find(([words]) => this.#cursor.words(...words));
    if (emptiness) return { kind: 'match', selector, operator: emptiness[1], value: NO_VALUE };
    const operator = this.#symbolOperator() ?? this.#wordOperator();
    if (operator?.endsWith('Matches')) this.#countRegexp();
    return operator && { kind: 'match', selector, operator, value: this.#value() };
  }

  #countRegexp(): void {
    this.#regexps += 1;
    if (this.#regexps > limits.filterRegexps) {
      throw filterError(`more than ${limits.filterRegexps} regular expressions`);
    }
  }

  #symbolOperator(): Operator | undefined {
    const start = this.#cursor.at;
    this.#cursor.space();
    const found = this.#symbols.find(([symbol]) => this.#cursor.symbol(symbol));
    if (found) this.#cursor.space();
    else this.#cursor.at = start;
    return found?.[1];
  }

  #wordOperator(): Operator | undefined {
    return WORDS.find(([words]) => {
      const start = this.#cursor.at;
      if (this.#cursor.words(...words) && this.#cursor.space()) return true;
      this.#cursor.at = start;
      return false;
    })?.[1];
  }

  #valueFirst(): Match {
    const value = this.#value();
    const negated = this.#cursor.words('not', 'in');
    if (!negated && !this.#cursor.words('in')) throw this.#cursor.fail(this.#operatorNames());
    if (!this.#cursor.space()) throw this.#cursor.fail('[ \\t\\r\\n]');
    const selector = this.#selector();
    if (!selector) throw new ParseFailure(this.#cursor.at, 'rule "match": Invalid selector');
    return { kind: 'match', selector, operator: negated ? 'Not In' : 'In', value };
  }

  #operatorNames(): string {
    const symbols = this.#symbols.map(([symbol]) => `"${symbol}"`).join(', ');
    return `${symbols}, "contains", "in", "is", "matches" or "not"`;
  }

  #selector(): Selector | undefined {
    const first = this.#cursor.identifier();
    if (first === undefined) return undefined;
    const path = [first];
    for (let part = this.#part(); part !== undefined; part = this.#part()) path.push(part);
    return path;
  }

  #part(): string | undefined {
    const start = this.#cursor.at;
    if (this.#cursor.symbol('[')) return this.#index();
    const name = this.#cursor.symbol('.') ? this.#cursor.identifier() : undefined;
    if (name === undefined) this.#cursor.at = start;
    return name;
  }

  #index(): string {
    this.#cursor.space();
    if (!this.#cursor.nextIs('"`')) throw new ParseFailure(this.#cursor.at, 'rule "index": Invalid index');
    const key = this.#cursor.string();
    this.#cursor.space();
    if (!this.#cursor.symbol(']')) {
      throw new ParseFailure(this.#cursor.at, 'rule "index": Unclosed index expression');
    }
    return key;
  }

  #value(): Value {
    if (this.#cursor.nextIs('"`')) return { text: this.#cursor.string(), form: 'quoted' };
    if (this.#cursor.nextIs('-0123456789')) return { text: this.#cursor.number(), form: 'number' };
    const word = this.#selector();
    if (!word) throw this.#cursor.fail('"-", "0", "\\"", "`", [1-9] or [a-zA-Z]');
    if (this.dialect === 'search' && word.length === 1 && word[0] === 'semver' && this.#cursor.symbol('(')) {
      return this.#semver();
    }
    return { text: selectorText(word), form: 'bare' };
  }

  #semver(): Value {
    this.#cursor.space();
    if (!this.#cursor.nextIs('"`')) throw this.#cursor.fail('a quoted version or range');
    const text = this.#cursor.string();
    this.#cursor.space();
    if (!this.#cursor.symbol(')')) throw this.#cursor.fail('")"');
    return { text, form: 'semver' };
  }
}
