/**
 * One question to one server until it has an answer or a failure. On the way, with the same server: TCP for what was cut
 * (RFC 7766) or is in doubt, once more without EDNS when the server does not know it (RFC 6891 section 7), once more
 * with the cookie it asks for (RFC 7873 section 5.3).
 */
import type { Clock } from '../../runtime/index.js';
import { classCodes, decodeMessage, DnsParseError, encodeMessage, rcodes } from '../wire/index.js';
import type { Edns, Message, Question, ResourceRecord } from '../wire/index.js';
import type { DnsClientStats } from './dns-client-stats.js';
import { failureOf, rcodeFailure } from './failure.js';
import type { DnsFailure } from './failure.js';
import { decodeRestored, mixCase } from './letter-case.js';
import { readAnswer } from './read-answer.js';
import type { AnswerPart } from './read-answer.js';
import type { Server } from './server.js';
import { serverText } from './server-address.js';
import type { Asked } from './transport.js';

export interface ServerAnswer {
  readonly part: AnswerPart;
  readonly authoritative: boolean;
  readonly extendedErrors: readonly { readonly code: number; readonly text: string }[];
  /** `udp://…`, or `tcp://…` when it came that way. */
  readonly server: string;
}

export interface AttemptParts {
  readonly clock: Pick<Clock, 'now'>;
  readonly stats: DnsClientStats;
}

export interface AttemptListener {
  answered(answer: ServerAnswer): void;
  failed(failure: DnsFailure): void;
}

/** More messages than the remedies above can need. */
const mostSends = 6;
const badVersion = 16;

export class Attempt {
  readonly beganMs: number;
  private asked: Asked | undefined;
  private sends = 0;
  private overTcp = false;
  /** Something came back: the server is there, whatever becomes of the question. */
  private isHeardOf = false;
  private isOver = false;

  constructor(
    readonly server: Server,
    private readonly question: Question,
    private readonly listener: AttemptListener,
    private readonly parts: AttemptParts,
    /** Whether the process stays alive for the answer. */
    private readonly isHeld: boolean,
  ) {
    this.beganMs = parts.clock.now();
    server.lastAskedMs = this.beganMs;
  }

  get elapsedMs(): number {
    return this.parts.clock.now() - this.beganMs;
  }

  /** Apart from the constructor, for the listener may be told of a failure at once. */
  start(): void {
    this.send();
  }

  /** `silent`: it should have been here by now, and counts as a failure of the server. */
  cancel(why: 'silent' | 'superseded'): void {
    if (this.isOver) return;
    this.isOver = true;
    this.asked?.cancel(why);
    if (why === 'silent' && !this.isHeardOf) this.server.failed(this.elapsedMs);
  }

  private send(): void {
    if (++this.sends > mostSends) return this.fail(failureOf(new DnsParseError('the same question over and over', 0)));
    const { server, parts } = this;
    const edns = server.speaksEdns;
    const plain = encodeMessage(queryFor(this.question, edns ? this.edns() : undefined));
    const mixed = server.keepsCase && server.address.transport === 'udp' && !this.overTcp;
    const query = mixed ? Buffer.from(plain) : plain;
    if (mixed) mixCase(query);
    parts.stats.sent++;
    const way = this.overTcp ? server.wayOverTcp : server.way;
    this.asked = way.ask(
      query,
      {
        answered: (bytes, echo, ageSeconds) => {
          this.isHeardOf = true;
          if (echo === 'other-case' && mixed) return this.doubt();
          this.receive(edns, ageSeconds, () =>
            mixed && echo === 'exact' ? decodeRestored(bytes, query, plain) : decodeMessage(bytes),
          );
        },
        failed: (error) => this.notSent(error),
      },
      { isHeld: this.isHeld },
    );
  }

  private get isOverUdp(): boolean {
    return this.server.address.transport === 'udp' && !this.overTcp;
  }

  private edns(): Edns {
    const { clientCookie: client, serverCookie, udpBytes } = this.server;
    const sendsCookie = client && this.isOverUdp;
    return {
      udpSize: udpBytes,
      version: 0,
      dnssecOk: false,
      options: sendsCookie ? [{ type: 'cookie', client, server: serverCookie }] : [],
    };
  }

  /** An answer in other letters or without our cookie: forged, or from a server that knows no better. TCP tells. */
  private doubt(): void {
    this.parts.stats.doubted++;
    this.isDoubted = true;
    this.turnToTcp();
  }

