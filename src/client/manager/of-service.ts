import { asDiscoveryError, ServiceDiscoveryError } from '../../model/index.js';
import type { WatchCallback } from '../discovery.js';
import type { SetCallback } from '../watch/shared-watches.js';

/** What the callback throws says whose it was: it is told among everything else that fails in the background. */
export function namingItself(name: string, callback: WatchCallback): SetCallback {
  return async (set) => {
    try {
      await callback(set.endpoints, set);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new ServiceDiscoveryError('INTERNAL', `the callback of the watch of ${name} threw: ${message}`, {
        cause: error,
        details: { service: name },
      });
    }
  };
}

/** What fails in the background is told in one place: the message has to say of which service. */
export function ofService(service: string, error: unknown): ServiceDiscoveryError {
  const failure = asDiscoveryError(error);
  if (failure.details['service'] !== undefined) return failure;
  return new ServiceDiscoveryError(failure.code, `the watch of ${service}: ${failure.message}`, {
    cause: error,
    details: { ...failure.details, service },
  });
}
