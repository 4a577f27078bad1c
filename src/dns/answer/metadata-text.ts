/** Metadata as TXT records: `key=value` of RFC 1464, in strings of at most 255 bytes. */
import type { StringMap } from '../../model/index.js';
import type { ResourceRecord } from '../wire/index.js';
import { classCodes } from '../wire/index.js';
import type { AnswerContext } from './answer-context.js';

export const stringBytes = 255;

/** One TXT record for each pair, but for private ones. Keys that begin with rfc1035- give their value alone. */
export function metadataRecords(
  meta: StringMap | null,
  owner: string,
  ttl: number,
  context: AnswerContext,
): ResourceRecord[] {
  return publicPairs(meta, context).map(([key, value]) => ({
    name: owner,
    class: classCodes.IN,
    ttl,
    type: 'TXT',
    strings: /^rfc1035-/i.test(key) ? chunks(value) : chunks(attribute(key, value)),
  }));
}

export function publicPairs(meta: StringMap | null, context: AnswerContext): [string, string][] {
  return Object.entries(meta ?? {}).filter(([key]) => !context.isPrivateKey(key));
}

/** RFC 1464 section 2: the quote itself is quoted, so are `=` in a name and the spaces at its ends. */
export function attribute(key: string, value: string): string {
  return `${quotedEnds(key.replaceAll('`', '``').replaceAll('=', '`='))}=${value.replaceAll('`', '``')}`;
}

/** By hand: the regular expression for spaces at an end takes quadratic time for spaces that are not. */
function quotedEnds(name: string): string {
  let from = 0;
  let to = name.length;
  while (name[from] === ' ') from += 1;
  while (to > from && name[to - 1] === ' ') to -= 1;
  return '` '.repeat(from) + name.slice(from, to) + '` '.repeat(name.length - to);
}

export function chunks(text: string): Uint8Array[] {
  const bytes = Buffer.from(text);
  const parts: Uint8Array[] = [];
  for (let i = 0; i < bytes.length || i === 0; i += stringBytes) parts.push(bytes.subarray(i, i + stringBytes));
  return parts;
}