  private isDoubted = false;

  private turnToTcp(): void {
    this.overTcp = true;
    this.send();
  }

  private notSent(error: Error): void {
    if (this.isDoubted && this.overTcp) {
      // No TCP there, so nothing can be made sure: take the server as it is.
      this.isDoubted = false;
      this.overTcp = false;
      this.trustUdp();
      return this.send();
    }
    this.fail(failureOf(error));
  }

  private trustUdp(): void {
    this.server.doesNotKeepCase();
    this.server.serverCookie = new Uint8Array();
  }

  private receive(edns: boolean, ageSeconds: number, decode: () => Message): void {
    let message: Message;
    try {
      message = decode();
    } catch (error) {
      return this.fail(failureOf(error as Error));
    }
    if (this.isOverUdp && edns && !this.checkCookie(message)) return this.doubt();
    // It said over UDP what it says over TCP: it only does not keep what we sent.
    if (this.isDoubted) this.trustUdp();
    if (message.rcode === rcodes.BADCOOKIE && this.isOverUdp) {
      return this.sends === 1 ? this.send() : this.turnToTcp();
    }
    const isTooNew = [rcodes.FORMERR, rcodes.NOTIMP, badVersion].includes(message.rcode);
    if (isTooNew && edns) {
      this.server.doesNotSpeakEdns();
      return this.send();
    }
    if (message.truncated && this.isOverUdp) {
      this.parts.stats.truncated++;
      return this.turnToTcp();
    }
    this.conclude(message, ageSeconds);
  }

  /** Whether the answer carries our cookie, where the server is known to send it back; keeps the server's. */
  private checkCookie({ edns }: Message): boolean {
    const { clientCookie, serverCookie } = this.server;
    if (!clientCookie) return true;
    const cookie = edns?.options.find((option) => option.type === 'cookie');
    if (cookie?.type !== 'cookie') return serverCookie.length === 0;
    if (!Buffer.from(clientCookie).equals(cookie.client)) return false;
    if (cookie.server.length > 0) this.server.serverCookie = cookie.server;
    return true;
  }

  private conclude(message: Message, ageSeconds: number): void {
    const { rcode, edns } = message;
    const extendedErrors =
      edns?.options.flatMap((option) => (option.type === 'ede' ? [{ code: option.code, text: option.text }] : [])) ??
      [];
    if (rcode !== rcodes.NOERROR && rcode !== rcodes.NXDOMAIN) {
      const told = extendedErrors.map(({ code, text }) => (text === '' ? `extended error ${code}` : text)).join(', ');
      return this.fail(rcodeFailure(rcode, told));
    }
    if (message.truncated) return this.fail(failureOf(new DnsParseError('cut short over a stream', 0)));
    let part: AnswerPart;
    try {
      part = readAnswer(ageSeconds === 0 ? message : aged(message, ageSeconds), this.question);
    } catch (error) {
      return this.fail(failureOf(error as Error));
    }
    this.isOver = true;
    this.server.answered(this.elapsedMs);
    const { server } = this;
    const text = this.overTcp ? serverText({ ...server.address, transport: 'tcp' }) : server.text;
    this.listener.answered({ part, authoritative: message.authoritative, extendedErrors, server: text });
  }

  private fail(failure: DnsFailure): void {
    this.isOver = true;
    if (failure.kind === 'malformed') this.parts.stats.malformed++;
    this.server.failed();
    this.listener.failed(failure);
  }
}

/** Spelt out, for spreading `emptyQuery` takes twice as long as encoding it. */
function queryFor(question: Question, edns: Edns | undefined): Message {
  return {
    id: 0,
    response: false,
    opcode: 0,
    authoritative: false,
    truncated: false,
    recursionDesired: true,
    recursionAvailable: false,
    authenticData: false,
    checkingDisabled: false,
    rcode: 0,
    questions: [question],
    answers: [],
    authorities: [],
    additionals: [],
    edns,
  };
}

export function questionFor(name: string, type: number): Question {
  return { name, type, class: classCodes.IN };
}

function aged(message: Message, seconds: number): Message {
  const older = (record: ResourceRecord): ResourceRecord => ({ ...record, ttl: Math.max(0, record.ttl - seconds) });
  return {
    ...message,
    answers: message.answers.map(older),
    authorities: message.authorities.map(older),
    additionals: message.additionals.map(older),
  };
}
