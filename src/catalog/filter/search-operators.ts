import semver from 'semver';
import { goQuote, limits } from '../../model/index.js';
import type { Match, Operator } from './expression.js';
import { filterError } from './filter-error.js';
import type { Shape } from './shape.js';

/**
 * What the search dialect adds. `<` and its kin compare by number when the value is written as a number, by semantic
 * version when it is `semver("1.2.0")`, else by code units. `==` and `!=` with `semver("^1.2 || 3.x")` ask whether the
 * version is in the range. What is not a number, or not a version, is in no range and compares false.
 */
type Test = (value: unknown) => boolean;

const HOLDS: Readonly<Partial<Record<Operator, (order: number) => boolean>>> = {
  'Less Than': (order) => order < 0,
  'Less Than Or Equal': (order) => order <= 0,
  'Greater Than': (order) => order > 0,
  'Greater Than Or Equal': (order) => order >= 0,
};

export const search = { comparison, semver: versionTest };

function comparison({ operator, value }: Match, shape: Shape): Test | undefined {
  const holds = HOLDS[operator];
  if (!holds || (shape.type !== 'string' && shape.type !== 'number')) return undefined;
  if (value.form === 'number') {
    const wanted = Number(value.text);
    return (actual) => {
      const found = toNumber(actual);
      return found !== undefined && holds(found - wanted);
    };
  }
  if (shape.type === 'number') throw filterError(`${goQuote(value.text)} is not a number to compare with`);
  return (actual) => typeof actual === 'string' && holds(compareText(actual, value.text));
}

function versionTest({ operator, value }: Match, shape: Shape): Test | undefined {
  if (shape.type !== 'string') return undefined;
  const holds = HOLDS[operator];
  if (holds) {
    const wanted = semver.parse(value.text, { loose: true });
    if (!wanted) throw filterError(`${goQuote(value.text)} is not a semantic version`);
    return (actual) => {
      const found = toVersion(actual);
      return found !== undefined && holds(found.compare(wanted));
    };
  }
  const negated = operator === 'Not Equal';
  return operator === 'Equal' || negated ? inRange(rangeOf(value.text), negated) : undefined;
}

function inRange(range: semver.Range, negated: boolean): Test {
  return (actual) => {
    const version = toVersion(actual);
    return (version !== undefined && range.test(version)) !== negated;
  };
}

function rangeOf(text: string): semver.Range {
  try {
    if (text.length > limits.semverRangeChars) throw new RangeError('too long');
    return new semver.Range(text, { loose: true, includePrerelease: true });
  } catch {
    throw filterError(`${goQuote(text)} is not a range of semantic versions`);
  }
}

function toVersion(actual: unknown): semver.SemVer | undefined {
  return typeof actual === 'string' ? (semver.parse(actual, { loose: true }) ?? undefined) : undefined;
}

function toNumber(actual: unknown): number | undefined {
  if (typeof actual === 'number') return actual;
  if (typeof actual !== 'string' || actual.trim() === '') return undefined;
  const parsed = Number(actual);
  return Number.isNaN(parsed) ? undefined : parsed;
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
