import { headerBytes } from './decode.js';

/**
 * How a message answers a query of ours (RFC 5452 section 9.1): it is a response with the query's id, and its question
 * is the query's to the letter, or in other letters' case. `unasked`: an error without a question section, as from a
 * server that could not read the query. Anything else is `none`, perhaps somebody's guess.
 */
export type Echo = 'exact' | 'other-case' | 'unasked' | 'none';

export function echoOf(answer: Buffer, query: Buffer): Echo {
  if (answer.length < headerBytes || (answer[2] as number) < 0x80) return 'none';
  if (answer[0] !== query[0] || answer[1] !== query[1]) return 'none';
  if (isBareError(answer)) return 'unasked';
  if (answer.readUInt16BE(4) !== 1) return 'none';
  const end = questionEnd(query);
  if (answer.length < end) return 'none';
  if (query.compare(answer, headerBytes, end, headerBytes, end) === 0) return 'exact';
  const asked = query.toString('latin1', headerBytes, end - 4).toLowerCase();
  const repeated = answer.toString('latin1', headerBytes, end - 4).toLowerCase();
  return asked === repeated && query.compare(answer, end - 4, end, end - 4, end) === 0 ? 'other-case' : 'none';
}

/** Where the question of a query that we wrote ends: its name is neither compressed nor cut. */
export function questionEnd(query: Buffer): number {
  let end = headerBytes;
  while (query[end] !== 0) end += (query[end] as number) + 1;
  return end + 5;
}

/** An error code, and no records but perhaps an additional one (OPT). */
function isBareError(answer: Buffer): boolean {
  return ((answer[3] as number) & 0xf) !== 0 && answer.readUInt32BE(4) === 0 && answer.readUInt16BE(8) === 0;
}
