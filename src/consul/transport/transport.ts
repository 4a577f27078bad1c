import { Readable } from 'node:stream';
import { defaults, invalid, limits, ServiceDiscoveryError, toJson, type ErrorCode } from '../../model/index.js';
import type { ResolvedOptions } from '../options.js';
import { LeaderLookout } from '../leader-lookout.js';
import type { ReadOf } from '../leader-lookout.js';
import { PeerLiveness } from '../peer-liveness.js';
import { AgentLink, type WireRequest } from './agent-link.js';
import type { Call, RawAnswer, StreamAnswer } from './call.js';
import { Credentials } from './credentials.js';
import { combined, ExchangeFailure, type FailureKind } from './failure.js';
import { Preference } from './preference.js';
import { isOfAnotherDatacenter, refusalOf } from './refusal.js';
import { searchOf, type QueryParameters } from './search.js';
import { WideIndexes } from './wide-index.js';

/**
 * Calls to whichever address works. The one that answered last is asked first; one that failed is asked last for a
 * while. A read goes on to the next address when it got no answer, or was told that the agent has none to give; a write
 * only when it cannot have been sent. A blocking query that goes to another address than the one its index is from
 * begins at 0: an index of one agent means nothing to another.
 *
 * What an agent has of its own (`agent/…`) no other agent can answer: such calls leave it only once it is sure to be out
 * of reach, and not for being slow or without servers, when every agent is. (Consul's agents keep such calls waiting for
 * seconds while their servers have no leader.)
 */
export class Transport {
  readonly indexes = new WideIndexes();
  readonly #options: ResolvedOptions;
  readonly #credentials: Credentials;
  readonly #links: readonly AgentLink[];
  /** For what any agent can answer. */
  readonly #common: Preference<AgentLink>;
  /** For what is an agent's own. */
  readonly #own: Preference<AgentLink>;
  readonly #leaders: Readonly<Record<ReadOf, LeaderLookout>>;
  readonly #inDoubt = new Set<AgentLink>();
  #underWay = 0;
  #closed: Promise<void> | undefined;

