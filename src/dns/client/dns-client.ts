/**
 * Asks DNS servers. In here: which server, over which transport, when another, and what of an answer may be believed.
 * Not in here: caching, and services (`client/dns` builds both on this). Node's own resolver is not used, for it has no
 * TTL for SRV, no SVCB, no EDNS and no word on which server said what.
 */
import { invalid, limits, ServiceDiscoveryError } from '../../model/index.js';
import type { CallOptions } from '../../model/index.js';
import { onAbort, realClock, realRandom, silentLogger } from '../../runtime/index.js';
import type { Clock } from '../../runtime/index.js';
import { DnsParseError, foldName, nameBytes, trimDot, typeCode, typeCodes } from '../wire/index.js';
import type { Question, ResourceRecord } from '../wire/index.js';
import { questionFor } from './attempt.js';
import type { ServerAnswer } from './attempt.js';
import type { DnsAnswer, DnsClient } from './dns-answer.js';
import { checkedOptions } from './dns-client-options.js';
import type { DnsClientOptions } from './dns-client-options.js';
import { DnsClientStats } from './dns-client-stats.js';
import { failureOf, queryError } from './failure.js';
import { HedgeBudget } from './hedge-budget.js';
import { probe } from './probe.js';
import { Race } from './race.js';
import type { RaceParts } from './race.js';
import { checkedServers } from './server-address.js';
import { toProbe } from './server-choice.js';
import { Server } from './server.js';
import { clientTurns } from './turns.js';

/** What `createDnsClient` makes: a `DnsClient` that can be looked into. */
export interface CoreDnsClient extends DnsClient, AsyncDisposable {
  readonly stats: Readonly<DnsClientStats>;
  /** In the order given. */
  readonly servers: readonly DnsServerReport[];
}

export interface DnsServerReport {
  /** `udp://127.0.0.1:8600` */
  readonly server: string;
  /** Smoothed time to an answer; undefined before the first. */
  readonly roundTripMs: number | undefined;
  /** In a row. From 3 on it is asked with one question in ten, and when nobody else is left. */
  readonly failures: number;
}

/** Throws INVALID_ARGUMENT naming the entry or option and the rule it breaks. Opens nothing. */
export function createDnsClient(options: DnsClientOptions): CoreDnsClient {
  return new Client(options);
}

/** Types that ask for something else than records of a name. */
const metaTypes: readonly number[] = [0, typeCodes.OPT, typeCodes.AXFR, typeCodes.IXFR];

/** Ends a question from outside: an abort, or the close. */
type Stop = (error: ServiceDiscoveryError) => void;

class Client implements CoreDnsClient {
  readonly stats = new DnsClientStats();
  private readonly known: readonly Server[];
  private readonly parts: RaceParts;
  private readonly clock: Clock;
  private readonly turns = clientTurns();
  private readonly underWay = new Set<Stop>();
  private isClosed = false;

  constructor(options: DnsClientOptions) {
    const { clock = realClock, random = realRandom, logger = silentLogger } = options;
    const { hedge = true, mixCase = true, cookies } = options;
    const { timeoutMs, retry } = checkedOptions(options);
    const { stats } = this;
    this.known = checkedServers(options.servers).map(
      (address) => new Server(address, { clock, stats, logger, mixesCase: mixCase, cookies }),
    );
    const hedges = hedge && this.known.length > 1 ? new HedgeBudget() : undefined;
    this.parts = { servers: this.known, timeoutMs, retry, clock, random, stats, hedges };
    this.clock = clock;
  }

  get servers(): readonly DnsServerReport[] {
    return this.known.map(({ text, roundTrip, failures }) => ({
      server: text,
      roundTripMs: roundTrip?.smoothedMs,
      failures,
    }));
  }

  async query(name: string, type: number | string, options: CallOptions = {}): Promise<DnsAnswer> {
    const { timeoutMs, retry } = this.parts;
    const question = checkedQuestion(name, type);
    const wholeMs = options.timeoutMs ?? timeoutMs * retry.attempts;
    if (!(wholeMs > 0)) throw invalid('timeoutMs must be more than 0', [{ field: 'timeoutMs', rule: 'more than 0' }]);
    const beganMs = this.clock.now();
    const deadlineMs = beganMs + wholeMs;
    const turn = this.takeTurn(question, deadlineMs, options.signal);
    // No await without need: it costs a turn of the microtasks.
    if (turn) await turn;
    try {
      return await this.follow(question, beganMs, deadlineMs, options.signal);
    } finally {
      this.turns.giveBack();
    }
  }

