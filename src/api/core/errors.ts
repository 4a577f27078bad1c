import { isDiscoveryError, ServiceDiscoveryError } from '../../model/index.js';
import type { ErrorCode } from '../../model/index.js';

/**
 * The one table from error codes to HTTP statuses (docs/contract.md section 1.2). INVALID_ARGUMENT is 400 where the
 * handler itself judges and 500 where Consul's servers do, so each route says which; `details.status` wins over both.
 */
const STATUS: Readonly<Record<Exclude<ErrorCode, 'INVALID_ARGUMENT' | 'CONFLICT'>, number>> = {
  NOT_FOUND: 404,
  UNAUTHENTICATED: 403,
  PERMISSION_DENIED: 403,
  TOO_LARGE: 413,
  // What Consul answers when it has no leader or its log failed; clients retry on it.
  UNAVAILABLE: 500,
  NOT_READY: 500,
  TIMEOUT: 500,
  NO_ENDPOINTS: 500,
  RATE_LIMITED: 429,
  ABORTED: 500,
  CLOSED: 503,
  UNSUPPORTED: 501,
  CORRUPT: 500,
  INTERNAL: 500,
};

/** How a route answers what its command finds wrong. */
export type InvalidStatus = 400 | 500;

export function statusOf(error: ServiceDiscoveryError, invalid: InvalidStatus): number {
  const own = error.details['status'];
  if (typeof own === 'number' && own >= 400 && own <= 599) return own;
  if (error.code === 'INVALID_ARGUMENT' || error.code === 'CONFLICT') return invalid;
  return STATUS[error.code] ?? 500;
}

/** A refusal whose status the contract fixes. */
export function refusal(status: number, message: string, code: ErrorCode = 'INVALID_ARGUMENT'): ServiceDiscoveryError {
  return new ServiceDiscoveryError(code, message, { details: { status } });
}

export function badRequest(message: string): ServiceDiscoveryError {
  return refusal(400, message);
}

/** The same error answered with another status. */
export function withStatus(error: unknown, status: number): unknown {
  if (!isDiscoveryError(error)) return error;
  return new ServiceDiscoveryError(error.code, error.message, {
    cause: error,
    details: { ...error.details, status },
  });
}
