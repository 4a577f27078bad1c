import type { Answer } from '../model/index.js';
import type { Headers, Reply } from './core/reply.js';
import type { ApiRequest } from './core/request.js';
import { readOptions } from './read-options.js';
import type { ReadOptions } from './read-options.js';

/** Which headers a kind of read carries (docs/contract.md section 1.3). */
export interface ReadKind {
  /** Names the consistency asked for: catalog, health and query; not KV and sessions. */
  readonly showsConsistency: boolean;
  /** Takes `?cached`: the name under which X-Cache remembers it. */
  readonly cacheName?: string;
  /** Says so without being asked, as agent/connect/… does. */
  readonly alwaysCached?: boolean;
  /** Says `streaming` when it blocks or is cached, as Consul's health/service does. */
  readonly streams?: boolean;
}

export const catalogRead: ReadKind = { showsConsistency: true };
export const stateRead: ReadKind = { showsConsistency: false };

/**
 * A read of the catalog: options, blocking, headers. `read` gives the answer as it is now and may be called again
 * after a change; `reply` makes the response from the last one, with the headers to add.
 */
export function blockingRead<T>(
  request: ApiRequest,
  kind: ReadKind,
  read: (options: ReadOptions) => Answer<T>,
  reply: (value: T, headers: Headers, options: ReadOptions) => Reply,
): Reply | Promise<Reply> {
  const options = readOptions(request);
  return request.api.blocking.read(
    request.message.socket,
    options,
    () => read(options),
    (answer) => reply(answer.value, readHeaders(request, kind, options, answer.index), options),
  );
}

export function readHeaders(request: ApiRequest, kind: ReadKind, options: ReadOptions, index: number): Headers {
  const headers = [
    'X-Consul-Index',
    String(Math.max(1, index)),
    'X-Consul-Knownleader',
    'true',
    'X-Consul-Lastcontact',
    '0',
    'X-Consul-Query-Backend',
    kind.streams && (options.cached || options.minIndex > 0) ? 'streaming' : 'blocking-query',
    'X-Discovery-Index-Space',
    request.api.agent.indexSpace(),
  ];
  if (kind.showsConsistency) headers.push('X-Consul-Effective-Consistency', options.consistency);
  if ((options.cached || kind.alwaysCached) && kind.cacheName !== undefined) {
    const status = request.api.seen.status(`${kind.cacheName}/${request.param}`);
    headers.push('X-Cache', status);
    if (status === 'HIT') headers.push('Age', '0');
  }
  return headers;
}
