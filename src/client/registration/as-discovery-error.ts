import { isDiscoveryError, ServiceDiscoveryError } from '../../model/index.js';

/** Whatever was thrown, as ours: a target may be a user's own. */
export function asDiscoveryError(error: unknown, what: string): ServiceDiscoveryError {
  if (isDiscoveryError(error)) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new ServiceDiscoveryError('INTERNAL', `${what} failed: ${message}`, { cause: error });
}

/** Whether a write that failed so may have taken effect all the same: we gave up, or nobody knows. */
export function mayHaveHappened({ code }: ServiceDiscoveryError): boolean {
  return AMBIGUOUS.has(code);
}

const AMBIGUOUS: ReadonlySet<string> = new Set(['UNAVAILABLE', 'TIMEOUT', 'ABORTED', 'CLOSED', 'INTERNAL']);
