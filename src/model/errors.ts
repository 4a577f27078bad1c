/** Every code an error of this package can carry. Codes are stable; messages are for people and may change. */
export type ErrorCode =
  // the caller's
  | 'INVALID_ARGUMENT'
  | 'NOT_FOUND'
  | 'CONFLICT'
  | 'UNAUTHENTICATED'
  | 'PERMISSION_DENIED'
  | 'TOO_LARGE'
  // the world's, worth a retry
  | 'UNAVAILABLE'
  | 'TIMEOUT'
  | 'NOT_READY'
  | 'NO_ENDPOINTS'
  | 'RATE_LIMITED'
  // ended
  | 'ABORTED'
  | 'CLOSED'
  // not in this version
  | 'UNSUPPORTED'
  // ours
  | 'CORRUPT'
  | 'INTERNAL';

/** One broken rule of a refused input: which field, and what it must be. */
export interface Violation {
  readonly field: string;
  readonly rule: string;
}

export interface ErrorDetails {
  /** Every failing field and rule, when an input was refused. */
  readonly violations?: readonly Violation[];
  /** What the user can do about it. Shown by the CLI below the message. */
  readonly hint?: string;
  readonly [key: string]: unknown;
}

/**
 * The one error of this package. Test `code`, not the class: an error may cross copies of the package.
 * `message` says what and where in one line; for errors that Consul's clients match on, it is Consul's text.
 */
export class ServiceDiscoveryError extends Error {
  override readonly name = 'ServiceDiscoveryError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    options: { cause?: unknown; details?: ErrorDetails } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    if (options.details) this.details = options.details;
  }

  readonly details: ErrorDetails = {};
}

/** Whether something thrown is ours and, when a code is given, carries it. */
export function isDiscoveryError(error: unknown, code?: ErrorCode): error is ServiceDiscoveryError {
  if (!(error instanceof Error) || error.name !== 'ServiceDiscoveryError') return false;
  return code === undefined || (error as ServiceDiscoveryError).code === code;
}

/** Whatever was thrown, as ours: a bug, or the code of a user's own seam. `what` says what failed. */
export function asDiscoveryError(thrown: unknown, what?: string): ServiceDiscoveryError {
  if (isDiscoveryError(thrown)) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new ServiceDiscoveryError('INTERNAL', what === undefined ? message : `${what} failed: ${message}`, {
    cause: thrown,
  });
}

export function invalid(message: string, violations?: readonly Violation[]): ServiceDiscoveryError {
  return new ServiceDiscoveryError('INVALID_ARGUMENT', message, violations ? { details: { violations } } : {});
}

export function notFound(message: string): ServiceDiscoveryError {
  return new ServiceDiscoveryError('NOT_FOUND', message);
}
