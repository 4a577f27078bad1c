import type { Dispatcher } from 'undici';

/** RFC 9110 section 9.2.2, but for TRACE, which undici's fetch forbids anyway. */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);

/** undici's own option says otherwise where it is given. */
export function isIdempotent({ method, idempotent, upgrade }: Dispatcher.DispatchOptions): boolean {
  if (upgrade !== undefined && upgrade !== null && upgrade !== false) return false;
  return idempotent ?? IDEMPOTENT.has(method);
}

/**
 * Whether a body is read anew for every attempt: texts, bytes, blobs and forms are; streams and iterables, which is what
 * `fetch` makes of every body, can be read only once.
 */
export function canBeSentAgain(body: unknown): boolean {
  if (body === undefined || body === null || typeof body === 'string') return true;
  return ArrayBuffer.isView(body) || body instanceof ArrayBuffer || body instanceof Blob || body instanceof FormData;
}
