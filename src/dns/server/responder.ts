/**
 * One message in, one message out or none: the rules of docs/contract.md section 5.3 for what is answered, refused and
 * ignored. No input makes it throw.
 */
import type { Logger } from '../../runtime/index.js';
import type { AnswerContext } from '../answer/answer-context.js';
import { answer } from '../answer/answer.js';
import { fit } from '../answer/fit.js';
import type { Reply } from '../answer/reply.js';
import { reply } from '../answer/reply.js';
import { decodeMessage, DnsParseError, edeCodes, foldName, headerBytes } from '../wire/index.js';
import { opcodes, rcodes, readHeader } from '../wire/index.js';
import type { EdnsOption, Header, Message, Question, ResourceRecord } from '../wire/index.js';
import type { Cookies } from './cookies.js';
import type { DnsStats } from './dns-stats.js';
import type { Asker, PreparedAnswers } from './prepared-answers.js';
import type { RateLimit } from './rate-limit.js';
import type { Recursors } from './recursors.js';
import { plainUdpBytes, responseFrame, roomFor } from './response-frame.js';

export interface Client extends Asker {
  readonly address: string;
  /** Exempt from rate limit and cookies. */
  readonly isLoopback: boolean;
}

export interface ResponderParts {
  readonly context: AnswerContext;
  /** Undefined: every answer is made when asked for. */
  readonly prepared: PreparedAnswers | undefined;
  /** Undefined: names outside the domain are refused. */
  readonly recursors: Recursors | undefined;
  readonly cookies: Cookies | undefined;
  readonly rateLimit: RateLimit | undefined;
  readonly stats: DnsStats;
  readonly logger: Logger;
  /** Offered to clients that ask for it over a connection (RFC 7828), milliseconds. */
  readonly idleMs: number;
}

type Response = Buffer | undefined;

export class Responder {
  constructor(private readonly parts: ResponderParts) {}

  /**
   * Undefined: no answer is to be sent. Never throws, never rejects. For a client that is done at once the bytes are
   * lent.
   */
  respond(bytes: Buffer, client: Client): Response | Promise<Response> {
    try {
      const response = this.respondReady(bytes, client) ?? this.respondAnew(bytes, client);
      if (!(response instanceof Promise)) return response === 'held back' ? undefined : response;
      return response.catch((error: unknown) => this.failed(error, bytes));
    } catch (error) {
      return this.failed(error, bytes);
    }
  }

  private failed(error: unknown, bytes: Buffer): Response {
    this.parts.stats.internalErrors++;
    this.parts.logger.error({ error, message: bytes.toString('hex', 0, plainUdpBytes) }, 'dns.answer_failed');
    return bytes.length < headerBytes ? undefined : headerOnly(bytes, rcodes.SERVFAIL);
  }

  /** Undefined: there is no answer ready. */
  private respondReady(bytes: Buffer, client: Client): Buffer | 'held back' | undefined {
    const { prepared, stats, context } = this.parts;
    const ready = prepared?.take(bytes, client);
    if (!ready) return undefined;
    stats.prepared++;
    stats.answered(ready.type, ready.rcode, client.transport);
    if (ready.cut) stats.cut(context.options.enableTruncate);
    return this.limited(ready.bytes, ready.kind, undefined, client) ?? 'held back';
  }

  private respondAnew(bytes: Buffer, client: Client): Response | Promise<Response> {
    const { stats } = this.parts;
    const header = readHeader(bytes);
    if (!header || header.response) {
      stats.ignored++;
      return undefined;
    }
    if (header.opcode !== opcodes.query && header.opcode !== opcodes.notify) {
      stats.answered(0, rcodes.NOTIMP, client.transport);
      return headerOnly(bytes, rcodes.NOTIMP);
    }
    const query = hasFittingCounts(header) ? parse(bytes) : undefined;
    const question = query?.questions[0];
    if (query && question) return this.respondTo(query, question, client);
    stats.malformed++;
    stats.answered(0, rcodes.FORMERR, client.transport);
    return headerOnly(bytes, rcodes.FORMERR);
  }

  private respondTo(query: Message, question: Question, client: Client): Response | Promise<Response> {
    const { context, recursors } = this.parts;
    const outcome = answer(question, context);
    if (outcome.kind === 'foreign') {
      if (recursors) return this.recurse(recursors, query, question, client);
      return this.finish(query, question, refused, client);
    }
    const { wanted } = outcome.reply;
    if (!recursors || wanted.length === 0) return this.finish(query, question, outcome.reply, client);
    return this.follow(recursors, wanted, query, question, client);
  }

