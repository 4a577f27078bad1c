import { isDiscoveryError } from '../model/index.js';

/**
 * Reasons of failed checks as readers of Consul's output know them: Go's words for the same system errors. Clients
 * match on the status, never on these texts.
 */
const SYSTEM_TEXTS = new Map([
  ['ECONNREFUSED', 'connect: connection refused'],
  ['ECONNRESET', 'read: connection reset by peer'],
  ['EPIPE', 'write: broken pipe'],
  ['EHOSTUNREACH', 'connect: no route to host'],
  ['ENETUNREACH', 'connect: network is unreachable'],
  ['EADDRNOTAVAIL', 'connect: cannot assign requested address'],
  ['ETIMEDOUT', 'i/o timeout'],
  ['EMFILE', 'socket: too many open files'],
]);
const LOOKUP_TEXTS = new Map([
  ['ENOTFOUND', 'no such host'],
  ['EAI_AGAIN', 'server misbehaving'],
]);

/** Whether the run was ended by its deadline, rather than by the removal of the check. */
export function timedOut(signal: AbortSignal): boolean {
  if (!signal.aborted) return false;
  return isDiscoveryError(signal.reason, 'TIMEOUT') || (signal.reason as Error | undefined)?.name === 'TimeoutError';
}

/** `dial tcp 127.0.0.1:1: connect: connection refused`, `dial tcp: lookup x: no such host`. */
export function dialFailure(network: string, address: string, error: unknown, signal?: AbortSignal): string {
  if (signal?.aborted)
    return `dial ${network} ${address}: ${timedOut(signal) ? 'i/o timeout' : 'operation was canceled'}`;
  const cause = firstCause(error);
  const lookup = LOOKUP_TEXTS.get(cause.code);
  if (lookup !== undefined) return `dial ${network}: lookup ${cause.hostname ?? address}: ${lookup}`;
  const system = SYSTEM_TEXTS.get(cause.code);
  if (system === undefined) return `dial ${network} ${address}: ${cause.message}`;
  return `dial ${network} ${cause.dialled ?? address}: ${system}`;
}

/** The reason once a connection stood: what the other end did with it. */
export function exchangeFailure(error: unknown): string {
  const cause = firstCause(error);
  if (cause.message === 'socket hang up') return 'EOF';
  return SYSTEM_TEXTS.get(cause.code) ?? cause.message;
}

/** Whether a socket error happened while connecting. */
export function isDialError(error: unknown): boolean {
  const syscall = (firstCause(error).error as NodeJS.ErrnoException | undefined)?.syscall;
  return syscall === 'connect' || syscall === 'getaddrinfo' || isDiscoveryError(error, 'PERMISSION_DENIED');
}

interface Cause {
  readonly error: unknown;
  readonly code: string;
  readonly message: string;
  readonly hostname: string | undefined;
  readonly dialled: string | undefined;
}

/** Connecting to a name with several addresses fails with one error for each: the first speaks. */
function firstCause(thrown: unknown): Cause {
  const error = thrown instanceof AggregateError && thrown.errors.length > 0 ? (thrown.errors[0] as unknown) : thrown;
  const fields = (error ?? {}) as NodeJS.ErrnoException & { hostname?: string; address?: string; port?: number };
  const bracketed = fields.address?.includes(':') ? `[${fields.address}]` : fields.address;
  return {
    error,
    code: fields.code ?? '',
    message: error instanceof Error ? error.message : String(error),
    hostname: fields.hostname,
    dialled: bracketed !== undefined && fields.port !== undefined ? `${bracketed}:${fields.port}` : undefined,
  };
}
