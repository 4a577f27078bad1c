import { parseJson } from '../../model/index.js';
import type { ConsulAnswer } from '../answer.js';
import type { Call, Method, RawAnswer } from '../transport/call.js';
import type { Path } from '../transport/path.js';
import { notAnAgent } from '../transport/refusal.js';
import { SPACE_HEADER } from '../transport/space-header.js';
import type { QueryParameters } from '../transport/search.js';
import type { Transport } from '../transport/transport.js';
import type { ConsulCallOptions, ConsulReadOptions } from './options.js';

/** What a family says of a call beyond its options. */
export interface Request {
  readonly query?: QueryParameters;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Call['body'];
  readonly accept?: readonly number[];
  /** Keeps integers beyond 2^53 as bigint. */
  readonly bigints?: boolean;
  /** What a wait by content hands in. */
  readonly hash?: string;
  /** What a 404 stands for: there is none yet, but an index to wait for it with. Default: an error. */
  readonly absent?: { readonly value: unknown };
}

type Form = 'list' | 'object' | 'any';
type Reading<T> = Promise<ConsulAnswer<T>>;

/** What every family makes its calls with. */
export class Calls {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** A list; null counts as the empty one. */
  list<T>(path: Path, options: ConsulReadOptions, request: Request = {}): Reading<T[]> {
    return this.#read<T[]>('list', path, options, request);
  }

  object<T extends object>(path: Path, options: ConsulReadOptions, request: Request = {}): Reading<T> {
    return this.#read<T>('object', path, options, request);
  }

  /** Anything that is JSON. */
  any<T>(path: Path, options: ConsulReadOptions, request: Request = {}): Reading<T> {
    return this.#read<T>('any', path, options, request);
  }

  /** The bytes of a read's answer as they are. */
  async bytes(path: Path, options: ConsulReadOptions, request: Request = {}): Reading<Buffer> {
    const raw = await this.#transport.call(readCall(path, options, request));
    return this.#answer(raw, absent(raw, request) ? (request.absent?.value as Buffer) : raw.bytes, options);
  }

  /** What a write answers. */
  async write<T>(method: Method, path: Path, options: ConsulCallOptions, request: Request = {}): Promise<T> {
    const raw = await this.#transport.call(callOf(method, path, options, request));
    return jsonOf(raw, request.bigints === true) as T;
  }

  /** A write whose answer means different things by its status. */
  async judged(method: Method, path: Path, options: ConsulCallOptions, request: Request) {
    const raw = await this.#transport.call(callOf(method, path, options, request));
    return { raw, value: jsonOf(raw, request.bigints === true) };
  }

  /** A write that answers nothing of interest. */
  async send(method: Method, path: Path, options: ConsulCallOptions, request: Request = {}): Promise<void> {
    await this.#transport.call(callOf(method, path, options, request));
  }

  /** Any call, its answer as it is. */
  async raw(method: Method, path: Path, options: ConsulCallOptions, request: Request = {}): Reading<Buffer> {
    const raw = await this.#transport.call(callOf(method, path, options, request));
    return this.#answer(raw, raw.bytes, options);
  }

  async stream(path: Path, options: ConsulReadOptions, request: Request = {}) {
    const answer = await this.#transport.stream(readCall(path, options, request));
    return this.#answer(answer, answer.body, options);
  }

  async #read<T>(form: Form, path: Path, options: ConsulReadOptions, request: Request): Reading<T> {
    const raw = await this.#transport.call(readCall(path, options, request));
    const json = absent(raw, request) ? request.absent?.value : jsonOf(raw, request.bigints === true);
    const value = (json === undefined ? undefined : shaped(form, raw, json)) as T;
    if (raw.header(SPACE_HEADER) === undefined) this.#learn(raw.address, value, options);
    return this.#answer(raw, value, options);
  }

  #answer<T>(
    { status, address, header }: Pick<RawAnswer, 'status' | 'address' | 'header'>,
    value: T,
    { datacenter }: ConsulCallOptions,
  ): ConsulAnswer<T> {
    const known = datacenter || this.#transport.datacenterOf(address);
    return {
      value,
      status,
      index: this.#transport.indexes.read(header('x-consul-index')),
      indexSpace: header(SPACE_HEADER) ?? `consul:${known}`,
      knownLeader: header('x-consul-knownleader') !== 'false',
      lastContactMs: Number(header('x-consul-lastcontact') ?? 0) || 0,
      address,
      header,
    };
  }

  /** What was asked of no datacenter in particular came from the agent's own. */
  #learn(address: string, value: unknown, { datacenter = '' }: ConsulCallOptions): void {
    if (datacenter !== '' || this.#transport.datacenterOf(address) !== '') return;
    const found = datacenterIn(value);
    if (found !== undefined) this.#transport.learnDatacenter(address, found);
  }
}

/** Sent by our agents: their indexes are their own. */

interface Told {
  readonly Datacenter?: unknown;
  readonly Node?: { readonly Datacenter?: unknown } | string | null;
  readonly Config?: { readonly Datacenter?: unknown };
}

/** Lists of nodes and of instances name it, and agent/self does. */
function datacenterIn(value: unknown): string | undefined {
  const told = (Array.isArray(value) ? value[0] : value) as Told | null | undefined;
  if (typeof told !== 'object' || told === null) return undefined;
  const node = typeof told.Node === 'object' ? told.Node?.Datacenter : undefined;
  const found = told.Datacenter ?? node ?? told.Config?.Datacenter;
  return typeof found === 'string' && found !== '' ? found : undefined;
}

function readCall(path: Path, options: ConsulReadOptions, request: Request): Call {
  const { index, waitMs, indexFrom, background, consistency = 'default', maxStaleMs } = options;
  const call = callOf('GET', path, options, {
    ...request,
    query: {
      ...request.query,
      stale: consistency === 'stale',
      consistent: consistency === 'consistent',
      max_stale: maxStaleMs === undefined ? undefined : `${maxStaleMs}ms`,
    },
  });
  if (index === undefined && request.hash === undefined) return call;
  return { ...call, blocking: { index: index ?? 0, hash: request.hash, waitMs, indexFrom, background } };
}

function callOf(method: Method, path: Path, options: ConsulCallOptions, request: Request): Call {
  if (typeof path !== 'string') throw path;
  const { signal, timeoutMs, token, datacenter } = options;
  const { query, headers, body, absent, accept = absent === undefined ? undefined : [404] } = request;
  const dc = datacenter || undefined;
  return { method, path, query: { dc, ...query }, headers, body, accept, signal, timeoutMs, token };
}

/** Web servers say 404 too, of anything; agents send the index with it. */
function absent(raw: RawAnswer, request: Request): boolean {
  if (raw.status !== 404 || request.absent === undefined) return false;
  if (raw.header('x-consul-index') !== undefined) return true;
  throw notAnAgent(raw, '404 without an index');
}

function shaped(form: Form, raw: RawAnswer, value: unknown): unknown {
  if (form === 'any' || (form === 'list' && Array.isArray(value))) return value;
  if (form === 'list' && value === null) return [];
  if (form === 'object' && typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw notAnAgent(raw, `something that is not ${form === 'list' ? 'a list' : 'an object'}`);
}

function jsonOf(raw: RawAnswer, bigints: boolean): unknown {
  const text = raw.bytes.toString('utf8');
  try {
    return bigints ? parseJson(text, { bigints }) : (JSON.parse(text) as unknown);
  } catch (error) {
    throw notAnAgent(raw, 'something that is not JSON', error);
  }
}
