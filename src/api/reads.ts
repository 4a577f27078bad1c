import type { Answer, CatalogView } from '../model/index.js';
import type { Headers, Reply } from './core/reply.js';
import type { ApiRequest } from './core/request.js';
import { readOptions } from './read-options.js';
import type { ReadOptions } from './read-options.js';
import type { ReadSource } from './sources.js';

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

/** The answer as it is now. May be called again after a change, and of another catalog. */
type Read<T> = (catalog: CatalogView, options: ReadOptions) => Answer<T>;
/** Makes the response from the last answer, with the headers to add. */
type MakeReply<T> = (value: T, headers: Headers, options: ReadOptions, source: ReadSource) => Reply;

/** A read of the catalog of the datacenter that is asked for: options, blocking, headers. */
export function blockingRead<T>(
  request: ApiRequest,
  kind: ReadKind,
  read: Read<T>,
  reply: MakeReply<T>,
): Reply | Promise<Reply> {
  const options = readOptions(request);
  return readFrom(request, request.source(), kind, options, read, reply);
}

/**
 * A read of what only the home of the datacenter decides (docs/sync.md): keys, sessions, queries, events, configuration.
 * Elsewhere than at the home it is answered from a copy, after the home was asked how new that has to be.
 */
export function homeRead<T>(
  request: ApiRequest,
  kind: ReadKind,
  read: Read<T>,
  reply: MakeReply<T>,
): Reply | Promise<Reply> {
  const options = readOptions(request);
  // The state of a datacenter is given to no other.
  request.requireLocalDatacenter();
  return readFrom(request, homeSource(request, options), kind, options, read, reply);
}

type Consistency = Pick<ReadOptions, 'consistency' | 'maxStaleMs'>;

/** For reads of the home's state that do not block, or block in their own way. Once it is as new as it is to be. */
export function withHome(
  request: ApiRequest,
  consistency: Consistency,
  answer: (source: ReadSource, catalog: CatalogView) => Reply | Promise<Reply>,
): Reply | Promise<Reply> {
  const source = homeSource(request, consistency);
  const confirming = source.confirm?.();
  if (!confirming) return answer(source, source.catalog());
  return confirming.then(() => answer(source, source.catalog()));
}

function homeSource({ api }: ApiRequest, consistency: Consistency): ReadSource {
  const { home, freshHome } = api.sources;
  return isNewEnough(home, consistency) ? home : freshHome;
}

/** Consul asks the leader again when a result is older than `max_stale`. */
function isNewEnough(source: ReadSource, { consistency, maxStaleMs }: Consistency): boolean {
  return consistency === 'stale' && (maxStaleMs === 0 || source.contact().lastContactMs <= maxStaleMs);
}

function readFrom<T>(
  request: ApiRequest,
  source: ReadSource,
  kind: ReadKind,
  options: ReadOptions,
  read: Read<T>,
  reply: MakeReply<T>,
): Reply | Promise<Reply> {
  return request.api.blocking.read(
    request.message.socket,
    source,
    options,
    (catalog) => read(catalog, options),
    (answer) => reply(answer.value, readHeaders(request, source, kind, options, answer.index), options, source),
  );
}

export function readHeaders(
  request: ApiRequest,
  source: ReadSource,
  kind: ReadKind,
  options: ReadOptions,
  index: number,
): Headers {
  const { known, lastContactMs } = source.contact();
  const headers = [
    'X-Consul-Index',
    String(Math.max(1, index)),
    'X-Consul-Knownleader',
    known ? 'true' : 'false',
    'X-Consul-Lastcontact',
    known && lastContactMs === 0 ? '0' : String(Math.ceil(lastContactMs)),
    'X-Consul-Query-Backend',
    kind.streams && (options.cached || options.minIndex > 0) ? 'streaming' : 'blocking-query',
    'X-Discovery-Index-Space',
    source.indexSpace(),
  ];
  if (kind.showsConsistency) headers.push('X-Consul-Effective-Consistency', options.consistency);
  if ((options.cached || kind.alwaysCached) && kind.cacheName !== undefined) {
    const status = request.api.seen.status(`${kind.cacheName}/${request.param}`);
    headers.push('X-Cache', status);
    if (status === 'HIT') headers.push('Age', '0');
  }
  return headers;
}
