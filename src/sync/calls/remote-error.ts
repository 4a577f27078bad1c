import { z } from 'zod';
import { asDiscoveryError, ServiceDiscoveryError, type ErrorCode } from '../../model/index.js';

/**
 * Errors of commands executed on another agent arrive as what they are there: code, message and details. What an agent
 * says must be taken for nothing more than text, so a code that we do not know is INTERNAL.
 */
const CODES: Readonly<Record<ErrorCode, true>> = {
  INVALID_ARGUMENT: true,
  NOT_FOUND: true,
  CONFLICT: true,
  UNAUTHENTICATED: true,
  PERMISSION_DENIED: true,
  TOO_LARGE: true,
  UNAVAILABLE: true,
  TIMEOUT: true,
  NOT_READY: true,
  NO_ENDPOINTS: true,
  RATE_LIMITED: true,
  ABORTED: true,
  CLOSED: true,
  UNSUPPORTED: true,
  CORRUPT: true,
  INTERNAL: true,
};

const saidError = z.object({ code: z.string(), message: z.string(), details: z.record(z.string(), z.unknown()) });

/** As it travels in an answer. Of details only what is data. */
export function sayError(thrown: unknown): object {
  const { code, message, details } = asDiscoveryError(thrown);
  const data = Object.entries(details).filter(([, value]) => isData(value));
  return { code, message, details: Object.fromEntries(data) };
}

export function readError(value: unknown): ServiceDiscoveryError {
  const parsed = saidError.safeParse(value);
  if (!parsed.success) return new ServiceDiscoveryError('INTERNAL', 'another agent failed and did not say how');
  const { code, message, details } = parsed.data;
  const known = Object.hasOwn(CODES, code) ? (code as ErrorCode) : 'INTERNAL';
  return new ServiceDiscoveryError(known, message, { details });
}

function isData(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isData);
  if (typeof value === 'object' && value !== null) {
    const prototype: unknown = Object.getPrototypeOf(value);
    return (prototype === Object.prototype || prototype === null) && Object.values(value).every(isData);
  }
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}