  constructor(options: ResolvedOptions) {
    this.#options = options;
    this.#credentials = new Credentials(options);
    const lookout = (of: ReadOf) =>
      new LeaderLookout(
        async (address, signal) => (await this.#link(address)?.hasLeader(of, signal)) ?? true,
        options.clock,
      );
    const leaders = { catalog: lookout('catalog'), state: lookout('state') };
    this.#leaders = leaders;
    const liveness = new PeerLiveness(async (address, signal) => this.#link(address)?.probe(signal), options.clock);
    const tls = () => this.#credentials.tls();
    this.#links = options.addresses.map((address) => new AgentLink(address, tls, { ...options, liveness, leaders }));
    this.#common = new Preference(this.#links, options.clock);
    this.#own = new Preference(this.#links, options.clock);
  }

  /** Addresses as shown to people, the one asked first first, for what any agent can answer. */
  get addresses(): readonly string[] {
    return this.#common.inOrder().map((link) => link.shown);
  }

  call(call: Call): Promise<RawAnswer> {
    return this.#run(call, isHeld(call), (link, request) => link.ask(request));
  }

  /** With the body still to come: no deadline but for its beginning. */
  stream(call: Call): Promise<StreamAnswer> {
    const isAnswer = (status: number): boolean => isAccepted(call, status);
    return this.#run(call, true, (link, request) => link.open(request, isAnswer)) as Promise<StreamAnswer>;
  }

  /** What the answers of an address say of its datacenter; '' while they said nothing. */
  datacenterOf(address: string): string {
    return this.#link(address)?.datacenter ?? '';
  }

  learnDatacenter(address: string, datacenter: string): void {
    const link = this.#link(address);
    if (link) link.datacenter = datacenter;
  }

  /** Ends what is under way. Harmless twice. */
  close(): Promise<void> {
    this.#closed ??= Promise.all(this.#links.map((link) => link.close())).then(() => {});
    return this.#closed;
  }

  async #run<T extends RawAnswer | StreamAnswer>(
    call: Call,
    held: boolean,
    exchange: (link: AgentLink, request: WireRequest) => Promise<T>,
  ): Promise<T> {
    if (this.#underWay >= limits.consulCallsAtOnce) {
      throw new ServiceDiscoveryError('UNAVAILABLE', `more than ${limits.consulCallsAtOnce} calls are under way`);
    }
    this.#underWay += 1;
    try {
      return await this.#attempts(call, held, exchange);
    } finally {
      this.#underWay -= 1;
    }
  }

  async #attempts<T extends RawAnswer | StreamAnswer>(
    call: Call,
    held: boolean,
    exchange: (link: AgentLink, request: WireRequest) => Promise<T>,
  ): Promise<T> {
    const { clock } = this.#options;
    const timeoutMs = this.#timeoutOf(call);
    const deadline = clock.now() + timeoutMs;
    const own = isAgentsOwn(call);
    const preference = own ? this.#own : this.#common;
    const order = preference.inOrder();
    const failures: ServiceDiscoveryError[] = [];
    for (let attempt = 0; ; attempt++) {
      if (this.#closed) throw new ServiceDiscoveryError('CLOSED', 'the client is closed');
      const link = order[attempt] as AgentLink;
      const beganAt = clock.now();
      const leftMs = Math.max(1, deadline - beganAt);
      // Of a read that any agent can answer, each address gets its share of the time; one that is held may take all of it.
      const others = isRead(call) && !held && !own ? order.length - attempt - 1 : 0;
      const timing = { timeoutMs: Math.ceil(leftMs / (others + 1)), share: others > 0 };
      try {
        const indexFrom = attempt === 0 ? (call.blocking?.indexFrom ?? link.shown) : undefined;
        const isThere = indexFrom === link.shown;
        const target = (mostWaitMs: number) => call.path + searchOf(this.#query(call, isThere, mostWaitMs));
        const lane = held ? 'held' : 'calls';
        const request = {
          ...this.#request(call),
          ...timing,
          target,
          lane,
          own,
          needsLeader: needsLeader(call) ? readOf(call) : undefined,
        } as const;
        const answer = await exchange(link, request);
        if (isAccepted(call, answer.status)) {
          preference.worked(link, beganAt);
          if (!own && answer.header('x-consul-knownleader') === 'true')
            this.#leaders[readOf(call)].confirmed(link.shown);
          return answer;
        }
        throw this.#refused(call, answer as RawAnswer);
      } catch (error) {
        if (!(error instanceof ExchangeFailure)) throw error;
        if (this.#closed) throw new ServiceDiscoveryError('CLOSED', 'the client was closed', { cause: error.error });
        failures.push(error.error);
        this.#judge(link, beganAt, error, own, timing.timeoutMs);
        // A kept connection may have been closed by the agent while the request was on its way: once more, on a new one.
        if (isLostConnection(error) && (own || order.length === 1) && order.indexOf(link) === attempt)
          order.splice(attempt + 1, 0, link);
        if (
          attempt + 1 === order.length ||
          !mayGoOn(call, error, order[attempt + 1] === link) ||
          clock.now() >= deadline
        )
          throw combined(failures);
      }
    }
  }

  /** What a failure says of its address. */
  #judge(link: AgentLink, beganAt: number, error: ExchangeFailure, own: boolean, timeoutMs: number): void {
    if (error.kind === 'refused' || (own && error.kind === 'serverless')) {
      (own ? this.#own : this.#common).worked(link, beganAt);
    } else if (isOutOfReach(error)) {
      this.#common.failed(link, beganAt);
      this.#own.failed(link, beganAt);
    } else if (isOfTheAddress(error, timeoutMs)) {
      if (own) this.#lookAfter(link);
      else this.#common.failed(link, beganAt);
    }
  }

  /** Whether it is there at all decides on its own calls; being slow does not. */
  #lookAfter(link: AgentLink): void {
    if (this.#links.length === 1 || this.#inDoubt.has(link)) return;
    this.#inDoubt.add(link);
    const beganAt = this.#options.clock.now();
    link
      .probe()
      .catch(() => {
        this.#common.failed(link, beganAt);
        this.#own.failed(link, beganAt);
      })
      .finally(() => this.#inDoubt.delete(link));
  }

  #refused(call: Call, answer: RawAnswer): ExchangeFailure {
    const secrets = this.#credentials.secrets(call.token);
    const error = refusalOf(answer, `${call.method} ${call.path}`, secrets);
    return new ExchangeFailure(kindOf(answer.status, error), error);
  }

  #request(call: Call): Omit<WireRequest, 'target' | 'timeoutMs' | 'share' | 'lane'> {
    const { method, body, token, signal, headers, blocking } = call;
    const content = contentOf(body);
    return {
      method,
      headers: { ...this.#credentials.headers(token), ...content.headers, ...headers },
      body: content.body,
      signal,
      background: blocking?.background === true,
    };
  }

  /** `isThere`: it goes to where its index is from, and that has not failed since, which may have been a restart. */
  #query({ query, blocking }: Call, isThere: boolean, mostWaitMs: number): QueryParameters {
    const { namespace } = this.#options;
    const index = isThere && blocking && blocking.index > 0 ? this.indexes.write(blocking.index) : undefined;
    const hash = blocking?.hash;
    const wait = index === undefined && hash === undefined ? undefined : waitOf(blocking?.waitMs, mostWaitMs);
    return { ...query, ns: namespace, index, hash, wait };
  }

  /** A held query's own time is what it may be held for, the agent's extra sixteenth, and a call's. */
  #timeoutOf(call: Call): number {
    const { timeoutMs } = this.#options;
    if (call.timeoutMs !== undefined) return checkedMs('timeoutMs', call.timeoutMs);
    if (!isHeld(call)) return timeoutMs;
    return Math.ceil((call.blocking?.waitMs ?? defaults.blockingWaitMs) * (17 / 16)) + timeoutMs;
  }

  #link(address: string): AgentLink | undefined {
    return this.#links.find((link) => link.shown === address);
  }
}

