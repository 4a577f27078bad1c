import { defaults, goQuote, parseDuration } from '../model/index.js';
import { badRequest } from './core/errors.js';
import { parseUint } from './core/query.js';
import type { Query } from './core/query.js';
import type { ApiRequest } from './core/request.js';

/**
 * How a read wants to be answered: consistency, caching, blocking (docs/contract.md sections 1.5, 1.6), and what it
 * selects (1.7, 1.8).
 */
export interface ReadOptions {
  readonly consistency: 'leader' | 'stale' | 'consistent';
  /** With 'stale': the oldest that will do; 0 = any. */
  readonly maxStaleMs: number;
  readonly cached: boolean;
  /** 0 = answer at once. As number: an index beyond 2^53 only ever waits. */
  readonly minIndex: number;
  /** How long a blocking read may wait, without the jitter. */
  readonly waitMs: number;
  readonly filter: string;
  readonly near: string;
  readonly tags: readonly string[];
  readonly nodeMeta: readonly (readonly [string, string])[];
  /** Tags, node metadata and filter as one string: the same for reads that select the same. */
  readonly selection: string;
}

/** Throws the contract's 400s and 500s, in the order Consul finds them. */
export function readOptions(request: ApiRequest): ReadOptions {
  request.refuseNamespaces();
  if (!request.query.isEmpty && request.query.has('cached')) checkCacheControl(request.header('cache-control'));
  return (request.target.read ??= parseOptions(request.query)) as ReadOptions;
}

const PLAIN: ReadOptions = {
  consistency: 'leader',
  maxStaleMs: 0,
  cached: false,
  minIndex: 0,
  waitMs: defaults.blockingWaitMs,
  filter: '',
  near: '',
  tags: [],
  nodeMeta: [],
  selection: '',
};

function parseOptions(query: Query): ReadOptions {
  if (query.isEmpty) return PLAIN;
  const [filter, tags, nodeMeta] = [query.get('filter'), query.all('tag'), query.all('node-meta').map(keyValue)];
  const selects = filter !== '' || tags.length > 0 || nodeMeta.length > 0;
  return {
    ...consistencyOf(query),
    cached: query.has('cached'),
    ...parseWait(query),
    filter,
    near: query.get('near'),
    tags,
    nodeMeta,
    selection: selects ? JSON.stringify([tags, nodeMeta, filter]) : '',
  };
}

/** `wait` and `index`. Also for event/list, which takes nothing else. */
export function parseWait(query: Query): { minIndex: number; waitMs: number } {
  const wait = query.get('wait');
  const asked = wait === '' ? 0 : parseDuration(wait);
  if (asked === undefined) throw badRequest('Invalid wait time');
  const index = query.get('index');
  const minIndex = index === '' ? 0n : parseUint(index);
  if (minIndex === undefined) throw badRequest('Invalid index');
  return { minIndex: Number(minIndex), waitMs: waitOf(asked) };
}

function waitOf(askedMs: number): number {
  if (askedMs === 0) return defaults.blockingWaitMs;
  return Math.max(0, Math.min(askedMs, defaults.maxBlockingWaitMs));
}

/** Also for reads that take nothing else. */
export function consistencyOf(query: Query): Pick<ReadOptions, 'consistency' | 'maxStaleMs'> {
  const consistent = query.has('consistent');
  const maxStale = query.get('max_stale');
  const age = maxStale === '' ? 0 : parseDuration(maxStale);
  if (age === undefined) throw badRequest(`Invalid max_stale value ${goQuote(maxStale)}`);
  const stale = query.has('stale') || age > 0;
  if (stale && consistent) throw badRequest('Cannot specify ?stale with ?consistent, conflicting semantics.');
  if (query.has('cached') && consistent) {
    throw badRequest('Cannot specify ?cached with ?consistent, conflicting semantics.');
  }
  if (consistent) return { consistency: 'consistent', maxStaleMs: 0 };
  return { consistency: stale ? 'stale' : 'leader', maxStaleMs: Math.max(0, age) };
}

function checkCacheControl(header: string): void {
  for (const part of header.split(',')) {
    const [name = '', value = ''] = part.trim().split('=');
    const takesNumber = name === 'max-age' || name === 'stale-if-error';
    if (takesNumber && !/^\d+$/.test(value)) throw badRequest('Invalid Cache-Control header.');
  }
}

function keyValue(text: string): readonly [string, string] {
  const colon = text.indexOf(':');
  return colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)];
}
