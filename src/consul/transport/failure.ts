import { ServiceDiscoveryError, type ErrorCode } from '../../model/index.js';

/**
 * An exchange that brought no answer, and what that says of trying elsewhere:
 * `unsent`: the agent cannot have seen the request; `broken`: it may have; `slow`: this attempt's share of the time is
 * over; `down`: the address was found dead meanwhile; `serverless`: the agent is there, and could not ask its servers. The
 * rest are ends: `late` the whole call's time, `aborted` the
 * caller's signal, `invalid` a call that cannot be made, `refused` an answer that is no use anywhere else.
 */
export type FailureKind =
  | 'unsent'
  | 'broken'
  | 'slow'
  | 'down'
  | 'serverless'
  | 'late'
  | 'aborted'
  | 'invalid'
  | 'refused';

export type Ended = Extract<FailureKind, 'slow' | 'late' | 'down' | 'serverless' | 'aborted'>;

export class ExchangeFailure extends Error {
  constructor(
    readonly kind: FailureKind,
    readonly error: ServiceDiscoveryError,
  ) {
    super(error.message);
  }
}

/** A failure of the way to the agent. */
export function unreachable(address: string, cause: unknown): ExchangeFailure {
  const first = firstOf(cause);
  const error = new ServiceDiscoveryError(
    'UNAVAILABLE',
    `cannot reach an agent at ${address}: ${reason(first)}`,
    // The hint of who is not there; a certificate that is not trusted says what to do itself.
    { cause, details: { address, ...(isTrust(first) ? { untrusted: true } : {}) } },
  );
  return new ExchangeFailure(isBeforeSending(first) ? 'unsent' : 'broken', error);
}

export function ended(kind: Ended, address: string, timeoutMs: number, cause: unknown): ExchangeFailure {
  const [code, message] = ENDS[kind](address, timeoutMs);
  return new ExchangeFailure(kind, new ServiceDiscoveryError(code, message, { cause, details: { address } }));
}

const ENDS: Readonly<Record<Ended, (address: string, timeoutMs: number) => readonly [ErrorCode, string]>> = {
  slow: (address, timeoutMs) => ['TIMEOUT', `no answer from ${address} within ${timeoutMs / 1_000} s`],
  late: (address, timeoutMs) => ['TIMEOUT', `no answer from ${address} within ${timeoutMs / 1_000} s`],
  down: (address) => ['UNAVAILABLE', `the agent at ${address} does not answer any more`],
  serverless: (address) => ['NOT_READY', `the servers behind ${address} have no leader`],
  aborted: () => ['ABORTED', 'stopped by the caller'],
};

/** The last failure, with those before it; a refusal keeps the agent's own words. */
export function combined(failures: readonly ServiceDiscoveryError[]): ServiceDiscoveryError {
  const last = failures.at(-1) as ServiceDiscoveryError;
  if (failures.length === 1) return last;
  const isRefusal = last.details['httpStatus'] !== undefined;
  const messages = new Set(failures.map((failure) => failure.message));
  return new ServiceDiscoveryError(last.code, isRefusal ? last.message : [...messages].join('; '), {
    cause: new AggregateError(failures),
    details: last.details,
  });
}

function firstOf(error: unknown): unknown {
  return error instanceof AggregateError && error.errors.length > 0 ? firstOf(error.errors[0]) : error;
}

/** What failed was the making of a connection: by name, by TCP or by TLS. */
function isBeforeSending(error: unknown): boolean {
  const { code = '', syscall } = error as NodeJS.ErrnoException;
  return syscall === 'connect' || syscall === 'getaddrinfo' || code === 'UND_ERR_CONNECT_TIMEOUT' || isTrust(error);
}

/** The agent is there, but is not who it should be. */
function isTrust(error: unknown): boolean {
  return /CERT|SIGNATURE|ALTNAME/.test((error as NodeJS.ErrnoException).code ?? '');
}

const AUTHORITY = 'name its authority in CONSUL_CACERT';
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ENOENT: 'no such socket',
  EACCES: 'permission denied',
  ENOTFOUND: 'no such host',
  EHOSTUNREACH: 'no way to that host',
  ECONNRESET: 'connection closed',
  EPIPE: 'connection closed',
  UND_ERR_SOCKET: 'connection closed',
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
  DEPTH_ZERO_SELF_SIGNED_CERT: `its certificate is self-signed; ${AUTHORITY}`,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: `its certificate is not trusted; ${AUTHORITY}`,
  SELF_SIGNED_CERT_IN_CHAIN: `its certificate is not trusted; ${AUTHORITY}`,
};

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  return (code === undefined ? undefined : REASONS[code]) ?? error.message;
}
