import type { Readable } from 'node:stream';
import { buildConnector, Pool, type Dispatcher } from 'undici';
import { defaults, limits, ServiceDiscoveryError } from '../../model/index.js';
import type { Clock } from '../../runtime/index.js';
import type { LeaderLookout, ReadOf } from '../leader-lookout.js';
import type { PeerLiveness } from '../peer-liveness.js';
import type { AgentAddress } from './agent-address.js';
import type { Method, RawAnswer, StreamAnswer } from './call.js';
import { AnswerStream } from './answer-stream.js';
import { ExchangeBounds } from './exchange-bounds.js';
import { ExchangeFailure } from './failure.js';
import { SPACE_HEADER } from './space-header.js';
import { HeldTurns } from './held-turns.js';

export interface TlsMaterial {
  readonly ca?: readonly (string | Buffer)[];
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

export interface LinkSettings {
  readonly clock: Clock;
  readonly maxConnections: number;
  /** Nobody asked for just so many connections. */
  readonly mayGrow: boolean;
  readonly maxAnswerBytes: number;
  /** Looks after requests that are held. */
  readonly liveness: PeerLiveness;
  readonly leaders: Readonly<Record<ReadOf, LeaderLookout>>;
}

/** One request as it goes on the wire. */
export interface WireRequest {
  readonly method: Method;
  /** Path and query, given how long the agent should be asked to hold it at most, ms. */
  readonly target: (mostWaitMs: number) => string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | Readable | null;
  readonly signal?: AbortSignal;
  /** For this attempt, ms. */
  readonly timeoutMs: number;
  /** Whether more time is left for attempts elsewhere. */
  readonly share: boolean;
  readonly lane: Lane;
  /** No other agent can answer it, so it has more patience, as long as somebody is there. */
  readonly own?: boolean;
  /** Held, it is worth nothing once the agent's servers have no leader for reads of it. */
  readonly needsLeader?: ReadOf | undefined;
  /** Held, it does not keep the process alive. */
  readonly background?: boolean;
}

/** Requests that the agent holds must never keep the others waiting for a connection. */
export type Lane = 'calls' | 'held' | 'probe' | 'leader';

/**
 * The way to one agent: a bounded pool of kept connections per lane, and the exchanges under way. Our own deadlines are
 * the only ones: a blocking query may be held for ten minutes and more.
 */
export class AgentLink {
  readonly shown: string;
  /** Learnt from answers; '' until then. */
  datacenter = '';
  readonly #address: AgentAddress;
  readonly #tls: () => TlsMaterial;
  readonly #settings: LinkSettings;
  readonly #pools = new Map<Lane, Pool>();
  readonly #underWay = new Set<ExchangeBounds>();
  readonly #turns: HeldTurns;
  readonly #isNearby: boolean;

  constructor(address: AgentAddress, tls: () => TlsMaterial, settings: LinkSettings) {
    this.shown = address.shown;
    this.#address = address;
    this.#tls = tls;
    this.#settings = settings;
    this.#turns = new HeldTurns(connectionsOf('held', settings.maxConnections));
    this.#isNearby = address.socketPath !== undefined || isLoopback(new URL(address.origin).hostname);
  }

