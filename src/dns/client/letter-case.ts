/**
 * Letters of a question in random case, which servers repeat as they came (draft-vixie-dnsext-dns0x20): some more bits
 * that a forger has to guess, one a letter.
 */
import { decodeMessage, headerBytes, questionEnd, readName } from '../wire/index.js';
import type { Message, ResourceRecord } from '../wire/index.js';
import { unguessable16 } from './random-ids.js';

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
  const message = decodeMessage(answer);
  const tail = lastLabel(mixed, end - 4);
  if (
    tail.length === 0 ||
    answer.indexOf(tail, end) < 0 ||
    mixed.compare(plain, headerBytes, end, headerBytes, end) === 0
  ) {
    return message;
  }
  const restore = restorer(readName(mixed, headerBytes), readName(plain, headerBytes));
  return {
    ...message,
    answers: message.answers.map((record) => restored(record, restore)),
    authorities: message.authorities.map((record) => restored(record, restore)),
    additionals: message.additionals.map((record) => restored(record, restore)),
  };
}

/** The last label with its length; empty for the root. */
function lastLabel(query: Buffer, nameEnd: number): Buffer {
  let start = headerBytes;
  for (let at = start; at < nameEnd - 1; at += (query[at] as number) + 1) start = at;
  return query.subarray(start, nameEnd - 1);
}

type Restore = (name: string) => string;

/** Labels at the end of a name that are, to the letter, those of the mixed question. */
function restorer(mixed: string, plain: string): Restore {
  return (name) => {
    let same = 0;
    while (same < name.length && same < mixed.length && name.at(-1 - same) === mixed.at(-1 - same)) same++;
    const isWhole = same === name.length && (same === mixed.length || mixed.at(-1 - same) === '.');
    const start = isWhole ? 0 : name.indexOf('.', name.length - same) + 1;
    return start === 0 && !isWhole ? name : name.slice(0, start) + plain.slice(plain.length - (name.length - start));
  };
}

function restored(record: ResourceRecord, restore: Restore): ResourceRecord {
  const name = restore(record.name);
  switch (record.type) {
    case 'CNAME':
    case 'NS':
    case 'PTR':
    case 'SRV':
    case 'SVCB':
    case 'HTTPS':
      return { ...record, name, target: restore(record.target) };
    case 'MX':
      return { ...record, name, exchange: restore(record.exchange) };
    case 'NAPTR':
      return { ...record, name, replacement: restore(record.replacement) };
    case 'SOA':
      return { ...record, name, mname: restore(record.mname), rname: restore(record.rname) };
    default:
      return { ...record, name };
  }
}
