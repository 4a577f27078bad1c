import type { Readable } from 'node:stream';
import { Pool, type Dispatcher } from 'undici';
import { defaults, limits, ServiceDiscoveryError } from '../../model/index.js';
import type { Clock } from '../../runtime/index.js';
import type { PeerLiveness } from '../peer-liveness.js';
import type { AgentAddress } from './agent-address.js';
import type { Method, RawAnswer, StreamAnswer } from './call.js';
import { ended, ExchangeFailure, unreachable } from './failure.js';

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
  readonly maxAnswerBytes: number;
  /** Looks after requests that are held. */
  readonly liveness: PeerLiveness;
}

/** One request as it goes on the wire. */
export interface WireRequest {
  readonly method: Method;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | Readable | null;
  readonly signal?: AbortSignal;
  /** For this attempt, ms. */
  readonly timeoutMs: number;
  /** Whether more time is left for attempts elsewhere. */
  readonly share: boolean;
  readonly lane: Lane;
}

/** Requests that the agent holds must never keep the others waiting for a connection. */
export type Lane = 'calls' | 'held' | 'probe';

type End = 'slow' | 'late' | 'down' | 'aborted';

/**
 * The way to one agent: a bounded pool of kept connections per lane, the exchanges under way, and when the address last
 * failed. Our own deadlines are the only ones: a blocking query may be held for ten minutes and more.
 */
export class AgentLink {
  readonly shown: string;
  /** Learnt from answers; '' until then. */
  datacenter = '';
  readonly #address: AgentAddress;
  readonly #tls: () => TlsMaterial;
  readonly #settings: LinkSettings;
  readonly #pools = new Map<Lane, Pool>();
  readonly #underWay = new Set<(end: End) => void>();
  #failures = 0;
  #failedAt = Number.NEGATIVE_INFINITY;

  constructor(address: AgentAddress, tls: () => TlsMaterial, settings: LinkSettings) {
    this.shown = address.shown;
    this.#address = address;
    this.#tls = tls;
    this.#settings = settings;
  }

  /** When it may be preferred again, on the clock; in the past for one that works. */
  get restsUntil(): number {
    const { first, longest } = REST_MS;
    return this.#failures === 0 ? 0 : this.#failedAt + Math.min(longest, first * 2 ** (this.#failures - 1));
  }

  /** Of many exchanges that fail together, one counts. */
  failed(beganAt: number): void {
    if (beganAt < this.#failedAt) return;
    this.#failures = Math.min(this.#failures + 1, 16);
    this.#failedAt = this.#settings.clock.now();
  }

  /** An exchange begun then went well; one begun before the last failure proves nothing. */
  worked(beganAt: number): boolean {
    if (beganAt < this.#failedAt) return false;
    this.#failures = 0;
    return true;
  }

  /** Ends all exchanges under way. */
  async close(): Promise<void> {
    for (const end of this.#underWay) end('down');
    await Promise.all([...this.#pools.values()].map((pool) => pool.destroy()));
  }

  /** The whole answer. Rejects with an ExchangeFailure. */
  ask(request: WireRequest): Promise<RawAnswer> {
    return this.#exchange(request, async (response, finish) => {
      const answered = answeredBy(this.shown, response);
      const bytes = await this.#read(response);
      finish();
      return { ...answered, bytes };
    });
  }

  /** The answer with its body to come; `isAnswer` false: the whole body instead, for the refusal. */
  open(request: WireRequest, isAnswer: (status: number) => boolean): Promise<StreamAnswer | RawAnswer> {
    return this.#exchange(request, async (response, finish) => {
      const answered = answeredBy(this.shown, response);
      if (isAnswer(response.statusCode)) {
        finish(response.body);
        return { ...answered, body: response.body };
      }
      const bytes = await this.#read(response);
      finish();
      return { ...answered, bytes };
    });
  }

  /**
   * Whether anybody answers there: any answer counts. On a connection that nothing else uses. Rejects when nobody does.
   */
  async probe(signal: AbortSignal): Promise<void> {
    const timeoutMs = defaults.peerProbeMs;
    const target = '/v1/status/leader';
    await this.ask({
      method: 'OPTIONS',
      target,
      headers: {},
      body: null,
      signal,
      timeoutMs,
      share: false,
      lane: 'probe',
    });
  }

  /**
   * `receive` calls `finish` when the deadline is met; with a stream the exchange stays under way, for `cut` and the
   * caller's signal, until that is over.
   */
  async #exchange<T>(
    request: WireRequest,
    receive: (response: Dispatcher.ResponseData, finish: (rest?: Readable) => void) => Promise<T>,
  ): Promise<T> {
    const { signal, timeoutMs } = request;
    const { clock, liveness } = this.#settings;
    const controller = new AbortController();
    let why: End | undefined;
    const end = (reason: End): void => {
      why ??= reason;
      controller.abort();
    };
    const onAbort = (): void => end('aborted');
    const stopTimer = clock.after(timeoutMs, () => end(request.share ? 'slow' : 'late'));
    const standing = request.lane === 'held' ? liveness.standing(this.shown, () => end('down')) : undefined;
    const release = (): void => {
      stopTimer();
      standing?.ended();
      this.#underWay.delete(end);
      signal?.removeEventListener('abort', onAbort);
    };
    if (signal?.aborted === true) end('aborted');
    signal?.addEventListener('abort', onAbort, { once: true });
    this.#underWay.add(end);
    try {
      const response = await this.#pool(request.lane).request({
        method: request.method,
        path: request.target,
        headers: request.headers,
        body: request.body,
        signal: controller.signal,
        headersTimeout: 0,
        bodyTimeout: 0,
      });
      liveness.heard(this.shown);
      return await receive(response, (rest) => {
        if (rest === undefined) return release();
        stopTimer();
        rest.once('close', release);
      });
    } catch (error) {
      release();
      if (error instanceof ExchangeFailure) throw error;
      throw why === undefined ? unreachable(this.shown, error) : ended(why, this.shown, timeoutMs, error);
    }
  }

  async #read({ headers, body }: Dispatcher.ResponseData): Promise<Buffer> {
    const { maxAnswerBytes } = this.#settings;
    const parts: Buffer[] = [];
    let size = Number(headers['content-length'] ?? 0);
    if (size <= maxAnswerBytes) {
      size = 0;
      for await (const part of body as AsyncIterable<Buffer>) {
        size += part.length;
        if (size > maxAnswerBytes) break;
        parts.push(part);
      }
    }
    if (size <= maxAnswerBytes) return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts, size);
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
    const pool = new Pool(origin, {
      connections: connectionsOf(lane, this.#settings.maxConnections),
      pipelining: 1,
      connect: {
        ...(origin.startsWith('https:') ? this.#tls() : {}),
        ...(socketPath === undefined ? {} : { socketPath }),
        timeout: defaults.consulConnectTimeoutMs,
        keepAlive: true,
        keepAliveInitialDelay: defaults.consulKeepAliveDelayMs,
      },
    });
    this.#pools.set(lane, pool);
    return pool;
  }
}

/** How long a failed address is asked last. */
const REST_MS = { first: 1_000, longest: 30_000 };

function connectionsOf(lane: Lane, maxConnections: number): number {
  const calls = Math.max(1, Math.floor(maxConnections / limits.consulCallsPart));
  if (lane === 'probe') return 1;
  return lane === 'calls' ? calls : Math.max(1, maxConnections - calls);
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