  /** Asks recursors for the names an answer leads to, then answers again knowing them. */
  private async follow(
    recursors: Recursors,
    wanted: readonly string[],
    query: Message,
    question: Question,
    client: Client,
  ): Promise<Response> {
    const { context } = this.parts;
    const foreign = new Map<string, readonly ResourceRecord[]>();
    await Promise.all(
      wanted.map(async (name) => {
        foreign.set(foldName(name), await recursors.lookUp(name, question.type));
      }),
    );
    const outcome = answer(question, { ...context, foreign });
    return this.finish(query, question, outcome.kind === 'reply' ? outcome.reply : refused, client);
  }

  private async recurse(recursors: Recursors, query: Message, question: Question, client: Client): Promise<Response> {
    const found = await recursors.forward(query, client.transport === 'udp' ? 'udp' : 'tcp');
    if (!found) return this.finish(query, question, unresolved, client);
    found.writeUInt16BE(query.id, 0);
    // RA: recursion is to be had here.
    found[3] = (found[3] as number) | 0x80;
    this.parts.stats.answered(question.type, found[3] & 0xf, client.transport);
    return this.limited(found, foldName(question.name), query, client);
  }

  private finish(query: Message, question: Question, given: Reply, client: Client): Response {
    const { context, stats } = this.parts;
    const options = query.edns?.options.flatMap((option) => this.optionFor(option, given, client)) ?? [];
    const frame = responseFrame(query, given, { options, recursion: this.parts.recursors !== undefined });
    const room = roomFor(query, client.transport, context.options);
    const { bytes, cut } = fit(frame, given, room);
    if (cut) stats.cut(room.markCut);
    stats.answered(question.type, given.rcode, client.transport);
    const kind = given.rcode === rcodes.NOERROR ? foldName(question.name) : `rcode ${given.rcode}`;
    return this.limited(bytes, kind, query, client);
  }

  /** What we say to the options of a question; to the others nothing. */
  private optionFor(option: EdnsOption, given: Reply, client: Client): EdnsOption[] {
    const { cookies, context, idleMs } = this.parts;
    switch (option.type) {
      case 'ecs': {
        const forSubnet = given.scope === 'subnet' && given.rcode === rcodes.NOERROR;
        return [{ ...option, scopePrefix: forSubnet ? option.sourcePrefix : 0 }];
      }
      case 'cookie':
        return cookies && !client.isLoopback ? [cookies.answer(option, client.address, context.serial())] : [];
      case 'keepalive':
        return client.transport === 'tcp' || client.transport === 'tls'
          ? [{ type: 'keepalive', timeout: Math.floor(idleMs / 100) }]
          : [];
      default:
        return [];
    }
  }

  private limited(bytes: Buffer, kind: string, query: Message | undefined, client: Client): Response {
    const { rateLimit, stats } = this.parts;
    if (!rateLimit || client.transport !== 'udp' || client.isLoopback) return bytes;
    if (query && this.isKnown(query, client)) return bytes;
    const verdict = rateLimit.judge(client.address, kind);
    if (verdict === 'send') return bytes;
    if (verdict === 'drop') {
      stats.rateDropped++;
      return undefined;
    }
    stats.rateSlipped++;
    return shortened(bytes);
  }

  private isKnown(query: Message, client: Client): boolean {
    const cookie = query.edns?.options.find((option) => option.type === 'cookie');
    const { cookies, context } = this.parts;
    return cookie?.type === 'cookie' && cookies?.isValid(cookie, client.address, context.serial()) === true;
  }
}

const refused = reply({ rcode: rcodes.REFUSED, authoritative: false });
const unresolved = reply({
  rcode: rcodes.SERVFAIL,
  authoritative: false,
  error: { code: edeCodes.noReachableAuthority, text: 'no recursor answered' },
});

/** One question; of the rest, no more than any question has use for. */
function hasFittingCounts(header: Header): boolean {
  return header.questions === 1 && header.answers <= 1 && header.authorities <= 1 && header.additionals <= 2;
}

function parse(bytes: Buffer): Message | undefined {
  try {
    return decodeMessage(bytes);
  } catch (error) {
    if (error instanceof DnsParseError) return undefined;
    throw error;
  }
}

/** An answer of a header alone: id, opcode (QUERY when it could not be read) and RD of the question. */
function headerOnly(bytes: Buffer, rcode: number): Buffer {
  const answered = Buffer.alloc(headerBytes);
  const flags = bytes.readUInt16BE(2);
  answered.writeUInt16BE(bytes.readUInt16BE(0), 0);
  answered.writeUInt16BE(0x8000 | (rcode === rcodes.NOTIMP ? flags & 0x7900 : flags & 0x100) | rcode, 2);
  return answered;
}

/** Header and question of an answer, with TC: ask again over TCP. */
function shortened(bytes: Buffer): Buffer {
  let end = headerBytes;
  while (bytes[end] !== 0) end += (bytes[end] as number) + 1;
  const short = Buffer.from(bytes.subarray(0, end + 5));
  short[2] = (short[2] as number) | 0x02;
  short.fill(0, 6, headerBytes);
  return short;
}