  close(): Promise<void> {
    this.isClosed = true;
    for (const stop of this.underWay) stop(closed());
    for (const server of this.known) server.close();
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Asks on while an answer ends in an alias to a name of which it says nothing. */
  private async follow(
    question: Question,
    beganMs: number,
    deadlineMs: number,
    signal: AbortSignal | undefined,
  ): Promise<DnsAnswer> {
    const aliases: ResourceRecord[] = [];
    let leastTtl = Number.POSITIVE_INFINITY;
    let asked = question;
    for (let questions = 1; ; questions++) {
      const { part, authoritative, extendedErrors, server } = await this.ask(asked, deadlineMs, signal);
      aliases.push(...part.aliases);
      leastTtl = Math.min(leastTtl, part.ttlSeconds);
      if (part.outcome !== 'alias') {
        return {
          name: question.name,
          type: question.type,
          outcome: part.outcome,
          records: part.records,
          aliases,
          additionals: part.additionals,
          ttlSeconds: leastTtl,
          authoritative,
          extendedErrors,
          server,
          elapsedMs: this.clock.now() - beganMs,
        };
      }
      const trouble = troubleWith(aliases, questions);
      if (trouble !== undefined) {
        const { kind, text, cause } = failureOf(new DnsParseError(trouble, 0));
        throw queryError(question, [{ server, dns: kind, text, elapsedMs: this.clock.now() - beganMs }], cause);
      }
      asked = questionFor(targetOf(aliases.at(-1)), question.type);
    }
  }

  private ask(question: Question, deadlineMs: number, signal: AbortSignal | undefined): Promise<ServerAnswer> {
    for (const server of toProbe(this.known, this.clock.now(), this.parts.random)) probe(server, question, this.parts);
    return this.stoppable(signal, (done, failed) => {
      const race = new Race(question, deadlineMs, { answered: done, failed }, this.parts);
      race.start();
      return () => race.stop();
    });
  }

  /** Nothing to wait for when it is one's turn at once. */
  private takeTurn(question: Question, deadlineMs: number, signal: AbortSignal | undefined): Promise<void> | undefined {
    this.refuseIfOver(signal);
    const inLine = { go: () => {} };
    if (this.turns.take(inLine)) return undefined;
    return this.stoppable<void>(signal, (done, failed) => {
      const cancelTimer = this.clock.after(deadlineMs - this.clock.now(), () => {
        this.turns.leave(inLine);
        failed(queryError(question, [], undefined));
      });
      inLine.go = () => {
        cancelTimer();
        done();
      };
      return () => {
        cancelTimer();
        this.turns.leave(inLine);
      };
    });
  }

  /** What can be ended by the signal and by the close; `begin` returns how to let go of it. */
  private stoppable<T>(
    signal: AbortSignal | undefined,
    begin: (done: (value: T) => void, failed: (error: Error) => void) => () => void,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      this.refuseIfOver(signal);
      const over = (): void => {
        this.underWay.delete(stop);
        ignore();
      };
      const stop: Stop = (error) => {
        over();
        letGo();
        reject(error);
      };
      this.underWay.add(stop);
      const ignore = onAbort(signal, () => stop(aborted(signal)));
      const letGo = begin(
        (value) => {
          over();
          resolve(value);
        },
        (error) => {
          over();
          reject(error);
        },
      );
    });
  }

  private refuseIfOver(signal: AbortSignal | undefined): void {
    if (this.isClosed) throw closed();
    if (signal?.aborted === true) throw aborted(signal);
  }
}

function checkedQuestion(name: string, type: number | string): Question {
  const text = typeof name === 'string' ? trimDot(name) : '';
  if (typeof name !== 'string' || name === '' || nameBytes(text) === undefined) {
    const rule = 'must be a DNS name: labels of 1 to 63 bytes, 255 bytes in all';
    throw invalid(`name: "${name}" ${rule}`, [{ field: 'name', rule }]);
  }
  const code = typeof type === 'string' ? typeCode(type) : type;
  if (code === undefined || !Number.isInteger(code) || code > 0xffff || code < 0 || metaTypes.includes(code)) {
    const rule = 'must be a DNS record type: SRV, TYPE65, or a number of 1 to 65535; no transfers';
    throw invalid(`type: "${type}" ${rule}`, [{ field: 'type', rule }]);
  }
  return questionFor(text, code);
}

/** Why the chain is not followed any further; undefined when it may be. */
function troubleWith(aliases: readonly ResourceRecord[], questions: number): string | undefined {
  const names = new Set(aliases.map((alias) => foldName(alias.name)));
  if (names.has(foldName(targetOf(aliases.at(-1))))) return `the aliases lead in a circle`;
  if (aliases.length > limits.dnsClientAliases) return `more than ${limits.dnsClientAliases} aliases`;
  if (questions >= limits.dnsClientFollowed) return `aliases in more than ${limits.dnsClientFollowed} answers`;
  return undefined;
}

function targetOf(alias: ResourceRecord | undefined): string {
  return alias?.type === 'CNAME' ? alias.target : '.';
}

function aborted(signal: AbortSignal | undefined): ServiceDiscoveryError {
  return new ServiceDiscoveryError('ABORTED', 'the DNS question was given up', { cause: signal?.reason });
}

function closed(): ServiceDiscoveryError {
  return new ServiceDiscoveryError('CLOSED', 'the DNS client is closed');
}
