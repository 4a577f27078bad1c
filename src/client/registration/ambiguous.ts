import type { ServiceDiscoveryError } from '../../model/index.js';

/** Whether a write that failed so may have taken effect all the same: we gave up, or nobody knows. */
export function mayHaveHappened({ code }: ServiceDiscoveryError): boolean {
  return AMBIGUOUS.has(code);
}

const AMBIGUOUS: ReadonlySet<string> = new Set(['UNAVAILABLE', 'TIMEOUT', 'ABORTED', 'CLOSED', 'INTERNAL']);
