import { Pool } from 'undici';
import { ServiceDiscoveryError, type ErrorCode } from '../model/index.js';
import type { AgentAddress } from './agent-address.js';

/**
 * The CLI's way to an agent, ours or Consul's: one request, one answer, errors with the agent's own text. Standing
 * queries follow docs/contract.md section 1.6: an index that goes backwards starts again at 0.
 */
export interface AgentClient {
  /** As shown to people. */
  readonly address: string;
  /** The answer's JSON. */
  get<T>(path: string, query?: QueryParams): Promise<T>;
  put(path: string, options?: CallOptions): Promise<Answer>;
  call(method: Method, path: string, options?: CallOptions): Promise<Answer>;
  /** The answer's JSON now and after every change, until the signal aborts. Ends with the first error. */
  follow<T>(path: string, query: QueryParams, signal: AbortSignal): AsyncGenerator<T>;
  close(): Promise<void>;
}

type Method = 'GET' | 'PUT' | 'DELETE';
type QueryParams = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

interface CallOptions {
  readonly query?: QueryParams;
  /** An object goes as JSON, a buffer as it is. */
  readonly body?: object | Uint8Array;
  readonly signal?: AbortSignal;
  /** Default 10 s. */
  readonly timeoutMs?: number;
  /** Statuses besides 2xx that are answers rather than errors. */
  readonly accept?: readonly number[];
}

interface Answer {
  readonly status: number;
  readonly bytes: Buffer;
  /** X-Consul-Index; 0 when there is none. */
  readonly index: number;
  header(name: string): string | undefined;
  text(): string;
  json(): unknown;
}

const DEFAULT_TIMEOUT_MS = 10_000;
/** What a standing query asks to be held for; the agent may add a sixteenth. */
const HOLD_MS = 60_000;

export function createAgentClient(address: AgentAddress): AgentClient {
  const pool = new Pool(address.origin, {
    connect: { ...address.tls, ...(address.socketPath === undefined ? {} : { socketPath: address.socketPath }) },
  });
  const call = async (method: Method, path: string, options: CallOptions = {}): Promise<Answer> => {
    const answer = await exchange(pool, address, method, path, options);
    if (answer.status >= 200 && answer.status < 300) return answer;
    if (options.accept?.includes(answer.status) === true) return answer;
    throw refusal(answer, method, path, address);
  };
  return {
    address: address.shown,
    call,
    get: async <T>(path: string, query?: QueryParams) => (await call('GET', path, { query })).json() as T,
    put: (path, options) => call('PUT', path, options),
    follow: <T>(path: string, query: QueryParams, signal: AbortSignal) => follow<T>(call, path, query, signal),
    close: () => pool.destroy(),
  };
}

/** A path with its variable parts encoded: route`/v1/catalog/service/${name}`. */
export function route(strings: TemplateStringsArray, ...parts: readonly string[]): string {
  return strings.map((text, i) => text + (i < parts.length ? encodeURIComponent(parts[i] as string) : '')).join('');
}

async function exchange(
  pool: Pool,
  address: AgentAddress,
  method: Method,
  path: string,
  options: CallOptions,
): Promise<Answer> {
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const call = new AbortController();
  const abort = (): void => call.abort();
  const timer = setTimeout(abort, timeoutMs);
  if (options.signal?.aborted === true) abort();
  options.signal?.addEventListener('abort', abort, { once: true });
  try {
    const response = await pool.request({
      method,
      path: path + search(options.query),
      headers: headersOf(address, options.body),
      body: bodyOf(options.body),
      signal: call.signal,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    });
    const bytes = Buffer.from(await response.body.arrayBuffer());
    return answerOf(response.statusCode, response.headers, bytes);
  } catch (error) {
    if (options.signal?.aborted === true) throw new ServiceDiscoveryError('ABORTED', 'stopped', { cause: error });
    throw call.signal.aborted ? timedOut(address, timeoutMs, error) : unreachable(address, error);
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', abort);
  }
}

