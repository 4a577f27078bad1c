/**
 * Literals as Go reads them, because Consul's filters hand their values to Go's `strconv`: what `"\x2d"`, `0x50` and
 * `T` mean, and what is refused. Each function returns undefined for what Go refuses.
 */

const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|([abfnrtv\\"]))|\\|\n/g;
const SIMPLE: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
};

/** The body of a double-quoted literal. `\xHH` and `\ooo` are bytes; together they must be read as UTF-8. */
export function unescapeGo(body: string): string | undefined {
  if (!body.includes('\\') && !body.includes('\n')) return body;
  const bytes: Buffer[] = [];
  let from = 0;
  for (const found of body.matchAll(ESCAPE)) {
    const piece = escapeBytes(found);
    if (piece === undefined) return undefined;
    bytes.push(Buffer.from(body.slice(from, found.index)), piece);
    from = found.index + found[0].length;
  }
  bytes.push(Buffer.from(body.slice(from)));
  return Buffer.concat(bytes).toString('utf8');
}

function escapeBytes([, hex, short, long, octal, simple]: RegExpMatchArray): Buffer | undefined {
  if (hex) return Buffer.from([Number.parseInt(hex, 16)]);
  if (octal) return Number.parseInt(octal, 8) > 255 ? undefined : Buffer.from([Number.parseInt(octal, 8)]);
  const rune = short ?? long;
  if (rune) return runeBytes(Number.parseInt(rune, 16));
  return simple ? Buffer.from(SIMPLE[simple] as string) : undefined;
}

function runeBytes(code: number): Buffer | undefined {
  const surrogate = code >= 0xd800 && code <= 0xdfff;
  return surrogate || code > 0x10ffff ? undefined : Buffer.from(String.fromCodePoint(code));
}

const INTEGER = /^([+-]?)(0[xX](?:_?[0-9a-fA-F])+|0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0(?:_?[0-7])*|[1-9](?:_?[0-9])*)$/;
const INT64_MAX = 2n ** 63n - 1n;

/** `strconv.ParseInt(text, 0, 64)`: the base is told by the prefix. */
export function parseGoInteger(text: string): bigint | 'invalid syntax' | 'value out of range' {
  const found = INTEGER.exec(text);
  if (!found) return 'invalid syntax';
  const digits = (found[2] as string).replaceAll('_', '');
  const magnitude = BigInt(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits);
  const value = found[1] === '-' ? -magnitude : magnitude;
  return value > INT64_MAX || value < -INT64_MAX - 1n ? 'value out of range' : value;
}

const BOOLEANS = new Map([
  ...['1', 't', 'T', 'TRUE', 'true', 'True'].map((word) => [word, true] as const),
  ...['0', 'f', 'F', 'FALSE', 'false', 'False'].map((word) => [word, false] as const),
]);

/** `strconv.ParseBool`. */
export function parseGoBoolean(text: string): boolean | undefined {
  return BOOLEANS.get(text);
}
