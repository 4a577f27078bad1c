import { invalid } from '../errors.js';
import { limits } from '../limits.js';
import type { Json } from '../rows.js';

/**
 * The first JSON value of a text, as a Go decoder reads it (docs/contract.md section 1.1): what follows it is not
 * looked at, errors have Go's wording, integers beyond 2^53 may be kept exactly. JSON.parse does the common case; the
 * reader below is for what it cannot do, and for saying what is wrong.
 */
export function parseJson(text: string, options: { bigints?: boolean } = {}): unknown {
  const exact = options.bigints === true && LONG_INTEGER.test(text);
  if (!exact) {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      // Fall through: something follows the value, or there is no value.
    }
  }
  return new Reader(text, exact).first();
}

const LONG_INTEGER = /\d{16}/;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const INTEGER = /^-?\d+$/;
const SPACE = new Set([' ', '\t', '\r', '\n']);
const WORDS: ReadonlyMap<string, readonly [string, boolean | null]> = new Map([
  ['t', ['true', true]],
  ['f', ['false', false]],
  ['n', ['null', null]],
]);

class Reader {
  private at = 0;
  private depth = 0;

  constructor(
    private readonly text: string,
    private readonly exact: boolean,
  ) {}

  first(): unknown {
    this.space();
    if (this.at >= this.text.length) throw invalid('EOF');
    return this.value();
  }

  private value(): unknown {
    this.space();
    const char = this.peek();
    if (char === '{') return this.nested(() => this.object());
    if (char === '[') return this.nested(() => this.array());
    if (char === '"') return this.string();
    const word = WORDS.get(char);
    if (word) return this.word(word[0], word[1]);
    return this.number();
  }

  private nested<T>(read: () => T): T {
    this.depth += 1;
    if (this.depth > limits.jsonDepth) throw invalid('exceeded max depth');
    const value = read();
    this.depth -= 1;
    return value;
  }

  private object(): object {
    const entries = new Map<string, unknown>();
    this.at += 1;
    this.space();
    if (this.peek() === '}') return this.close({});
    for (;;) {
      this.space();
      if (this.peek() !== '"') throw this.unexpected('looking for beginning of object key string');
      const key = this.string();
      this.space();
      if (this.peek() !== ':') throw this.unexpected('after object key');
      this.at += 1;
      entries.set(key, this.value());
      this.space();
      if (this.peek() === '}') return this.close(Object.fromEntries(entries));
      if (this.peek() !== ',') throw this.unexpected('after object key:value pair');
      this.at += 1;
    }
  }

  private array(): unknown[] {
    const items: unknown[] = [];
    this.at += 1;
    this.space();
    if (this.peek() === ']') return this.close(items);
    for (;;) {
      items.push(this.value());
      this.space();
      if (this.peek() === ']') return this.close(items);
      if (this.peek() !== ',') throw this.unexpected('after array element');
      this.at += 1;
    }
  }

  private close<T>(value: T): T {
    this.at += 1;
    return value;
  }

  private string(): string {
    const start = this.at;
    this.at += 1;
    while (this.peek() !== '"') this.at += this.peek() === '\\' ? 2 : 1;
    this.at += 1;
    try {
      return JSON.parse(this.text.slice(start, this.at)) as string;
    } catch {
      throw invalid('invalid character in string literal');
    }
  }

  private number(): number | bigint {
    NUMBER.lastIndex = this.at;
    const found = NUMBER.exec(this.text)?.[0];
    if (found === undefined) throw this.unexpected('looking for beginning of value');
    this.at += found.length;
    const value = Number(found);
    return this.exact && INTEGER.test(found) && !Number.isSafeInteger(value) ? BigInt(found) : value;
  }

  private word(spelt: string, value: boolean | null): boolean | null {
    for (const char of spelt) {
      if (this.peek() !== char) throw this.unexpected(`in literal ${spelt} (expecting '${char}')`);
      this.at += 1;
    }
    return value;
  }

  private space(): void {
    while (this.at < this.text.length && SPACE.has(this.text.charAt(this.at))) this.at += 1;
  }

  private peek(): string {
    if (this.at >= this.text.length) throw invalid('unexpected EOF');
    return this.text.charAt(this.at);
  }

  private unexpected(where: string): Error {
    return invalid(`invalid character '${this.text.charAt(this.at)}' ${where}`);
  }
}

/** A JSON object, or undefined for anything else. */
export function jsonObject(value: Json | undefined): { readonly [key: string]: Json } | undefined {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as { readonly [key: string]: Json }) : undefined;
}

/** A member of a JSON object; undefined when it is none or has none. */
export function jsonField(value: Json | undefined, name: string): Json | undefined {
  const object = jsonObject(value);
  return object && Object.hasOwn(object, name) ? object[name] : undefined;
}