async function* follow<T>(
  call: (method: Method, path: string, options: CallOptions) => Promise<Answer>,
  path: string,
  query: QueryParams,
  signal: AbortSignal,
): AsyncGenerator<T> {
  let index = 0;
  while (!signal.aborted) {
    const wait = { ...query, index, wait: `${HOLD_MS / 1000}s` };
    const answer = await call('GET', path, { query: wait, signal, timeoutMs: HOLD_MS * 2 });
    const changed = answer.index !== index || index === 0;
    index = answer.index < index ? 0 : answer.index;
    if (changed) yield answer.json() as T;
  }
}

function headersOf(address: AgentAddress, body: CallOptions['body']): Record<string, string> {
  return {
    ...(address.token === '' ? {} : { 'x-consul-token': address.token }),
    ...(address.authorization === undefined ? {} : { authorization: address.authorization }),
    ...(body === undefined || body instanceof Uint8Array ? {} : { 'content-type': 'application/json' }),
  };
}

function bodyOf(body: CallOptions['body']): string | Uint8Array | null {
  if (body === undefined) return null;
  return body instanceof Uint8Array ? body : JSON.stringify(body);
}

function search(query: QueryParams = {}): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === false) continue;
    if (Array.isArray(value)) for (const item of value as readonly string[]) params.append(name, item);
    else params.append(name, value === true ? '' : String(value));
  }
  const text = params.toString();
  return text === '' ? '' : `?${text}`;
}

function answerOf(
  status: number,
  headers: Readonly<Record<string, string | string[] | undefined>>,
  bytes: Buffer,
): Answer {
  const header = (name: string): string | undefined => {
    const value = headers[name.toLowerCase()];
    return Array.isArray(value) ? value[0] : value;
  };
  return {
    status,
    bytes,
    index: Number(header('x-consul-index') ?? 0),
    header,
    text: () => bytes.toString('utf8'),
    json: () => parseAnswer(bytes),
  };
}

function parseAnswer(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch (error) {
    throw new ServiceDiscoveryError('INTERNAL', 'the agent answered something that is not JSON', {
      cause: error,
      details: { hint: 'Is that the address of an agent, and not of another web server?' },
    });
  }
}

const CODE_OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  405: 'UNSUPPORTED',
  409: 'CONFLICT',
  413: 'TOO_LARGE',
  429: 'RATE_LIMITED',
  501: 'UNSUPPORTED',
  503: 'UNAVAILABLE',
};

/** The agent's own words: they name the field or the thing. */
function refusal(answer: Answer, method: Method, path: string, address: AgentAddress): ServiceDiscoveryError {
  const said = answer.text().trim().slice(0, 2_000);
  const message = said === '' ? `${method} ${path}: ${answer.status} from ${address.shown}` : said;
  return new ServiceDiscoveryError(CODE_OF_STATUS[answer.status] ?? 'INTERNAL', message, {
    details: { httpStatus: answer.status },
  });
}

function unreachable(address: AgentAddress, cause: unknown): ServiceDiscoveryError {
  return new ServiceDiscoveryError('UNAVAILABLE', `cannot reach an agent at ${address.shown}: ${reason(cause)}`, {
    cause,
    details: isTrust(cause) ? {} : { hint: START_ONE },
  });
}

const START_ONE = 'Start one with "datapunk agent --dev", or name its address with --http-addr or CONSUL_HTTP_ADDR.';

/** The agent is there, but is not who it should be. */
function isTrust(cause: unknown): boolean {
  return /CERT|SIGNATURE/.test((cause as NodeJS.ErrnoException).code ?? '');
}

function timedOut(address: AgentAddress, timeoutMs: number, cause: unknown): ServiceDiscoveryError {
  return new ServiceDiscoveryError('TIMEOUT', `no answer from ${address.shown} within ${timeoutMs / 1000} s`, {
    cause,
    details: { hint: 'Look at the log of the agent, or try "datapunk doctor".' },
  });
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ENOENT: 'no such socket',
  EACCES: 'permission denied',
  ENOTFOUND: 'no such host',
  ECONNRESET: 'connection closed',
  UND_ERR_SOCKET: 'connection closed',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed; name its authority in CONSUL_CACERT',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is not trusted; name its authority in CONSUL_CACERT',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is not trusted; name its authority in CONSUL_CACERT',
};

function reason(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reason(error.errors[0]);
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  return (code === undefined ? undefined : REASONS[code]) ?? error.message;
}
