import semver from 'semver';
import { limits } from '../../model/index.js';

/**
 * How a text of an instance compares with a bound: by number when the bound is one, by semantic version when it is one,
 * else by code units. What is not a number, or not a version, does not compare: undefined.
 */
export type Order = (actual: string) => number | undefined;

export function orderTo(bound: string | number): Order {
  return typeof bound === 'number' ? (actual) => numberOrder(actual, bound) : (actual) => textOrder(actual, bound);
}

/** Undefined when `text` is no version. */
export function orderToVersion(text: string): Order | undefined {
  const bound = parseVersion(text);
  return bound && ((actual) => parseVersion(actual)?.compare(bound));
}

/** Whether a version is in the range; undefined when `text` is no range. Pre-releases count as what they are. */
export function versionRange(text: string): ((actual: string) => boolean) | undefined {
  const range = parseRange(text);
  if (!range) return undefined;
  return (actual) => {
    const version = parseVersion(actual);
    return version !== undefined && range.test(version);
  };
}

/** The number a text stands for. */
function parseNumber(text: string): number | undefined {
  if (text.trim() === '') return undefined;
  const parsed = Number(text);
  return Number.isNaN(parsed) ? undefined : parsed;
}

function numberOrder(actual: string, bound: number): number | undefined {
  const found = parseNumber(actual);
  return found === undefined ? undefined : found - bound;
}

function textOrder(actual: string, bound: string): number {
  if (actual === bound) return 0;
  return actual < bound ? -1 : 1;
}

function parseVersion(text: string): semver.SemVer | undefined {
  return semver.parse(text, { loose: true }) ?? undefined;
}

function parseRange(text: string): semver.Range | undefined {
  if (text.length > limits.semverRangeChars) return undefined;
  try {
    return new semver.Range(text, { loose: true, includePrerelease: true });
  } catch {
    return undefined;
  }
}
