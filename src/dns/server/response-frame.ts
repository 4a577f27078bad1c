import { limits } from '../../model/index.js';
import type { DnsOptions } from '../answer/dns-options.js';
import type { Room } from '../answer/fit.js';
import type { Reply } from '../answer/reply.js';
import { maxMessageBytes, opcodes } from '../wire/index.js';
import type { EdnsOption, Message } from '../wire/index.js';
import type { Transport } from './dns-stats.js';

/** Messages of at most this size need no EDNS (RFC 1035 4.2.1). */
export const plainUdpBytes = 512;

/** A response without its records: header, the question as asked, EDNS when it was spoken. */
export function responseFrame(
  query: Message,
  given: Reply,
  more: { readonly options: readonly EdnsOption[]; readonly recursion: boolean },
): Message {
  const isQuery = query.opcode === opcodes.query;
  const frame: Message = {
    id: query.id,
    response: true,
    opcode: query.opcode,
    authoritative: given.authoritative,
    truncated: false,
    recursionDesired: isQuery && query.recursionDesired,
    recursionAvailable: more.recursion,
    authenticData: false,
    checkingDisabled: isQuery && query.checkingDisabled,
    rcode: given.rcode,
    questions: query.questions,
    answers: [],
    authorities: [],
    additionals: [],
  };
  if (!query.edns) return frame;
  const options = given.error ? [...more.options, { type: 'ede', ...given.error } as const] : more.options;
  return { ...frame, edns: { udpSize: query.edns.udpSize, version: 0, dnssecOk: false, options } };
}

/** What the asker takes: docs/contract.md section 5.3. A buffer of 512 counts as none. */
export function roomFor(query: Pick<Message, 'edns'>, transport: Transport, options: DnsOptions): Room {
  const isUdp = transport === 'udp';
  const maxBytes = isUdp ? udpRoom(query.edns?.udpSize ?? 0) : maxMessageBytes;
  return {
    maxBytes,
    maxAnswers: isUdp && maxBytes === plainUdpBytes ? options.udpAnswerLimit : Number.POSITIVE_INFINITY,
    compress: !options.disableCompression,
    markCut: options.enableTruncate,
  };
}

export function udpRoom(udpSize: number): number {
  return Math.min(Math.max(udpSize, plainUdpBytes), limits.dnsUdpBytes);
}
