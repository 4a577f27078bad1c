/**
 * Query parameters as Go parses them: pairs split on `&` only, pairs with a bad escape or a `;` dropped, `+` a space,
 * the first value of a name counts. A flag counts by being present, whatever its value (docs/contract.md section 1.1).
 */
export class Query {
  private readonly pairs: readonly (readonly [string, string])[];

  constructor(search: string) {
    this.pairs = search === '' ? NONE : parsePairs(search);
  }

  has(name: string): boolean {
    return this.pairs.some(([key]) => key === name);
  }

  /** The first value; '' when absent, since empty counts as absent for most. */
  get(name: string): string {
    return this.pairs.find(([key]) => key === name)?.[1] ?? '';
  }

  all(name: string): readonly string[] {
    return this.pairs.filter(([key]) => key === name).map(([, value]) => value);
  }

  get isEmpty(): boolean {
    return this.pairs.length === 0;
  }

  /** Go's `Values.Encode`: sorted by name. Shown in one error text. */
  encode(): string {
    return this.pairs
      .toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([name, value]) => `${escape(name)}=${escape(value)}`)
      .join('&');
  }
}

const NONE: readonly (readonly [string, string])[] = [];

function parsePairs(search: string): (readonly [string, string])[] {
  const pairs: (readonly [string, string])[] = [];
  for (const pair of search.split('&')) {
    if (pair === '' || pair.includes(';')) continue;
    const equals = pair.indexOf('=');
    const name = unescape(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? '' : unescape(pair.slice(equals + 1));
    if (name !== undefined && value !== undefined) pairs.push([name, value]);
  }
  return pairs;
}

function unescape(text: string): string | undefined {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text;
  if (!spaced.includes('%')) return spaced;
  if (/%(?![0-9a-fA-F]{2})/.test(spaced)) return undefined;
  // Bytes first: what is not UTF-8 becomes U+FFFD, where decodeURIComponent would throw.
  const bytes = Buffer.from(spaced, 'utf8')
    .toString('latin1')
    .replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

function escape(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}

const TRUE = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);
const FALSE = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False']);

/** Go's `strconv.ParseBool`; undefined when it is none. */
export function parseBool(text: string): boolean | undefined {
  if (TRUE.has(text)) return true;
  return FALSE.has(text) ? false : undefined;
}

const UINT64_MAX = 18_446_744_073_709_551_615n;

/** Go's `strconv.ParseUint(text, 10, 64)`; undefined when it is none. */
export function parseUint(text: string): bigint | undefined {
  if (!/^\d{1,40}$/.test(text)) return undefined;
  const value = BigInt(text);
  return value <= UINT64_MAX ? value : undefined;
}
