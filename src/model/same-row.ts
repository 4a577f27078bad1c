import type { Row } from './rows.js';

/**
 * Whether two rows say the same, whatever their indexes, and whoever says it when: then writing one over the other would
 * be no change. Sync compares more.
 */
export function sameRow<R extends Row>(a: R, b: R | undefined): boolean {
  if (a === b) return true;
  if (!b || a.kind !== b.kind) return false;
  return sameFields(a, b, ASIDE);
}

const ASIDE: ReadonlySet<string> = new Set(['createIndex', 'modifyIndex', 'origin', 'hlc']);
const NONE: ReadonlySet<string> = new Set();

function sameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) return Array.isArray(a) && Array.isArray(b) && sameList(a, b);
  return sameFields(a, b, NONE);
}

function sameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, at) => sameValue(item, b[at]));
}

/** A field that is undefined and one that is absent are the same: the store keeps neither. */
function sameFields(a: object, b: object, ignored: ReadonlySet<string>): boolean {
  for (const key of Object.keys(a)) {
    if (!ignored.has(key) && !sameValue(own(a, key), own(b, key))) return false;
  }
  return Object.keys(b).every((key) => Object.hasOwn(a, key) || ignored.has(key) || own(b, key) === undefined);
}

function own(object: object, key: string): unknown {
  return Object.hasOwn(object, key) ? (object as Record<string, unknown>)[key] : undefined;
}
