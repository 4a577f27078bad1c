/**
 * Letters of a question in random case, which servers repeat as they came (draft-vixie-dnsext-dns0x20): some more bits
 * that a forger has to guess, one a letter.
 */
import { decodeMessage, headerBytes, questionEnd, readName } from '../wire/index.js';
import type { Message } from '../wire/index.js';
import { unguessable16 } from './random-ids.js';

const DOT = 0x2e;

/** In place. Lengths of labels are below the letters, so they are left alone. */
export function mixCase(query: Buffer): void {
  const end = questionEnd(query) - 4;
  let bits = 1;
  for (let at = headerBytes; at < end; at++) {
    const letter = (query[at] as number) | 0x20;
    if (letter < 0x61 || letter > 0x7a) continue;
    if (bits === 1) bits = unguessable16() | 0x10000;
    if ((bits & 1) === 1) query[at] = (query[at] as number) ^ 0x20;
    bits >>= 1;
  }
}

/**
 * Names of an answer as they would be had the question been asked in its own letters: what points to the question, and
 * what a server spells after it (Consul does so with its domain).
 */
export function decodeRestored(answer: Buffer, mixed: Buffer, plain: Buffer): Message {
  const end = questionEnd(plain);
  plain.copy(answer, headerBytes, headerBytes, end);
  const tail = lastLabel(mixed, end - 4);
  if (tail.length === 0 || answer.indexOf(tail, end) < 0) return decodeMessage(answer);
  return decodeMessage(answer, { names: restorer(readName(mixed, headerBytes), readName(plain, headerBytes)) });
}

/** The last label with its length; empty for the root. */
function lastLabel(query: Buffer, nameEnd: number): Buffer {
  let start = headerBytes;
  for (let at = start; at < nameEnd - 1; at += (query[at] as number) + 1) start = at;
  return query.subarray(start, nameEnd - 1);
}

/** Gives the labels at the end of a name that are, to the letter, those of the mixed question, their own letters back. */
function restorer(mixed: string, plain: string): (name: string) => string {
  if (mixed === plain) return (name) => name;
  return (name) => {
    const ahead = name.length - mixed.length;
    let same = name.length;
    while (same > 0 && same > ahead && name.charCodeAt(same - 1) === mixed.charCodeAt(same - 1 - ahead)) same--;
    // Whole labels only: from the beginning of both, or behind a dot.
    const isWhole = same === 0 && (ahead === 0 || mixed.charCodeAt(-ahead - 1) === DOT);
    const start = isWhole || (same === ahead && name.charCodeAt(same - 1) === DOT) ? same : name.indexOf('.', same) + 1;
    return start === 0 && !isWhole ? name : name.slice(0, start) + plain.slice(start - ahead);
  };
}
