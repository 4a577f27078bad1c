/** The texts and maps that rows are made of. */
import type { StringMap } from '../../model/index.js';
import { WireError } from './bytes.js';
import type { Codec } from './codec.js';
import { listOf, mapOf, orNull, text, textThat } from './codec.js';

/** Node and service names stand in keys, which go to disk as UTF-8 and with NUL between their parts. */
export const name = textThat(isName, 'a name that cannot be');
/** As a reference has it: names of nodes are compared in lower case. */
export const foldedName = textThat((value) => isName(value) && value === value.toLowerCase(), 'no name of a reference');
export const id = textThat((value) => value.isWellFormed(), 'an id that is not valid Unicode');
/** Bytes, as latin1 text. */
export const key = textThat((value) => Buffer.from(value, 'latin1').toString('latin1') === value, 'a key of no bytes');
/** A slash ends it in the name of a stream. */
export const origin = textThat((value) => /^[^\0/]{1,64}$/u.test(value) && value.isWellFormed(), 'no origin');

export const texts = listOf(text);
export const optionalTexts = orNull(texts);
export const optionalMap: Codec<StringMap | null> = orNull(mapOf(text));

/** Base64, which takes a third more than the bytes it says; other spellings of the same bytes stay as they are. */
export const base64: Codec<string> = {
  write: (out, value) => {
    const bytes = Buffer.from(value, 'base64');
    const isCanonical = bytes.toString('base64') === value;
    out.byte(isCanonical ? 1 : 0);
    if (isCanonical) out.bytes(bytes);
    else out.text(value);
  },
  read: (from) => (from.byte() === 1 ? from.bytes().toString('base64') : from.text()),
};

function isName(value: string): boolean {
  return value.isWellFormed() && !value.includes('\0');
}

const HALF = 2n ** 32n;

export const uint64: Codec<bigint> = {
  write: (out, value) => {
    out.count(Number(value / HALF));
    out.count(Number(value % HALF));
  },
  read: (from) => {
    const high = from.count();
    const low = from.count();
    if (high >= 2 ** 32 || low >= 2 ** 32) throw new WireError('more than 64 bits');
    return BigInt(high) * HALF + BigInt(low);
  },
};
