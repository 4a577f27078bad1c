import { unescapeGo } from './go-literals.js';

/** The parser ran into something. The failure furthest in the text is the one worth showing. */
export class ParseFailure extends Error {
  constructor(
    readonly at: number,
    readonly what: string,
  ) {
    super(what);
  }
}

const SPACE = /[ \t\r\n]+/y;
const IDENTIFIER = /[a-zA-Z][a-zA-Z0-9_]*/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?/y;
const DOUBLE_QUOTED = /"((?:[^"\\]|\\[^])*)"/y;
const RAW = /`([^`]*)`/y;

/** A position in the text and the tokens that may stand there. There is no separate lexer: words mean what their place says. */
export class Cursor {
  at = 0;

  constructor(readonly text: string) {}

  get done(): boolean {
    return this.at >= this.text.length;
  }

  fail(expected: string): ParseFailure {
    return new ParseFailure(this.at, `no match found, expected: ${expected}`);
  }

  space(): boolean {
    return this.#take(SPACE) !== undefined;
  }

  /** The exact characters, if they are next. */
  symbol(characters: string): boolean {
    if (!this.text.startsWith(characters, this.at)) return false;
    this.at += characters.length;
    return true;
  }

  /** Words each after space, if they are next; otherwise nothing is taken. */
  words(...words: readonly string[]): boolean {
    const start = this.at;
    if (words.every((word) => this.space() && this.symbol(word))) return true;
    this.at = start;
    return false;
  }

  identifier(): string | undefined {
    return this.#take(IDENTIFIER)?.[0];
  }

  /** Must end where a word ends, so that `1.2.3` and `5s` are refused rather than cut. */
  number(): string {
    const start = this.at;
    const found = this.#take(NUMBER);
    if (!found) throw this.fail('a number');
    if (this.done || ' \t\r\n)'.includes(this.text[this.at] as string)) return found[0];
    this.at = start;
    throw new ParseFailure(start, 'rule "number": Invalid number literal');
  }

  string(): string {
    const raw = this.#take(RAW);
    // Go drops carriage returns from raw strings.
    if (raw) return (raw[1] as string).replaceAll('\r', '');
    const start = this.at;
    const quoted = this.#take(DOUBLE_QUOTED);
    if (!quoted) throw new ParseFailure(start, 'rule "string": Unterminated string literal');
    const body = unescapeGo(quoted[1] as string);
    if (body === undefined) throw new ParseFailure(start, 'rule "string": invalid syntax');
    return body;
  }

  nextIs(characters: string): boolean {
    return !this.done && characters.includes(this.text[this.at] as string);
  }

  #take(token: RegExp): RegExpExecArray | undefined {
    token.lastIndex = this.at;
    const found = token.exec(this.text);
    if (!found) return undefined;
    this.at = token.lastIndex;
    return found;
  }
}
