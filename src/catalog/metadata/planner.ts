import type { InstanceView } from '../../model/index.js';
import type { InstanceIndex } from './instance-index.js';
import type { Predicate } from './predicate.js';

/** Instances among which all answers are, and which index says so. */
export interface Candidates {
  /** Names of the fields whose indexes were used, in the order of the query. */
  readonly indexes: readonly string[];
  /** Their union; an instance may be in several. */
  readonly sets: readonly ReadonlySet<InstanceView>[];
  /** At most: an instance in several sets counts for each. */
  readonly count: number;
}

/**
 * The most selective index: of the parts of an `and` the one with the fewest candidates, for an `or` all of its parts,
 * if each has an index. Undefined when only looking at every instance will do, as for `not`.
 */
export function plan(predicate: Predicate, index: InstanceIndex): Candidates | undefined {
  switch (predicate.kind) {
    case 'leaf': {
      if (!predicate.lookup) return undefined;
      const { field, values } = predicate.lookup;
      return candidates([field.name], index.indexOf(field).find(values));
    }
    case 'and':
      return fewest(predicate.of.map((part) => plan(part, index)));
    case 'or':
      return union(predicate.of.map((part) => plan(part, index)));
    default:
      return undefined;
  }
}

function fewest(parts: readonly (Candidates | undefined)[]): Candidates | undefined {
  let best: Candidates | undefined;
  for (const part of parts) if (part && (!best || part.count < best.count)) best = part;
  return best;
}

function union(parts: readonly (Candidates | undefined)[]): Candidates | undefined {
  const known = parts.filter((part) => part !== undefined);
  if (known.length < parts.length) return undefined;
  const names = new Set(known.flatMap(({ indexes }) => indexes));
  return candidates(
    [...names],
    known.flatMap(({ sets }) => sets),
  );
}

function candidates(indexes: readonly string[], sets: readonly ReadonlySet<InstanceView>[]): Candidates {
  return { indexes, sets, count: sets.reduce((sum, set) => sum + set.size, 0) };
}
