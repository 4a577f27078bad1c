import { ServiceDiscoveryError, type CallOptions } from '../model/index.js';
import type { DiscoverOptions, PickOptions } from './discovery.js';
import { broken } from './query.js';

type Given = CallOptions & Partial<Pick<DiscoverOptions, 'useCache'> & PickOptions>;

/** Options of a call that are not part of its query. Throws INVALID_ARGUMENT naming the one that breaks its rule. */
export function checkCall({ signal, timeoutMs, useCache, policy, key, exclude }: Given): void {
  if (signal !== undefined && !isSignal(signal)) throw broken('signal', 'must be an AbortSignal');
  if (timeoutMs !== undefined && !isSpan(timeoutMs)) throw broken('timeoutMs', 'must be milliseconds above 0');
  if (useCache !== undefined && typeof useCache !== 'boolean') throw broken('useCache', 'must be true or false');
  if (policy !== undefined && typeof policy !== 'string') throw broken('policy', 'must be the name of a policy');
  if (key !== undefined && typeof key !== 'string') throw broken('key', 'must be a text');
  if (exclude !== undefined && !isSet(exclude)) throw broken('exclude', 'must be a Set of endpoint keys');
}

/** The caller has given up already: ABORTED, even where an answer could be had without waiting. */
export function refuseAborted(signal: AbortSignal | undefined, what: string): void {
  if (signal?.aborted) throw new ServiceDiscoveryError('ABORTED', `${what} was aborted`, { cause: signal.reason });
}

/** Those of other realms and of polyfills too. */
function isSignal(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return 'aborted' in value && typeof (value as AbortSignal).addEventListener === 'function';
}

function isSpan(value: unknown): boolean {
  return typeof value === 'number' && value > 0 && value < Infinity;
}

function isSet(value: unknown): boolean {
  return typeof (value as ReadonlySet<unknown> | null)?.has === 'function';
}