  /** Ends all exchanges under way. */
  async close(): Promise<void> {
    for (const bounds of this.#underWay) bounds.end('down');
    await Promise.all([...this.#pools.values()].map((pool) => pool.destroy()));
  }

  /** The whole answer. Rejects with an ExchangeFailure. */
  async ask(request: WireRequest): Promise<RawAnswer> {
    const bounds = this.#begin(request);
    try {
      return await this.#whole(await this.#send(request, bounds));
    } catch (cause) {
      throw bounds.failureOf(cause);
    } finally {
      this.#end(bounds);
    }
  }

  /**
   * The answer with its body to come, which stays under way until that is over; the whole one when it is a refusal, as
   * `isAnswer` says of its status.
   */
  async open(request: WireRequest, isAnswer: (status: number) => boolean): Promise<StreamAnswer | RawAnswer> {
    const bounds = this.#begin(request);
    try {
      const response = await this.#send(request, bounds);
      if (!isAnswer(response.statusCode)) {
        const refusal = await this.#whole(response);
        this.#end(bounds);
        return refusal;
      }
      bounds.begun();
      const body = new AnswerStream(response.body, (cause) => bounds.failureOf(cause).error);
      body.once('close', () => this.#end(bounds));
      return { ...answeredBy(this.shown, response), body };
    } catch (cause) {
      this.#end(bounds);
      throw bounds.failureOf(cause);
    }
  }

  /**
   * Whether anybody answers there: any answer counts. On a connection that nothing else uses. Rejects when nobody does.
   */
  async probe(signal?: AbortSignal): Promise<void> {
    const bounds = { ...(signal && { signal }), timeoutMs: defaults.peerProbeMs, share: false };
    await this.ask({ ...bounds, method: 'OPTIONS', target: () => PROBE, headers: {}, body: null, lane: 'probe' });
  }

  /**
   * Whether the agent knows a leader of its servers: it says there is none, or fails to ask them; any other answer is a
   * yes. For reads of the catalog ours say beside it whether they are confirmed. On a connection of its own, as agents
   * take their time about it.
   */
  async hasLeader(of: ReadOf, signal: AbortSignal): Promise<boolean> {
    const timeoutMs = defaults.leaderLookMs * 2;
    const parts = { method: 'GET', target: () => PROBE, headers: {}, body: null, lane: 'leader' } as const;
    const { status, bytes, header } = await this.ask({ ...parts, signal, timeoutMs, share: false });
    const confirmed = of === 'catalog' ? header('x-consul-knownleader') : undefined;
    if (confirmed !== undefined) return confirmed === 'true';
    return status !== 500 && !(status === 200 && bytes.toString('utf8').trim() === '""');
  }

  #begin(request: WireRequest): ExchangeBounds {
    const bounds = new ExchangeBounds(this.shown, request, this.#settings.clock);
    if (request.lane === 'held' && request.background !== true) bounds.keepAwake();
    this.#underWay.add(bounds);
    return bounds;
  }

  #end(bounds: ExchangeBounds): void {
    bounds.release();
    this.#underWay.delete(bounds);
  }

  async #send(request: WireRequest, bounds: ExchangeBounds): Promise<Dispatcher.ResponseData> {
    const { method, headers, body, lane } = request;
    const { signal } = bounds;
    if (lane === 'held') {
      const { liveness, leaders } = this.#settings;
      bounds.standing(await this.#turns.enter(signal), liveness, request.needsLeader && leaders[request.needsLeader]);
    } else if (request.own === true) bounds.standing(() => {}, this.#settings.liveness);
    const path = request.target(lane === 'held' ? this.#turns.mostWaitMs : Number.POSITIVE_INFINITY);
    const unbounded = { headersTimeout: 0, bodyTimeout: 0 };
    const response = await this.#pool(lane).request({ method, path, headers, body, signal, ...unbounded });
    this.#settings.liveness.heard(this.shown);
    this.#learn(response);
    return response;
  }

  /**
   * Our agents do not count connections from their own machine, so there every held read may have one. Consul counts
   * them, from wherever they are.
   */
  #learn({ headers }: Dispatcher.ResponseData): void {
    if (this.#settings.mayGrow && this.#isNearby && headers[SPACE_HEADER] !== undefined) {
      this.#turns.allow(limits.consulHeldNearby);
    }
  }

  async #whole(response: Dispatcher.ResponseData): Promise<RawAnswer> {
    return { ...answeredBy(this.shown, response), bytes: await this.#read(response) };
  }

  async #read({ headers, body }: Dispatcher.ResponseData): Promise<Buffer> {
    const { maxAnswerBytes } = this.#settings;
    const isTooLarge = Number(headers['content-length'] ?? 0) > maxAnswerBytes;
    const bytes = isTooLarge ? undefined : await upTo(maxAnswerBytes, body);
    if (bytes) return bytes;
    body.on('error', () => {}).destroy();
    const error = new ServiceDiscoveryError(
      'TOO_LARGE',
      `the answer of ${this.shown} is larger than ${maxAnswerBytes} bytes (maxAnswerBytes)`,
      { details: { address: this.shown } },
    );
    throw new ExchangeFailure('refused', error);
  }

  #pool(lane: Lane): Pool {
    const known = this.#pools.get(lane);
    if (known) return known;
    const { socketPath, origin } = this.#address;
    const connector = buildConnector({
      ...(origin.startsWith('https:') ? (this.#tls() as buildConnector.BuildOptions) : {}),
      ...(socketPath === undefined ? {} : { socketPath }),
      timeout: defaults.consulConnectTimeoutMs,
      keepAlive: true,
      keepAliveInitialDelay: defaults.consulKeepAliveDelayMs,
    });
    const pool = new Pool(origin, {
      // Held reads are counted by their turns.
      connections: lane === 'held' ? null : connectionsOf(lane, this.#settings.maxConnections),
      pipelining: 1,
      connect: lane === 'held' ? quiet(connector) : connector,
    });
    this.#pools.set(lane, pool);
    return pool;
  }
}

/**
 * Connections of requests that are held keep no process alive, though undici refs those in use: whoever waits for such a
 * request does that (ExchangeBounds.keepAwake).
 */
function quiet(connector: buildConnector.connector): buildConnector.connector {
  return (options, callback) =>
    connector(options, (...[error, socket]: Parameters<buildConnector.Callback>) => {
      if (!socket) return callback(error, null);
      socket.unref();
      socket.ref = () => socket;
      callback(null, socket);
    });
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || host.startsWith('127.');
}

/** Touches nothing, and every agent answers it. */
const PROBE = '/v1/status/leader';

function connectionsOf(lane: Lane, maxConnections: number): number {
  const calls = Math.max(1, Math.floor(maxConnections / limits.consulCallsPart));
  if (lane === 'probe' || lane === 'leader') return 1;
  return lane === 'calls' ? calls : Math.max(1, maxConnections - calls);
}

/** Undefined when it is more. */
async function upTo(maxBytes: number, body: AsyncIterable<Buffer>): Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of body) {
    size += part.length;
    if (size > maxBytes) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts, size);
}

function answeredBy(address: string, { statusCode, headers }: Dispatcher.ResponseData) {
  return {
    status: statusCode,
    address,
    header: (name: string) => {
      const value = headers[name.toLowerCase()];
      return Array.isArray(value) ? value[0] : value;
    },
  };
}
