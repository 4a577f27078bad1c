/**
 * Names that are not ours, asked of other servers (docs/contract.md section 5.3): over the transport the question came
 * by, in order or at random, the next one after a timeout, a refusal or SERVFAIL. Answers must come from the server
 * asked, with our random id and our question (RFC 5452); every question has a socket, and so a port, of its own.
 */
import { randomInt } from 'node:crypto';
import { isIP } from 'node:net';
import { invalid, limits } from '../../model/index.js';
import { shuffled } from '../../runtime/index.js';
import type { Clock, Logger, Random } from '../../runtime/index.js';
import { classCodes, decodeMessage, emptyQuery, encodeMessage, rcodes, typeCodes } from '../wire/index.js';
import type { EdnsOption, Message, ResourceRecord } from '../wire/index.js';
import type { DnsStats } from './dns-stats.js';
import { askOverTcp, askOverUdp } from '../client/exchange.js';
import type { ServerAddress } from '../client/exchange.js';

export interface RecursorParts {
  readonly addresses: readonly string[];
  readonly strategy: 'sequential' | 'random';
  readonly timeoutMs: number;
  readonly clock: Pick<Clock, 'after'>;
  readonly random: Random;
  readonly stats: DnsStats;
  readonly logger: Logger;
}

const dnsPort = 53;
/** Options between the asker and us, or that we can stand for ourselves. */
const hopByHop: readonly EdnsOption['type'][] = ['cookie', 'keepalive'];

export class Recursors {
  private readonly servers: readonly ServerAddress[];
  private asking = 0;
  private readonly closing = new AbortController();

  constructor(private readonly parts: RecursorParts) {
    this.servers = parts.addresses.map(parseServer);
  }

  /** The answer's bytes with an id of ours, or undefined when nobody gave a usable one. */
  async forward(query: Message, transport: 'udp' | 'tcp'): Promise<Buffer | undefined> {
    const { stats } = this.parts;
    if (this.asking >= limits.dnsRecursions) {
      stats.recursionsRefused++;
      return undefined;
    }
    this.asking++;
    stats.recursions++;
    try {
      const answer = await this.askInTurn(encodeMessage(passedOn(query)), transport);
      if (!answer) stats.recursionsFailed++;
      return answer;
    } finally {
      this.asking--;
    }
  }

  /** Addresses (and aliases) of a name that an answer of ours leads to; none when it cannot be found out. */
  async lookUp(name: string, asked: number): Promise<readonly ResourceRecord[]> {
    const type = asked === typeCodes.AAAA ? typeCodes.AAAA : typeCodes.A;
    const bytes = await this.forward({ ...emptyQuery, questions: [{ name, type, class: classCodes.IN }] }, 'udp');
    if (!bytes) return [];
    try {
      return decodeMessage(bytes).answers;
    } catch {
      this.parts.stats.recursionsFailed++;
      return [];
    }
  }

  close(): void {
    this.closing.abort();
  }

  private async askInTurn(question: Buffer, transport: 'udp' | 'tcp'): Promise<Buffer | undefined> {
    const { strategy, random, timeoutMs, clock, logger } = this.parts;
    const ask = transport === 'udp' ? askOverUdp : askOverTcp;
    for (const server of strategy === 'random' ? shuffled(this.servers, random) : this.servers) {
      if (this.closing.signal.aborted) return undefined;
      question.writeUInt16BE(randomInt(0x10000), 0);
      try {
        const answer = await ask(server, question, { timeoutMs, clock, signal: this.closing.signal });
        const rcode = (answer[3] as number) & 0xf;
        if (rcode !== rcodes.SERVFAIL && rcode !== rcodes.REFUSED) return answer;
      } catch (error) {
        logger.debug({ error, server: server.host }, 'dns.recursor_failed');
      }
    }
    return undefined;
  }
}

/** The question as the asker meant it, without what is between the asker and us. */
function passedOn(query: Message): Message {
  const { recursionDesired, checkingDisabled, authenticData, questions, edns } = query;
  const message = { ...emptyQuery, recursionDesired, checkingDisabled, authenticData, questions };
  if (!edns) return message;
  return { ...message, edns: { ...edns, options: edns.options.filter((option) => !hopByHop.includes(option.type)) } };
}

/** `10.0.0.1`, `10.0.0.1:5353`, `fd00::1`, `[fd00::1]:53`. */
function parseServer(text: string): ServerAddress {
  if (isIP(text)) return { host: text, port: dnsPort };
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text);
  const host = match?.[1] ?? match?.[2] ?? '';
  const port = Number(match?.[3] ?? dnsPort);
  if (!isIP(host) || port < 1 || port > 65_535) {
    throw invalid(`recursors: "${text}" is not an IP address with or without a port, for example 10.0.0.1:53`);
  }
  return { host, port };
}
