import { invalid, nearestKey, parseDuration, type ServiceQuery } from '../model/index.js';
import type { QueryOptions } from './discovery.js';

const QUERY_KEYS = ['tags', 'filter', 'datacenter', 'near', 'onlyPassing', 'consistency'] as const;
const CONSISTENCIES: readonly unknown[] = ['default', 'stale', 'consistent'];

/**
 * The query that a name and options ask for. Throws INVALID_ARGUMENT naming the option and its rule. `others` are the
 * options of the call that are not part of the query; any further one is a mistake.
 */
export function queryOf(service: string, options: QueryOptions, others: readonly string[]): ServiceQuery {
  if (typeof service !== 'string' || service === '') throw broken('name', 'must be the name of a service');
  if (typeof options !== 'object' || options === null) throw broken('options', 'must be an object');
  refuseUnknown(options, [...QUERY_KEYS, ...others]);
  const { tags, filter, datacenter, near, onlyPassing = true, consistency } = options;
  if (tags !== undefined && !(Array.isArray(tags) && tags.every(isText)))
    throw broken('tags', 'must be a list of texts');
  if (filter !== undefined && !isText(filter)) throw broken('filter', 'must be a filter expression');
  if (datacenter !== undefined && !isText(datacenter)) throw broken('datacenter', 'must be the name of a datacenter');
  if (near !== undefined && !isText(near)) throw broken('near', 'must be the name of a node, or _agent');
  if (typeof onlyPassing !== 'boolean') throw broken('onlyPassing', 'must be true or false');
  if (consistency !== undefined && !CONSISTENCIES.includes(consistency)) {
    throw broken('consistency', 'must be default, stale or consistent');
  }
  return {
    service,
    onlyPassing,
    ...(datacenter === undefined ? {} : { datacenter }),
    ...(tags === undefined || tags.length === 0 ? {} : { tags: [...new Set(tags)].toSorted() }),
    ...(filter === undefined ? {} : { filter }),
    ...(near === undefined ? {} : { near }),
    ...(consistency === undefined || consistency === 'default' ? {} : { consistency }),
  };
}

/** Equal for equal queries. Readable, since it names cache entries. Services and tags compare without regard to case. */
export function queryKey(query: ServiceQuery): string {
  const name = encodeURIComponent(query.service.toLowerCase());
  const { tags, filter, datacenter, near, onlyPassing, consistency } = query;
  if (onlyPassing && !tags && !filter && !datacenter && !near && !consistency) return name;
  const params = new URLSearchParams();
  if (datacenter !== undefined) params.set('dc', datacenter);
  for (const tag of tags ?? []) params.append('tag', tag.toLowerCase());
  if (filter !== undefined) params.set('filter', filter);
  if (near !== undefined) params.set('near', near);
  if (!onlyPassing) params.set('all', '');
  if (consistency !== undefined) params.set('consistency', consistency);
  return `${name}?${params.toString()}`;
}

/**
 * A span of time: a number of seconds, or a Go duration such as `1m30s`. Milliseconds; undefined when not given. Throws INVALID_ARGUMENT naming the option.
 */
export function spanMs(option: string, value: number | string | undefined, mostMs = Infinity): number | undefined {
  if (value === undefined) return undefined;
  const ms = typeof value === 'number' ? value * 1000 : typeof value === 'string' ? parseDuration(value) : undefined;
  if (ms === undefined || !Number.isFinite(ms) || ms <= 0) {
    throw broken(option, 'must be seconds above 0, or a duration such as "30s"');
  }
  if (ms > mostMs) throw broken(option, `must be at most ${mostMs / 60_000} minutes`);
  return ms;
}

export function broken(field: string, rule: string): Error {
  return invalid(`${field} ${rule}`, [{ field, rule }]);
}

/** Throws INVALID_ARGUMENT naming the first option that is none of the known ones, and the nearest of them. */
export function refuseUnknown(options: object, known: readonly string[]): void {
  const unknown = Object.keys(options).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  const near = nearestKey(unknown, known);
  throw broken(unknown, `is not an option${near === undefined ? '' : `; did you mean ${near}?`}`);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
