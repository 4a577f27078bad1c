/**
 * Texts that Consul's clients see were made by a Go program: quoting by `%q` and `strconv`'s complaints. Written here
 * once so that every message that repeats a caller's text repeats it in the same way.
 */

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"',
};
/** What Go does not call printable: controls, separators other than the space, unassigned and lone surrogates. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}|["\\]/gu;

/** Go's `%q` of a string. */
export function goQuote(text: string): string {
  return `"${text.replace(UNPRINTABLE, escapeRune)}"`;
}

function escapeRune(rune: string): string {
  const short = SHORT_ESCAPES[rune];
  if (short) return short;
  const code = rune.codePointAt(0) as number;
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`;
  if (code <= 0xffff) return `\\u${code.toString(16).padStart(4, '0')}`;
  return `\\U${code.toString(16).padStart(8, '0')}`;
}

/** The complaint of a `strconv` function: `strconv.ParseInt: parsing "x": invalid syntax`. */
export function strconvError(
  fn: 'ParseInt' | 'ParseUint' | 'ParseBool' | 'Atoi',
  text: string,
  reason: 'invalid syntax' | 'value out of range' = 'invalid syntax',
): string {
  return `strconv.${fn}: parsing ${goQuote(text)}: ${reason}`;
}