/** It cannot answer; another may. */
const ELSEWHERE: ReadonlySet<ErrorCode> = new Set(['NOT_READY', 'UNAVAILABLE', 'TIMEOUT']);
/** A caller in a greater hurry proves nothing about an address. */
const PATIENT_MS = 1_000;

function isRead({ method }: Call): boolean {
  return method === 'GET' || method === 'OPTIONS';
}

function isHeld({ blocking }: Call): boolean {
  return blocking !== undefined && (blocking.index > 0 || blocking.hash !== undefined);
}

/** A stale read does without, an agent's own too. */
function needsLeader(call: Call): boolean {
  return isHeld(call) && !isAgentsOwn(call) && call.query?.['stale'] !== true;
}

function readOf({ path }: Call): ReadOf {
  return /^\/v1\/(catalog|health)\//.test(path) ? 'catalog' : 'state';
}

function isAccepted({ accept }: Call, status: number): boolean {
  return (status >= 200 && status < 300) || accept?.includes(status) === true;
}

/** What an agent says of itself, its own instances and checks, which no other agent knows. */
function isAgentsOwn({ path }: Call): boolean {
  return path.startsWith('/v1/agent/');
}

/** A gateway's status is that of an agent which could not be reached behind it. */
function kindOf(status: number, error: ServiceDiscoveryError): FailureKind {
  if (!ELSEWHERE.has(error.code) || isOfAnotherDatacenter(error)) return 'refused';
  return status === 500 ? 'serverless' : 'broken';
}

function isOutOfReach(error: ExchangeFailure): boolean {
  const { kind } = error;
  return kind === 'unsent' || kind === 'down' || (kind === 'broken' && !isLostConnection(error));
}

function isOfTheAddress({ kind }: ExchangeFailure, timeoutMs: number): boolean {
  if (kind === 'late') return timeoutMs >= PATIENT_MS;
  return kind === 'broken' || kind === 'slow' || kind === 'serverless';
}

function isLostConnection({ kind, error }: ExchangeFailure): boolean {
  return kind === 'broken' && error.details['httpStatus'] === undefined;
}

function mayGoOn(call: Call, error: ExchangeFailure, toTheSame: boolean): boolean {
  if (isStream(call.body)) return false;
  if (error.kind === 'unsent') return true;
  if (!isRead(call)) return false;
  if (toTheSame || isOutOfReach(error)) return true;
  return !isAgentsOwn(call) && (error.kind === 'broken' || error.kind === 'slow' || error.kind === 'serverless');
}

function isStream(body: Call['body']): body is Readable | AsyncIterable<Uint8Array> {
  return typeof body === 'object' && Symbol.asyncIterator in body;
}

function contentOf(body: Call['body']): Pick<WireRequest, 'body' | 'headers'> {
  if (body === undefined) return { body: null, headers: {} };
  if (typeof body === 'string' || body instanceof Uint8Array) return { body, headers: {} };
  if (isStream(body)) return { body: body instanceof Readable ? body : Readable.from(body), headers: {} };
  return { body: toJson(body), headers: { 'content-type': 'application/json' } };
}

function waitOf(waitMs: number | undefined, mostMs: number): string | undefined {
  const ms = Math.min(waitMs === undefined ? Number.POSITIVE_INFINITY : checkedMs('waitMs', waitMs), mostMs);
  return ms === Number.POSITIVE_INFINITY ? undefined : `${Math.ceil(ms)}ms`;
}

function checkedMs(name: string, value: number): number {
  if (typeof value === 'number' && value > 0 && value < Number.POSITIVE_INFINITY) return value;
  throw invalid(`${name} must be a number of milliseconds above 0`, [{ field: name, rule: 'must be above 0' }]);
}
